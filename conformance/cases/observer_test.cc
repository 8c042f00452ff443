// SPDX-License-Identifier: Apache-2.0
#include "conformance/cases/observer.h"

#include <gtest/gtest.h>

namespace orrery::conformance {
namespace {

// A connection of a client that is subscribed to t/# at QoS 2, with receive maximum 2 and two topic aliases.
class Watch {
 public:
  explicit Watch(Version v = Version::k5, bool resumed = false) : observer_(v), version_(v) {
    Connect c;
    c.client_id = "id";
    c.clean = !resumed;
    observer_.sent(connect_packet(
        c, {number_property(PropertyId::kReceiveMaximum, 2), number_property(PropertyId::kTopicAliasMaximum, 2),
            number_property(PropertyId::kMaximumPacketSize, 100)}));
    Packet connack = plain_packet(Type::kConnack);
    connack.session_present = resumed;
    EXPECT_EQ(received(connack), "");
    if (resumed) return;
    observer_.sent(subscribe_packet(1, {{"t/#", 2}}));
    Packet suback = plain_packet(Type::kSuback);
    suback.id = 1;
    suback.codes = {2};
    EXPECT_EQ(received(suback), "");
  }
  void sent(const Packet& p) { observer_.sent(p); }
  /// The statements broken, blank between.
  std::string received(const Packet& p) {
    std::vector<Violation> out;
    observer_.received(p, out);
    std::string text;
    for (const Violation& v : out) text += (text.empty() ? "" : " ") + (version_ == Version::k5 ? v.v5 : v.v311);
    return text;
  }

 private:
  Observer observer_;
  Version version_;
};

Packet repeat(Packet p) {
  p.dup = true;
  return p;
}

TEST(Observer, ConnackComesFirstAndOnce) {
  Observer fresh(Version::k5);
  std::vector<Violation> out;
  fresh.received(plain_packet(Type::kPingresp), out);
  EXPECT_EQ(out.at(0).v5, "MQTT-3.2.0-1");
  Watch w;
  EXPECT_EQ(w.received(plain_packet(Type::kConnack)), "MQTT-3.2.0-2");
}

TEST(Observer, AuthKeepsTheMethodAndItsTurn) {
  const auto with = [](unsigned code, const char* method) {
    return auth_packet(code, {text_property(PropertyId::kAuthMethod, method)});
  };
  Observer o(Version::k5);
  const auto received = [&o](Packet p) {
    std::vector<Violation> out;
    o.received(p, out);
    return out.empty() ? std::string{} : out[0].v5;
  };
  o.sent(connect_packet({}, {text_property(PropertyId::kAuthMethod, "M")}));
  EXPECT_EQ(received(with(0x18, "M")), "");
  EXPECT_EQ(received(with(0x18, "m")), "MQTT-4.12.0-5");
  EXPECT_EQ(received(auth_packet(0x18)), "MQTT-4.12.0-5");
  EXPECT_EQ(received(with(0, "M")), "MQTT-4.12.0-2");
  Packet connack = plain_packet(Type::kConnack);
  connack.properties = {text_property(PropertyId::kAuthMethod, "M"),
                        text_property(PropertyId::kAssignedClientId, "given")};
  EXPECT_EQ(received(connack), "");
  EXPECT_EQ(received(with(0x18, "M")), "X-auth-unbegun");
  o.sent(with(0x19, "M"));
  EXPECT_EQ(received(with(0x18, "M")), "");
  EXPECT_EQ(received(with(0, "M")), "");
  EXPECT_EQ(received(with(0, "M")), "X-auth-unbegun");

  Watch plain;
  EXPECT_EQ(plain.received(with(0x18, "M")), "MQTT-4.12.0-6");
}

TEST(Observer, ConnackRepeatsTheMethod) {
  Observer o(Version::k5);
  o.sent(connect_packet({}, {text_property(PropertyId::kAuthMethod, "M")}));
  Packet connack = plain_packet(Type::kConnack);
  connack.properties = {text_property(PropertyId::kAssignedClientId, "given")};
  std::vector<Violation> out;
  o.received(connack, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].v5, "MQTT-4.12.0-5");
}

TEST(Observer, NothingFollowsDisconnect) {
  Watch w;
  EXPECT_EQ(w.received(disconnect_packet(0x8b)), "");
  EXPECT_EQ(w.received(publish_packet("t/x", "")), "MQTT-3.14.4-1");
}

TEST(Observer, IdentifiersInUseAndWindows) {
  Watch w;
  EXPECT_EQ(w.received(publish_packet("t/x", "", 1, 7)), "");
  EXPECT_EQ(w.received(publish_packet("t/x", "", 1, 7)), "MQTT-2.2.1-4");
  EXPECT_EQ(w.received(repeat(publish_packet("t/x", "", 1, 7))), "MQTT-4.4.0-1");
  EXPECT_EQ(w.received(publish_packet("t/x", "", 2, 8)), "");
  EXPECT_EQ(w.received(publish_packet("t/x", "", 1, 9)), "MQTT-3.3.4-9");
  w.sent(ack_packet(Type::kPuback, 9));
  w.sent(ack_packet(Type::kPuback, 7));
  EXPECT_EQ(w.received(publish_packet("t/x", "", 1, 7)), "");
}

TEST(Observer, NoPublishAfterItsPubrel) {
  Watch w;
  EXPECT_EQ(w.received(publish_packet("t/x", "", 2, 7)), "");
  w.sent(ack_packet(Type::kPubrec, 7));
  EXPECT_EQ(w.received(ack_packet(Type::kPubrel, 7)), "");
  EXPECT_EQ(w.received(repeat(publish_packet("t/x", "", 2, 7))), "MQTT-4.3.3-6");
  w.sent(ack_packet(Type::kPubcomp, 7));
  EXPECT_EQ(w.received(ack_packet(Type::kPubrel, 7)), "MQTT-4.3.3-4");
}

TEST(Observer, DupNeedsAHistory) {
  EXPECT_EQ(Watch().received(repeat(publish_packet("t/x", "", 1, 7))), "MQTT-3.3.1-3");
  EXPECT_EQ(Watch(Version::k5, true).received(repeat(publish_packet("t/x", "", 1, 7))), "");
}

TEST(Observer, DeliveriesMatchASubscription) {
  Watch w;
  EXPECT_EQ(w.received(publish_packet("t", "", 0)), "");
  EXPECT_EQ(w.received(publish_packet("u", "", 0)), "MQTT-3.3.2-3");
  EXPECT_EQ(w.received(publish_packet("t/x", "", 0, 0, false, {number_property(PropertyId::kSubscriptionId, 5)})),
            "MQTT-3.3.4-3");
}

TEST(Observer, AliasesStayInBoundsAndAreKnown) {
  Watch w;
  const auto with_alias = [](const char* topic, std::uint32_t alias) {
    return publish_packet(topic, "", 0, 0, false, {number_property(PropertyId::kTopicAlias, alias)});
  };
  EXPECT_EQ(w.received(with_alias("t/x", 2)), "");
  EXPECT_EQ(w.received(with_alias("", 2)), "");
  EXPECT_EQ(w.received(with_alias("t/x", 3)), "MQTT-3.1.2-26");
  EXPECT_EQ(w.received(with_alias("", 1)), "MQTT-3.3.2-7 MQTT-3.3.2-3");
}

TEST(Observer, AcknowledgementsAnswerSomething) {
  Watch w;
  EXPECT_EQ(w.received(ack_packet(Type::kPuback, 3)), "MQTT-2.2.1-5");
  w.sent(publish_packet("t", "", 1, 3));
  EXPECT_EQ(w.received(ack_packet(Type::kPuback, 3)), "");
  EXPECT_EQ(w.received(ack_packet(Type::kPuback, 3)), "MQTT-2.2.1-5");
  EXPECT_EQ(w.received(plain_packet(Type::kPingresp)), "X-pingresp-unasked");
  w.sent(subscribe_packet(5, {{"a", 0}, {"b", 0}}));
  Packet suback = plain_packet(Type::kSuback);
  suback.id = 5;
  suback.codes = {0};
  EXPECT_EQ(w.received(suback), "MQTT-3.8.4-6");
}

TEST(Observer, PacketsFitTheClient) {
  Watch w;
  Packet p = publish_packet("t/x", "");
  p.size = 101;
  EXPECT_EQ(w.received(p), "MQTT-3.1.2-24");
}

// Against a matcher that tries every way: # takes any number of levels, + one.
bool matches_slowly(const std::vector<std::string>& f, std::size_t i, const std::vector<std::string>& t,
                    std::size_t k) {
  if (i == f.size()) return k == t.size();
  if (f[i] == "#") return true;
  return k < t.size() && (f[i] == "+" || f[i] == t[k]) && matches_slowly(f, i + 1, t, k + 1);
}

std::string join(const std::vector<std::string>& levels) {
  std::string out;
  for (std::size_t i = 0; i < levels.size(); ++i) out += (i == 0 ? "" : "/") + levels[i];
  return out;
}

TEST(TopicMatches, AgreesWithTheSlowMatcherOnAllSmallNames) {
  const std::vector<std::string> names = {"", "a", "b"};
  const std::vector<std::string> parts = {"", "a", "b", "+", "#"};
  std::vector<std::vector<std::string>> topics(1);
  std::vector<std::vector<std::string>> filters(1);
  const auto grow = [](std::vector<std::vector<std::string>>& all, const std::vector<std::string>& from) {
    const auto old = all;
    for (const auto& x : old)
      for (const std::string& p : from) {
        if (!x.empty() && x.back() == "#") continue;
        all.push_back(x);
        all.back().push_back(p);
      }
  };
  for (int depth = 0; depth < 3; ++depth) {
    grow(topics, names);
    grow(filters, parts);
  }
  for (const auto& f : filters)
    for (const auto& t : topics) {
      if (f.empty() || t.empty() || join(f).empty() || join(t).empty()) continue;
      ASSERT_EQ(topic_matches(join(f), join(t)), matches_slowly(f, 0, t, 0)) << join(f) << " " << join(t);
    }
  EXPECT_FALSE(topic_matches("#", "$SYS/x"));
  EXPECT_FALSE(topic_matches("+/x", "$SYS/x"));
  EXPECT_TRUE(topic_matches("$SYS/#", "$SYS/x"));
  EXPECT_TRUE(topic_matches("$share/g/a/+", "a/b"));
}

}  // namespace
}  // namespace orrery::conformance

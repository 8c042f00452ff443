// SPDX-License-Identifier: Apache-2.0
// Every kind of message: written and read back with random values, and torn, bent and lied about in every way that is
// small.
#include "broker/node/shard_message.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <set>
#include <string>

#include "base/rng.h"

namespace orrery::node {
namespace {

using Buffer = std::vector<std::uint8_t>;
constexpr Nanos kNow = 5 * kSecond;

/// Draws values for a struct's fields, and keeps what they show.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : rng_(seed) {}
  void u8(std::uint8_t& v) { v = static_cast<std::uint8_t>(number()); }
  void u16(std::uint16_t& v) { v = static_cast<std::uint16_t>(number()); }
  void u32(std::uint32_t& v) { v = static_cast<std::uint32_t>(number()); }
  void u64(std::uint64_t& v) { v = number(); }
  void flag(bool& v) { v = rng_.below(2) == 1; }
  void below(std::uint8_t& v, std::uint8_t end) { v = static_cast<std::uint8_t>(rng_.below(end)); }
  void text(std::string_view& v) { v = some_text(0); }
  void blob(Bytes& v) { v = as_bytes(some_text(0)); }
  void texts(TextList& v) {
    std::vector<std::string_view>& list = lists_.emplace_back();
    for (std::uint64_t n = rng_.below(4); n > 0; --n) list.push_back(some_text(0));
    v = TextList(list);
  }
  void share_filter(std::string_view& v) {
    v = kept_.emplace_back("$share/g" + std::to_string(rng_.below(10)) + "/" + std::string(some_text(1)));
  }
  void message(session::MessageView& m) {
    m.id = number();
    if (rng_.below(2) == 1) m.publisher = number();
    m.qos = static_cast<std::uint8_t>(rng_.below(3));
    m.retain = rng_.below(2) == 1;
    if (rng_.below(2) == 1) m.expires_at = kNow + static_cast<Nanos>(rng_.below(1000) * kSecond);
    m.topic = some_text(1);
    if (rng_.below(2) == 1) m.properties = kProperties;
    m.payload = as_bytes(some_text(0));
    if (rng_.below(4) == 0) share_filter(m.share_filter);
  }

 private:
  std::uint64_t number() { return rng_.below(3) == 0 ? UINT64_MAX - rng_.below(3) : rng_.next() >> rng_.below(64); }
  std::string_view some_text(std::size_t at_least) {
    std::string text(at_least + rng_.below(12), 'x');
    for (char& c : text) c = static_cast<char>('a' + rng_.below(26));
    return kept_.emplace_back(std::move(text));
  }
  // Payload format indicator 1, and a user property.
  static constexpr std::array<std::uint8_t, 9> kProperties{1, 1, 38, 0, 1, 'n', 0, 1, 'v'};
  Rng rng_;
  std::deque<std::string> kept_;
  std::deque<std::vector<std::string_view>> lists_;
};

/// Notes which kind came, and writes it again.
struct Rewriter {
  int kind = -1;
  Buffer bytes;
  template <class Kind>
  void operator()(const Kind& m) {
    kind = kKindOf<Kind>;
    write_message(bytes, m, kNow);
  }
};

template <class Kind>
Buffer random_message(std::uint64_t seed) {
  Draw draw(seed);
  Kind kind;
  Kind::fields(kind, draw);
  Buffer out;
  write_message(out, kind, kNow);
  return out;
}

template <class Each, class... Kinds>
void for_each_kind(MessageTable<Kinds...>, Each&& each) {
  (each.template operator()<Kinds>(), ...);
}

TEST(ShardMessage, EveryKindIsReadAsItWasWritten) {
  std::set<int> seen;
  for_each_kind(ShardMessages{}, [&]<class Kind>() {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const Buffer bytes = random_message<Kind>(seed);
      for (const Sender sender : {Sender::kThisNode, Sender::kPeer}) {
        Rewriter again;
        const bool may = sender == Sender::kThisNode || kKindOf<Kind> < kPeerKinds;
        ASSERT_EQ(visit_message(bytes, kNow, sender, again), may) << int{kKindOf<Kind>} << " seed " << seed;
        if (!may) continue;
        EXPECT_EQ(again.kind, kKindOf<Kind>);
        EXPECT_EQ(again.bytes, bytes);
      }
    }
    seen.insert(kKindOf<Kind>);
  });
  EXPECT_EQ(seen.size(), 26u);
}

TEST(ShardMessage, NothingShorterAndNothingLongerIsRead) {
  for_each_kind(ShardMessages{}, [&]<class Kind>() {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Buffer bytes = random_message<Kind>(seed);
      Rewriter again;
      for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_FALSE(visit_message(Bytes(bytes).first(n), kNow, Sender::kThisNode, again))
            << int{kKindOf<Kind>} << " at " << n;
      bytes.push_back(0);
      EXPECT_FALSE(visit_message(bytes, kNow, Sender::kThisNode, again)) << int{kKindOf<Kind>};
    }
  });
}

/// A peer may send anything: what is read of it is something that can be written again in as many bytes.
TEST(ShardMessage, EveryChangeOfOneByteIsReadSafelyOrRefused) {
  std::uint64_t read = 0, refused = 0;
  for_each_kind(ShardMessages{}, [&]<class Kind>() {
    Buffer bytes = random_message<Kind>(3);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const std::uint8_t was = bytes[at];
      for (int value = 0; value < 256; ++value) {
        bytes[at] = static_cast<std::uint8_t>(value);
        Rewriter again;
        if (!visit_message(bytes, kNow, Sender::kPeer, again)) {
          ++refused;
          continue;
        }
        ++read;
        ASSERT_LT(again.kind, int{kPeerKinds});
        // A publisher of 0 or an expiry beyond all time is not written again.
        ASSERT_LE(again.bytes.size(), bytes.size());
      }
      bytes[at] = was;
    }
  });
  EXPECT_GT(read, 1000u);
  EXPECT_GT(refused, 1000u);
}

TEST(ShardMessage, APeersValuesAreThoseThatAClientCouldHaveCaused) {
  const auto from_peer = [](const auto& kind) {
    Buffer bytes;
    write_message(bytes, kind, kNow);
    Rewriter again;
    return visit_message(bytes, kNow, Sender::kPeer, again);
  };
  session::MessageView m;
  m.topic = "a/b";
  EXPECT_TRUE(from_peer(Publish{m}));
  EXPECT_TRUE(from_peer(PublishToGroup{kGroupHopsMax, "$share/g/a/#", m}));
  EXPECT_FALSE(from_peer(PublishToGroup{0, "$share/g/a/#/b", m}));
  EXPECT_FALSE(from_peer(PublishToGroup{0, "a/#", m})) << "no group";
  EXPECT_FALSE(from_peer(PublishToGroup{0, "", m}));
  for (const std::string_view topic : {"", "a/+", "#", "\xff", "a\0b", "$SYS/broker/uptime"}) {
    m.topic = topic;
    if (topic == "a") m.topic = std::string_view("a\0b", 3);
    EXPECT_FALSE(from_peer(Publish{m})) << topic;
  }
  m.topic = "a/b";
  const std::array<std::uint8_t, 2> cut{1, 1};
  m.properties = Bytes(cut).first(1);
  EXPECT_FALSE(from_peer(Publish{m})) << "a property cut short";
  const std::array<std::uint8_t, 3> alias{35, 0, 1};
  m.properties = alias;
  EXPECT_FALSE(from_peer(Publish{m})) << "a topic alias is one link's";
  m.properties = {};
  m.share_filter = "$share/g";
  EXPECT_FALSE(from_peer(Publish{m}));
}

TEST(ShardMessage, HopsBeyondTheLimitAreRefused) {
  session::MessageView m;
  m.topic = "a";
  Buffer bytes;
  write_message(bytes, PublishToGroup{kGroupHopsMax, "$share/g/a", m}, kNow);
  bytes[1] = kGroupHopsMax + 1;
  Rewriter again;
  EXPECT_FALSE(visit_message(bytes, kNow, Sender::kPeer, again));
}

}  // namespace
}  // namespace orrery::node

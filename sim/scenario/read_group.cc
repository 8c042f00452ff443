// SPDX-License-Identifier: Apache-2.0
// One group of the crowd: its shape, what it sends, how it connects, how it misbehaves.
#include <algorithm>

#include "base/strict_json.h"
#include "sim/scenario/read_parts.h"

namespace orrery::sim {
namespace {

constexpr std::size_t kTopicBytesMax = 1024;

/// True when the keys that are there make a shape.
bool read_shape(JsonObject& o, GroupSpec& g) {
  std::uint32_t pairs = 0;
  const bool in_pairs = o.number("pairs", pairs, 1u, kCrowdMax / 2);
  const bool publishers = o.number("publishers", g.publishers, 1u, kCrowdMax);
  const bool subscribers = o.number("subscribers", g.subscribers, 0u, kCrowdMax);
  g.shape = in_pairs ? Shape::kPairs : Shape::kAll;
  if (in_pairs) g.publishers = g.subscribers = pairs;
  return in_pairs ? !publishers && !subscribers : publishers && subscribers;
}

void read_qos(JsonObject& o, GroupSpec& g) {
  o.with("qos", [&](JsonItem& item) {
    g.qos.clear();
    const auto one = [&](JsonItem& i) {
      std::uint8_t q = 0;
      i.number(q, 0, 2);
      g.qos.push_back(q);
    };
    if (item.is_number())
      one(item);
    else
      item.array(one);
    if (g.qos.empty()) item.fail("an empty list; valid: a number from 0 to 2, or a list of such");
  });
  o.number("subscribe_qos", g.subscribe_qos, 0, 2);
}

/// Reads the two; check_topics() judges them when the group is known to have a shape.
void read_topics(JsonObject& o, GroupSpec& g) {
  g.topic = g.name + "/%i";
  o.text("topic", g.topic);
  g.filter = g.topic;
  const std::size_t place = g.filter.find("%i");
  if (g.shape == Shape::kAll && place != std::string::npos) g.filter.replace(place, 2, "+");
  o.text("filter", g.filter);
}

void check_topics(JsonObject& o, const GroupSpec& g) {
  if (g.topic.empty() || g.topic.size() > kTopicBytesMax || g.topic.find_first_of("+#") != std::string::npos)
    o.fail("topic", "not a topic name: 1 to " + std::to_string(kTopicBytesMax) + " bytes without + and #");
  if (g.publishers > 1 && g.topic.find("%i") == std::string::npos)
    o.fail("topic", "several publishers need a %i in it, which becomes their number");
  if (g.filter.empty()) o.fail("filter", "an empty filter");
  // With the number in both, or in neither, a filter must catch its group's topic: otherwise every message would be
  // missed.
  if (!filter_matches(g.filter, g.topic))
    o.fail("filter", "\"" + g.filter + "\" does not match the topic \"" + g.topic + "\"");
  if (g.shape == Shape::kPairs && g.subscribers > 1 && g.filter.find("%i") == std::string::npos)
    o.fail("filter", "in pairs it needs a %i, or every subscriber would get every message");
}

void read_session(JsonObject& o, GroupSpec& g) {
  o.choice("transport", g.transport, {{"websocket", LinkKind::kWebSocket}, {"tcp", LinkKind::kTcp}});
  o.choice("version", g.version, {{"3.1.1", MqttVersion::k311}, {"5.0", MqttVersion::k5}});
  Nanos keep_alive = g.keep_alive_seconds * kSecond;
  o.duration("keep_alive", keep_alive, 0, 65535 * kSecond);
  if (keep_alive % kSecond) o.fail("keep_alive", "must be whole seconds");
  g.keep_alive_seconds = static_cast<std::uint16_t>(keep_alive / kSecond);
  o.boolean("clean_start", g.clean_start);
  Nanos expiry = 0;
  const bool given = o.duration("session_expiry", expiry, 0, Nanos{UINT32_MAX} * kSecond);
  if (given && g.version == MqttVersion::k311)
    o.fail("session_expiry", "only \"version\": \"5.0\" has it; a 3.1.1 session without clean_start lasts for ever");
  g.session_expiry_seconds = static_cast<std::uint32_t>(expiry / kSecond);
  o.boolean("retain", g.retain);
  o.boolean("will", g.will);
}

void read_misbehaviour(JsonObject& o, MisbehaviourSpec& m) {
  o.choice("kind", m.kind,
           {{"slow_reader", Misbehaviour::kSlowReader},
            {"flood", Misbehaviour::kFlood},
            {"half_packet", Misbehaviour::kHalfPacket},
            {"reconnect_storm", Misbehaviour::kReconnectStorm}});
  o.require("kind");
  std::uint32_t percent = 100;
  o.number("share_percent", percent, 1u, 100u);
  m.share_per_mille = percent * 10;
  if (m.kind == Misbehaviour::kSlowReader || m.kind == Misbehaviour::kReconnectStorm)
    o.duration("period", m.period, kMillisecond, 3600 * kSecond);
  if (m.kind == Misbehaviour::kReconnectStorm) o.duration("at", m.at, 0, 24 * 3600 * kSecond);
  if (m.kind == Misbehaviour::kFlood) o.number("factor", m.factor, 2u, 100'000u);
}

std::uint32_t scaled(std::uint32_t n, Scale s) {
  const std::uint64_t product = static_cast<std::uint64_t>(n) * s.numerator / s.denominator;
  return n == 0 ? 0 : static_cast<std::uint32_t>(std::clamp<std::uint64_t>(product, 1, UINT32_MAX));
}

}  // namespace

void read_group(JsonItem& item, std::vector<GroupSpec>& groups) {
  item.object([&](JsonObject& o) {
    GroupSpec g;
    o.text("name", g.name);
    o.require("name");
    const bool shaped = read_shape(o, g);
    read_topics(o, g);
    read_qos(o, g);
    o.number("payload_bytes", g.payload_bytes, kPayloadBytesMin, kPayloadBytesMax);
    o.duration("every", g.every, kMicrosecond, 24 * 3600 * kSecond);
    read_session(o, g);
    o.object("misbehave", [&](JsonObject& m) { read_misbehaviour(m, g.misbehave); });
    o.finish();
    if (g.name.empty()) o.fail("name", "a group needs a name: it begins its clients' identifiers");
    for (const GroupSpec& other : groups)
      if (other.name == g.name) o.fail("name", "there are two groups named '" + g.name + "'");
    if (!shaped)
      o.fail("pairs", "a group is either \"pairs\", or \"publishers\" and \"subscribers\" of which each hears all");
    check_topics(o, g);
    groups.push_back(g);
  });
}

void scale_crowd(CrowdSpec& crowd, Scale scale) {
  crowd.connects_per_second = scaled(crowd.connects_per_second, scale);
  for (GroupSpec& g : crowd.groups) {
    // One publisher for many, or many for one, is what the group is about: the one stays.
    g.publishers = scaled(g.publishers, scale);
    g.subscribers = scaled(g.subscribers, scale);
  }
}

CrowdSize measure(const CrowdSpec& crowd) {
  CrowdSize size;
  for (const GroupSpec& g : crowd.groups) {
    size.clients += std::uint64_t{g.publishers} + g.subscribers;
    size.flows += g.shape == Shape::kPairs ? g.subscribers : std::uint64_t{g.publishers} * g.subscribers;
  }
  return size;
}

}  // namespace orrery::sim

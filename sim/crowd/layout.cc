// SPDX-License-Identifier: Apache-2.0
#include "sim/crowd/layout.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::sim {
namespace {

struct Digits {
  explicit Digits(std::uint32_t n) {
    do buffer[--first] = static_cast<char>('0' + n % 10);
    while (n /= 10);
  }
  std::string_view text() const { return {buffer + first, sizeof buffer - first}; }
  char buffer[10];
  std::size_t first = sizeof buffer;
};

/// Splits around "%i".
bool split(const std::string& pattern, std::string& head, std::string& tail) {
  const std::size_t at = pattern.find("%i");
  head = pattern.substr(0, at);
  if (at != pattern.npos) tail = pattern.substr(at + 2);
  return at != pattern.npos;
}

std::string_view compose(const std::string& head, bool numbered, std::uint32_t n, const std::string& tail,
                         std::string& out) {
  out = head;
  if (numbered) out += Digits(n).text();
  out += tail;
  return out;
}

bool is_composed_of(std::string_view text, const std::string& head, bool numbered, std::uint32_t n,
                    const std::string& tail) {
  if (text.substr(0, head.size()) != head) return false;
  text.remove_prefix(head.size());
  if (!numbered) return text == tail;
  const Digits digits(n);
  if (text.substr(0, digits.text().size()) != digits.text()) return false;
  return text.substr(digits.text().size()) == tail;
}

}  // namespace

Layout::Layout(const CrowdSpec& spec) : spec_(spec) {
  ORRERY_ASSERT(!spec_.carriers.empty());
  std::uint32_t subscribers = 0;
  for (const GroupSpec& s : spec_.groups) {
    Group g;
    g.spec = s;
    g.first = clients_;
    g.order_subscribers = subscribers;
    g.first_flow = flows_;
    g.topic_numbered = split(s.topic, g.topic_head, g.topic_tail);
    g.filter_numbered = split(s.filter, g.filter_head, g.filter_tail);
    g.filter_has_wildcard = s.filter.find_first_of("+#") != std::string::npos;
    clients_ += g.clients();
    subscribers += s.subscribers;
    flows_ += s.shape == Shape::kPairs ? s.subscribers : static_cast<std::uint64_t>(s.publishers) * s.subscribers;
    groups_.push_back(std::move(g));
  }
  std::uint32_t order = subscribers;
  for (Group& g : groups_) {
    g.order_publishers = order;
    order += g.spec.publishers;
  }
  ramp_end_ = static_cast<Nanos>(clients_) * kSecond / spec_.connects_per_second;
  steady_begin_ = ramp_end_ + spec_.settle;
  steady_end_ = steady_begin_ + spec_.steady;
}

std::uint16_t Layout::group_of(ClientId client) const {
  const auto after =
      std::upper_bound(groups_.begin(), groups_.end(), client, [](ClientId c, const Group& g) { return c < g.first; });
  return static_cast<std::uint16_t>(after - groups_.begin() - 1);
}

std::uint8_t Layout::subscribe_qos(const Group& g, std::uint32_t number) const {
  if (g.spec.subscribe_qos >= 0) return static_cast<std::uint8_t>(g.spec.subscribe_qos);
  if (g.spec.shape == Shape::kPairs) return publish_qos(g, number);
  return *std::max_element(g.spec.qos.begin(), g.spec.qos.end());
}

bool Layout::misbehaves(const Group& g, ClientId c) const {
  const MisbehaviourSpec& m = g.spec.misbehave;
  const bool publisher = is_publisher(g, c);
  switch (m.kind) {
    case Misbehaviour::kNone:
      return false;
    case Misbehaviour::kSlowReader:
      if (publisher) return false;
      break;
    case Misbehaviour::kFlood:
    case Misbehaviour::kHalfPacket:
      if (!publisher) return false;
      break;
    case Misbehaviour::kReconnectStorm:
      break;
  }
  return chance(drawn(c, Stream::kMisbehave, 0), m.share_per_mille * 1000);
}

Nanos Layout::connect_time(const Group& g, ClientId c) const {
  const std::uint32_t order = (is_publisher(g, c) ? g.order_publishers : g.order_subscribers) + number(g, c);
  return static_cast<Nanos>(order) * kSecond / spec_.connects_per_second;
}

NodeId Layout::home(const Group& g, ClientId c) const {
  const std::size_t n = spec_.carriers.size();
  const std::uint64_t at =
      spec_.placement == Placement::kPaired ? number(g, c) % n : below(drawn(c, Stream::kHome, 0), n);
  return spec_.carriers[static_cast<std::size_t>(at)];
}

Nanos Layout::period(const Group& g, ClientId c) const {
  if (g.spec.misbehave.kind != Misbehaviour::kFlood || !misbehaves(g, c)) return g.spec.every;
  return std::max<Nanos>(1, g.spec.every / g.spec.misbehave.factor);
}

std::uint32_t Layout::first_due_at(const Group& g, ClientId c, Nanos when) const {
  const Nanos first = due(g, c, 0);
  if (when <= first) return 0;
  const Nanos p = period(g, c);
  return static_cast<std::uint32_t>((when - first + p - 1) / p);
}

std::string_view Layout::topic(const Group& g, std::uint32_t publisher, std::string& out) const {
  return compose(g.topic_head, g.topic_numbered, publisher, g.topic_tail, out);
}
std::string_view Layout::filter(const Group& g, std::uint32_t subscriber, std::string& out) const {
  return compose(g.filter_head, g.filter_numbered, subscriber, g.filter_tail, out);
}
bool Layout::is_topic(const Group& g, std::uint32_t publisher, std::string_view text) const {
  return is_composed_of(text, g.topic_head, g.topic_numbered, publisher, g.topic_tail);
}
bool Layout::filter_catches(const Group& g, std::uint32_t subscriber, std::string_view text,
                            std::string& scratch) const {
  if (g.filter_has_wildcard) return filter_matches(filter(g, subscriber, scratch), text);
  return is_composed_of(text, g.filter_head, g.filter_numbered, subscriber, g.filter_tail);
}
std::string_view Layout::client_id(const Group& g, ClientId c, std::string& out) const {
  out = g.spec.name;
  out += is_publisher(g, c) ? "-pub-" : "-sub-";
  out += Digits(number(g, c)).text();
  return out;
}

}  // namespace orrery::sim

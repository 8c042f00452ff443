// SPDX-License-Identifier: Apache-2.0
// What the oracles found: one count for each rule, and the first few findings of each in words.
//
// A rule is red when its count is above 0. Findings are kept up to kFindingsMax a rule; counting costs nothing more.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/types.h"

namespace orrery::sim {

enum class Rule : std::uint8_t {
  kQos0AtMostOnce,   // a message of QoS 0 arrives once or not at all
  kQos1AtLeastOnce,  // one of QoS 1 that was acknowledged arrives while the subscriber's session lives
  kQos2ExactlyOnce,  // one of QoS 2 that was completed arrives once
  kOrder,            // one publisher's messages arrive at one subscriber in the order of sending
  kSubscription,     // nothing arrives that no subscription of the client matches, nor at a higher QoS than granted
  kContent,          // what arrives is what was published: topic, payload, and not before it was sent
  kRetained,         // a retained message that comes with a new subscription is the last one
  kProtocol,         // every byte of the broker is what MQTT and WebSocket allow it to say
  kCounters,         // what the broker counts balances, and agrees with what the clients saw
  kCount
};
inline constexpr int kRules = static_cast<int>(Rule::kCount);
/// In reports: "qos0_at_most_once", ...
const char* rule_name(Rule rule);

inline constexpr std::size_t kFindingsMax = 5;

struct Finding {
  Nanos at = 0;
  std::string what;
};

class Verdicts {
 public:
  void violated(Rule rule, Nanos at, std::string what) {
    Entry& e = entries_[static_cast<std::size_t>(rule)];
    if (e.count++ < kFindingsMax) e.findings.push_back({at, std::move(what)});
  }
  /// Whether a further finding's words would be kept: callers on the hot path build them only then.
  bool wants_words(Rule rule) const { return entries_[static_cast<std::size_t>(rule)].count < kFindingsMax; }
  std::uint64_t count(Rule rule) const { return entries_[static_cast<std::size_t>(rule)].count; }
  const std::vector<Finding>& findings(Rule rule) const { return entries_[static_cast<std::size_t>(rule)].findings; }
  bool green() const;

 private:
  struct Entry {
    std::uint64_t count = 0;
    std::vector<Finding> findings;
  };
  std::array<Entry, kRules> entries_;
};

}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
// Everything a shard counts, by name: an array of plain numbers that only its own thread touches.
// What each of them means, and the law by which they balance, is in counter_list.h.
#pragma once

#include <array>
#include <cstdint>

#include "broker/seam/counter_list.h"

namespace orrery {

enum class Counter : std::uint8_t {
#define ORRERY_COUNTER_ID(id, name, kind, metric, labels, text) id,
  ORRERY_COUNTERS(ORRERY_COUNTER_ID)
#undef ORRERY_COUNTER_ID
      kCount
};
inline constexpr int kCounters = static_cast<int>(Counter::kCount);

enum class MetricKind : std::uint8_t { kCounter, kGauge };

struct CounterInfo {
  const char* name;
  MetricKind kind;
  const char* metric;
  const char* labels;
  const char* text;
};
const CounterInfo& counter_info(Counter c);
inline const char* counter_name(Counter c) { return counter_info(c).name; }

/// Which counter an MQTT packet belongs to, by the first byte of its fixed header.
inline Counter packet_in(std::uint8_t first_byte);
inline Counter packet_out(std::uint8_t first_byte);

struct Counters {
  std::uint64_t values[kCounters] = {};
  void add(Counter c, std::uint64_t n = 1) { values[static_cast<int>(c)] += n; }
  void subtract(Counter c, std::uint64_t n = 1) { values[static_cast<int>(c)] -= n; }
  std::uint64_t operator[](Counter c) const { return values[static_cast<int>(c)]; }
};

namespace detail {
extern const std::array<Counter, 256> kPacketsIn;
extern const std::array<Counter, 256> kPacketsOut;
}  // namespace detail
inline Counter packet_in(std::uint8_t first_byte) { return detail::kPacketsIn[first_byte]; }
inline Counter packet_out(std::uint8_t first_byte) { return detail::kPacketsOut[first_byte]; }

}  // namespace orrery

// SPDX-License-Identifier: Apache-2.0
#include "broker/seam/counters.h"

#include "base/assert.h"

namespace orrery {
namespace {

constexpr CounterInfo kInfos[] = {
#define ORRERY_COUNTER_INFO(id, name, kind, metric, labels, text) {name, MetricKind::kind, metric, labels, text},
    ORRERY_COUNTERS(ORRERY_COUNTER_INFO)
#undef ORRERY_COUNTER_INFO
};

// MQTT 5, 2.1: the type in the upper four bits, a PUBLISH's QoS in bits 1 and 2.

constexpr Counter in_of(std::uint8_t first_byte) {
  switch (first_byte >> 4) {
    case 1:
      return Counter::kPacketsInConnect;
    case 3: {
      const int qos = first_byte >> 1 & 3;
      return qos == 0   ? Counter::kPacketsInPublish0
             : qos == 1 ? Counter::kPacketsInPublish1
             : qos == 2 ? Counter::kPacketsInPublish2
                        : Counter::kPacketsInOther;
    }
    case 4:
      return Counter::kPacketsInPuback;
    case 5:
      return Counter::kPacketsInPubrec;
    case 6:
      return Counter::kPacketsInPubrel;
    case 7:
      return Counter::kPacketsInPubcomp;
    case 8:
      return Counter::kPacketsInSubscribe;
    case 10:
      return Counter::kPacketsInUnsubscribe;
    case 12:
      return Counter::kPacketsInPingreq;
    case 14:
      return Counter::kPacketsInDisconnect;
    case 15:
      return Counter::kPacketsInAuth;
    default:
      return Counter::kPacketsInOther;
  }
}

constexpr Counter out_of(std::uint8_t first_byte) {
  switch (first_byte >> 4) {
    case 2:
      return Counter::kPacketsOutConnack;
    case 3: {
      const int qos = first_byte >> 1 & 3;
      return qos == 0   ? Counter::kPacketsOutPublish0
             : qos == 1 ? Counter::kPacketsOutPublish1
                        : Counter::kPacketsOutPublish2;
    }
    case 4:
      return Counter::kPacketsOutPuback;
    case 5:
      return Counter::kPacketsOutPubrec;
    case 6:
      return Counter::kPacketsOutPubrel;
    case 7:
      return Counter::kPacketsOutPubcomp;
    case 9:
      return Counter::kPacketsOutSuback;
    case 11:
      return Counter::kPacketsOutUnsuback;
    case 13:
      return Counter::kPacketsOutPingresp;
    case 14:
      return Counter::kPacketsOutDisconnect;
    default:
      return Counter::kPacketsOutAuth;
  }
}

template <class Of>
constexpr std::array<Counter, 256> table(Of of) {
  std::array<Counter, 256> out{};
  for (std::size_t b = 0; b < out.size(); ++b) out[b] = of(static_cast<std::uint8_t>(b));
  return out;
}

}  // namespace

const CounterInfo& counter_info(Counter c) {
  ORRERY_ASSERT(c < Counter::kCount);
  return kInfos[static_cast<int>(c)];
}

namespace detail {
constexpr std::array<Counter, 256> kPacketsIn = table(in_of);
constexpr std::array<Counter, 256> kPacketsOut = table(out_of);
}  // namespace detail

}  // namespace orrery

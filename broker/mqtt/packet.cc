// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/packet.h"

#include "base/bytes.h"

namespace orrery::mqtt {

SubscriptionOptions subscription_options(std::uint8_t byte) {
  return {static_cast<std::uint8_t>(byte & 3), (byte & 4) != 0, (byte & 8) != 0,
          static_cast<std::uint8_t>(byte >> 4 & 3)};
}

std::uint8_t options_byte(const SubscriptionOptions& options) {
  return static_cast<std::uint8_t>(options.qos | (options.no_local ? 4 : 0) | (options.retain_as_published ? 8 : 0) |
                                   options.retain_handling << 4);
}

template <>
bool FilterList<Subscription>::next(Bytes& rest, Subscription& out) {
  if (rest.empty()) return false;
  ByteReader in(rest);
  const Bytes filter = in.take_u16_prefixed();
  const std::uint8_t options = in.u8();
  if (in.failed()) return false;
  out = {parse_topic_filter(as_text(filter)), subscription_options(options)};
  rest = rest.last(in.remaining());
  return true;
}

template <>
bool FilterList<TopicFilter>::next(Bytes& rest, TopicFilter& out) {
  if (rest.empty()) return false;
  ByteReader in(rest);
  const Bytes filter = in.take_u16_prefixed();
  if (in.failed()) return false;
  out = parse_topic_filter(as_text(filter));
  rest = rest.last(in.remaining());
  return true;
}

}  // namespace orrery::mqtt

// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE (3.8), SUBACK (3.9), UNSUBSCRIBE (3.10), UNSUBACK (3.11).
#include "broker/mqtt/decode.h"
#include "broker/mqtt/packet_reader.h"

namespace orrery::mqtt {
namespace {

/// QoS 1 in the fixed header, where MQTT 3.1 also knows DUP.
bool request_flags_ok(Version version, std::uint8_t flags) {
  return flags == 2 || (version == Version::k31 && flags == 10);
}

/// One topic filter, all its rules.
TopicFilter read_filter(PacketReader& in) {
  const std::string_view text = as_text(in.binary());
  if (!in.ok()) return {};
  if (!valid_topic_filter(text)) {
    in.fail(malformed("topic filter is not valid"));
    return {};
  }
  const TopicFilter filter = parse_topic_filter(text);
  // A filter has at most one level more than bytes: the usual one need not be counted.
  if (filter.filter.size() >= kTopicLevelsMax && topic_levels(filter.filter) > kTopicLevelsMax)
    in.fail({ReasonCode::kTopicFilterInvalid, "topic filter has too many levels"});
  return filter;
}

void check_options(PacketReader& in, Version version, const TopicFilter& filter, std::uint8_t byte) {
  if ((byte & 3) == 3) return in.fail(protocol_error("requested QoS is 3"));
  const int reserved = version == Version::k5 ? 0xc0 : 0xfc;
  if ((byte & reserved) != 0) return in.fail(malformed("reserved subscription options are set"));
  if ((byte & 0x30) == 0x30) return in.fail(protocol_error("retain handling is 3"));
  if ((byte & 4) != 0 && filter.shared()) in.fail(protocol_error("no local on a shared subscription"));
}

/// Goes once over the payload, entry by entry, and counts; `entry` reads one.
template <class Item, class Entry>
FilterList<Item> read_list(PacketReader& in, Bytes body, Entry entry) {
  const Bytes raw = body.last(in.remaining());
  std::uint32_t count = 0;
  while (in.remaining() != 0) {
    if (count == kFiltersPerPacketMax) in.fail({ReasonCode::kQuotaExceeded, "too many topic filters"});
    entry();
    ++count;
  }
  if (count == 0) in.fail(protocol_error("no topic filters"));
  return in.ok() ? FilterList<Item>(raw, count) : FilterList<Item>();
}

/// The reason codes that SUBACK and UNSUBACK are made of.
Bytes read_codes(PacketReader& in, Version version, PacketType type) {
  const Bytes codes = in.rest();
  if (codes.empty()) in.fail(protocol_error("no reason codes"));
  for (const std::uint8_t code : codes) {
    const bool known =
        version == Version::k5 ? reason_code_allowed(type, Sender::kServer, code) : code <= 2 || code == 0x80;
    if (!known) in.fail(protocol_error("not a code of this packet"));
  }
  return in.ok() ? codes : Bytes{};
}

}  // namespace

DecodeResult decode_subscribe(Version version, std::uint8_t flags, Bytes body, SubscribeView& out) {
  out = SubscribeView();
  if (!request_flags_ok(version, flags)) return malformed("wrong fixed header flags");
  PacketReader in(body);
  out.packet_id = in.packet_id();
  if (version == Version::k5) in.properties(property_place(PacketType::kSubscribe), out.properties);
  out.subscriptions = read_list<Subscription>(in, body, [&] {
    const TopicFilter filter = read_filter(in);
    check_options(in, version, filter, in.u8());
  });
  return in.result();
}

DecodeResult decode_unsubscribe(Version version, std::uint8_t flags, Bytes body, UnsubscribeView& out) {
  out = UnsubscribeView();
  if (!request_flags_ok(version, flags)) return malformed("wrong fixed header flags");
  PacketReader in(body);
  out.packet_id = in.packet_id();
  if (version == Version::k5) in.properties(property_place(PacketType::kUnsubscribe), out.properties);
  out.filters = read_list<TopicFilter>(in, body, [&] { read_filter(in); });
  return in.result();
}

DecodeResult decode_suback(Version version, std::uint8_t flags, Bytes body, SubackView& out) {
  out = SubackView();
  if (flags != 0) return malformed("wrong fixed header flags");
  PacketReader in(body);
  out.packet_id = in.packet_id();
  if (version == Version::k5) in.properties(property_place(PacketType::kSuback), out.properties);
  out.reason_codes = read_codes(in, version, PacketType::kSuback);
  return in.finish();
}

DecodeResult decode_unsuback(Version version, std::uint8_t flags, Bytes body, UnsubackView& out) {
  out = UnsubackView();
  if (flags != 0) return malformed("wrong fixed header flags");
  PacketReader in(body);
  out.packet_id = in.packet_id();
  if (version == Version::k5) {
    in.properties(property_place(PacketType::kUnsuback), out.properties);
    out.reason_codes = read_codes(in, version, PacketType::kUnsuback);
  }
  return in.finish();
}

}  // namespace orrery::mqtt

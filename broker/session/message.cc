// SPDX-License-Identifier: Apache-2.0
#include "broker/session/message.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.h"
#include "broker/mqtt/properties.h"
#include "broker/mqtt/topic.h"

namespace orrery::session {
namespace {
constexpr std::uint8_t kQosMask = 0x03;
constexpr std::uint8_t kRetainFlag = 0x04;
constexpr std::uint8_t kExpiresFlag = 0x08;
constexpr std::uint8_t kPublisherFlag = 0x10;
constexpr std::uint8_t kSharedFlag = 0x20;
constexpr std::uint8_t kFlagsMask = 0x3f;

/// What a share filter takes at the end of a Message.
std::size_t share_bytes(std::string_view share_filter) {
  return share_filter.empty() ? 0 : share_filter.size() + sizeof(std::uint16_t);
}
}  // namespace

std::uint32_t MessageView::expiry_seconds(Nanos now) const {
  const Nanos left = expires_at - now;
  return static_cast<std::uint32_t>(std::clamp<Nanos>((left + kSecond - 1) / kSecond, 1, UINT32_MAX));
}

Message* Message::make(Heap& heap, const MessageView& view) {
  const std::size_t size = sizeof(Message) + view.topic.size() + view.properties.size() + view.payload.size() +
                           share_bytes(view.share_filter);
  auto* m = new (heap.allocate(size)) Message;
  m->id_ = view.id;
  m->publisher_ = view.publisher;
  m->expires_at_ = view.expires_at;
  m->holders_ = 1;
  m->properties_size_ = static_cast<std::uint32_t>(view.properties.size());
  m->payload_size_ = static_cast<std::uint32_t>(view.payload.size());
  m->topic_size_ = static_cast<std::uint16_t>(view.topic.size());
  m->qos_ = view.qos;
  m->retain_ = view.retain;
  m->shared_ = !view.share_filter.empty();
  auto* at = reinterpret_cast<std::uint8_t*>(m + 1);
  at = std::copy(view.topic.begin(), view.topic.end(), at);
  at = std::copy(view.properties.begin(), view.properties.end(), at);
  at = std::copy(view.payload.begin(), view.payload.end(), at);
  if (m->shared_) {
    const auto share_size = static_cast<std::uint16_t>(view.share_filter.size());
    std::memcpy(at, &share_size, sizeof share_size);
    std::copy(view.share_filter.begin(), view.share_filter.end(), at + sizeof share_size);
  }
  return m;
}

std::string_view Message::share_filter() const {
  if (!shared_) return {};
  const std::uint8_t* const at = data() + topic_size_ + properties_size_ + payload_size_;
  std::uint16_t size = 0;
  std::memcpy(&size, at, sizeof size);
  return as_text(Bytes(at + sizeof size, size));
}

std::size_t Message::size_bytes() const {
  return sizeof(Message) + topic_size_ + properties_size_ + payload_size_ + share_bytes(share_filter());
}

void Message::release(Heap& heap, Message* message) {
  ORRERY_ASSERT(message->holders_ > 0);
  if (--message->holders_ == 0) heap.free(message, message->size_bytes());
}

MessageView Message::view() const {
  const std::uint8_t* at = data();
  MessageView v;
  v.id = id_;
  v.publisher = publisher_;
  v.qos = qos_;
  v.retain = retain_;
  v.expires_at = expires_at_;
  v.topic = {reinterpret_cast<const char*>(at), topic_size_};
  v.properties = {at + topic_size_, properties_size_};
  v.payload = {at + topic_size_ + properties_size_, payload_size_};
  v.share_filter = share_filter();
  return v;
}

void encode_message(std::vector<std::uint8_t>& out, const MessageView& m, Nanos now) {
  ByteWriter w(out);
  const bool expires = m.expires_at != kNever;
  w.u8(static_cast<std::uint8_t>(m.qos | (m.retain ? kRetainFlag : 0) | (expires ? kExpiresFlag : 0) |
                                 (m.publisher != 0 ? kPublisherFlag : 0) | (m.share_filter.empty() ? 0 : kSharedFlag)));
  w.u64(m.id);
  if (m.publisher != 0) w.u64(m.publisher);
  if (expires) w.u64(static_cast<std::uint64_t>(std::max<Nanos>(m.expires_at - now, 0)));
  w.u16_prefixed(as_bytes(m.topic));
  w.u32_prefixed(m.properties);
  w.u32_prefixed(m.payload);
  if (!m.share_filter.empty()) w.u16_prefixed(as_bytes(m.share_filter));
}

std::size_t encoded_size_max(const MessageView& m) {
  return 1 + 8 + 8 + 8 + 2 + m.topic.size() + 4 + m.properties.size() + 4 + m.payload.size() +
         share_bytes(m.share_filter);
}

bool publishable(const MessageView& m) {
  if (!mqtt::valid_topic_name(m.topic) || mqtt::is_sys_topic(m.topic)) return false;
  if (!m.share_filter.empty() &&
      (!mqtt::valid_topic_filter(m.share_filter) || !mqtt::parse_topic_filter(m.share_filter).shared()))
    return false;
  if (m.properties.empty()) return true;
  mqtt::Properties properties;
  const auto place = mqtt::property_place(mqtt::PacketType::kPublish);
  return mqtt::parse_properties(place, m.properties, properties).ok() && properties.all_forwardable();
}

MessageView decode_message(ByteReader& in, Nanos now) {
  MessageView m;
  const std::uint8_t flags = in.u8();
  if ((flags & kQosMask) > 2 || (flags & ~kFlagsMask) != 0) in.fail();
  m.qos = flags & kQosMask;
  m.retain = (flags & kRetainFlag) != 0;
  m.id = in.u64();
  if ((flags & kPublisherFlag) != 0) m.publisher = in.u64();
  if ((flags & kExpiresFlag) != 0) {
    const std::uint64_t left = in.u64();
    m.expires_at = left > static_cast<std::uint64_t>(kNever - now) ? kNever : now + static_cast<Nanos>(left);
  }
  m.topic = as_text(in.take_u16_prefixed());
  m.properties = in.take_u32_prefixed();
  m.payload = in.take_u32_prefixed();
  if ((flags & kSharedFlag) != 0) m.share_filter = as_text(in.take_u16_prefixed());
  return m;
}

}  // namespace orrery::session

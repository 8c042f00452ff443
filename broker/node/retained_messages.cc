// SPDX-License-Identifier: Apache-2.0
#include "broker/node/retained_messages.h"

#include "broker/cluster/limits.h"

namespace orrery::node {

void RetainedMessages::sweep(Nanos now) {
  if (now < next_deadline()) return;
  WorkBudget budget;
  store_.sweep(now, budget);
  sweep_after_ = budget.spent() ? now : now + kSweepEvery;
}

void RetainedMessages::encode_value(std::vector<std::uint8_t>& out, std::uint64_t stamp, NodeId writer,
                                    const session::MessageView& message, Nanos now) {
  out.clear();
  ByteWriter w(out);
  w.u64(stamp);
  w.u16(writer);
  session::encode_message(out, message, now);
}

void RetainedMessages::set_own(Nanos now, const session::MessageView& message) {
  constexpr NodeId kNobody = UINT16_MAX;  // no node's log has values of this writer
  std::vector<std::uint8_t> stored;
  session::encode_message(stored, message, now);
  const std::uint32_t count = store_.count();
  const std::size_t bytes = store_.bytes();
  store_.set(message.topic, stored, {++own_clock_, kNobody}, kNever);
  own_count_ += store_.count() - count;
  own_bytes_ += store_.bytes() - bytes;
}

bool RetainedMessages::apply(NodeId, Bytes value) {
  ByteReader in(value);
  routing::RetainedVersion version;
  version.clock = in.u64();
  version.writer = in.u16();
  session::MessageView message = session::decode_message(in, now_);
  if (!in.done() || version.clock > cluster::kStampMax || version.writer >= nodes_) return false;
  if (!message.share_filter.empty() || !session::publishable(message)) return false;
  const Nanos expires_at = message.expires_at;
  message.expires_at = kNever;
  std::vector<std::uint8_t> stored;
  if (!message.payload.empty()) session::encode_message(stored, message, now_);
  store_.set(message.topic, stored, version, expires_at);
  return true;
}

std::uint64_t RetainedMessages::for_each_of(NodeId owner, std::uint64_t cursor, cluster::RetainedVisitor& visitor) {
  return store_.for_each_of(owner, cursor, [&](std::string_view topic, const routing::Retained& r) {
    session::MessageView message;
    message.topic = topic;
    if (!r.value.empty()) {
      ByteReader in(r.value);
      message = session::decode_message(in, now_);
    }
    message.expires_at = r.expires_at;
    std::vector<std::uint8_t> value;
    encode_value(value, r.version.clock, r.version.writer, message, now_);
    return visitor.retained(value);
  });
}

}  // namespace orrery::node

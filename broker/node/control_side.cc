// SPDX-License-Identifier: Apache-2.0
#include "broker/node/control_side.h"

#include <algorithm>

namespace orrery::node {
namespace {

/// Expired retained messages are looked for this often, so many at a time.
constexpr Nanos kSweepEvery = kSecond;
constexpr std::uint32_t kSweepSteps = 256;
/// Shards without events hold up what the route table has retired; above this many bytes they get an empty one, not
/// more often than this.
constexpr std::size_t kNudgeAboveBytes = 1024 * 1024;
constexpr Nanos kNudgeEvery = 100 * kMillisecond;

}  // namespace

ControlSide::ControlSide(NodeTables& tables, cluster::PeerPort& port, Heap& heap, ShardPost& post)
    : tables_(tables),
      post_(post),
      retained_(heap, tables.setup.seed),
      plane_(tables.setup, port, heap, *this, *this, *this) {}

void ControlSide::start(Nanos now) {
  now_ = now;
  plane_.start(now);
}

void ControlSide::tick(Nanos now) {
  now_ = now;
  plane_.tick(now);
  if (now < sweep_at_) return;
  retained_.sweep(now, kSweepSteps);
  sweep_at_ = retained_.count() + retained_.tombstones() > 0 ? now + kSweepEvery : kNever;
}

void ControlSide::end_of_event(Nanos now) {
  now_ = now;
  plane_.end_of_event(now);
  tables_.states.reclaim();
  if (tables_.states.retired_bytes() < kNudgeAboveBytes || now < nudged_at_ + kNudgeEvery) return;
  nudged_at_ = now;
  begin_message(message_, MessageKind::kNudge);
  for (ShardId s = 1; s < tables_.shards; ++s)
    if (tables_.states.behind(s)) post_.post(s, message_);
}

std::uint64_t ControlSide::memory_bytes() const { return plane_.memory_bytes(); }

void ControlSide::route_change(Nanos now, ShardId from, ByteReader& in) {
  const std::uint32_t token = in.u32();
  for (std::uint32_t n = in.u32(); n > 0; --n)
    appended_ = plane_.append_route_add(now, as_text(in.take_u16_prefixed()), from);
  for (std::uint32_t n = in.u32(); n > 0; --n)
    appended_ = plane_.append_route_remove(now, as_text(in.take_u16_prefixed()), from);
  if (token == 0) return;
  Waiting waiting{appended_, from, token, {}};
  for (std::uint32_t n = in.u32(); n > 0; --n) waiting.retained_wanted.emplace_back(as_text(in.take_u16_prefixed()));
  if (waiting.sequence <= in_force_) return answer(now, waiting);
  waiting_.push_back(std::move(waiting));
}

void ControlSide::in_force(Nanos now, std::uint64_t up_to) {
  in_force_ = std::max(in_force_, up_to);
  while (!waiting_.empty() && waiting_.front().sequence <= in_force_) {
    answer(now, waiting_.front());
    waiting_.pop_front();
  }
}

void ControlSide::answer(Nanos now, const Waiting& waiting) {
  begin_message(message_, MessageKind::kRoutesInForce).u32(waiting.token);
  post_.post(waiting.shard, message_);
  for (std::uint32_t position = 0; position < waiting.retained_wanted.size() && retained_.count() > 0; ++position) {
    retained_.match(waiting.retained_wanted[position], now, [&](std::string_view, const routing::Retained& r) {
      ByteReader in(r.value);
      session::MessageView message = session::decode_message(in, now);
      message.expires_at = r.expires_at;
      ByteWriter w = begin_message(message_, MessageKind::kRetained);
      w.u32(waiting.token);
      w.u32(position);
      session::encode_message(message_, message, now);
      post_.post(waiting.shard, message_);
    });
  }
  begin_message(message_, MessageKind::kSubscribed).u32(waiting.token);
  post_.post(waiting.shard, message_);
}

void ControlSide::retain(Nanos now, ShardId from, ByteReader& in) {
  const std::uint32_t owed = in.u32();
  value_.clear();
  ByteWriter w(value_);
  w.u64(plane_.next_stamp());
  w.u16(tables_.setup.self);
  w.bytes(in.rest());
  plane_.append_retained(now, value_);
  if (owed == 0) return;
  begin_message(message_, MessageKind::kRetainStored).u32(owed - 1);
  post_.post(from, message_);
}

void ControlSide::apply(NodeId, Bytes value) {
  ByteReader in(value);
  routing::RetainedVersion version;
  version.clock = in.u64();
  version.writer = in.u16();
  session::MessageView message = session::decode_message(in, now_);
  if (!in.done()) return;  // a core of another version; the control plane has checked the frame around it
  const Nanos expires_at = message.expires_at;
  message.expires_at = kNever;
  std::vector<std::uint8_t> stored;
  if (!message.payload.empty()) session::encode_message(stored, message, now_);
  retained_.set(message.topic, stored, version, expires_at);
  if (sweep_at_ == kNever) sweep_at_ = now_ + kSweepEvery;
}

std::uint64_t ControlSide::for_each_of(NodeId owner, std::uint64_t cursor, cluster::RetainedVisitor& visitor) {
  return retained_.for_each_of(owner, cursor, [&](std::string_view topic, const routing::Retained& r) {
    session::MessageView message;
    message.topic = topic;
    if (!r.value.empty()) {
      ByteReader in(r.value);
      message = session::decode_message(in, now_);
    }
    message.expires_at = r.expires_at;
    std::vector<std::uint8_t> value;
    ByteWriter w(value);
    w.u64(r.version.clock);
    w.u16(r.version.writer);
    session::encode_message(value, message, now_);
    return visitor.retained(value);
  });
}

void ControlSide::claim(Nanos now, ShardId from, ByteReader& in) {
  cluster::ClaimRequest request;
  request.shard = from;
  request.request = in.u64();
  request.clean_start = in.u8() != 0;
  request.client_id = as_text(in.rest());
  plane_.claim(now, request);
}

void ControlSide::yielded(Nanos now, ByteReader& in) {
  const std::uint64_t epoch = in.u64();
  const bool present = in.u8() != 0;
  const std::string_view client_id = as_text(in.take_u16_prefixed());
  plane_.yielded(now, client_id, epoch, in.rest(), present);
}

void ControlSide::release(Nanos now, ByteReader& in) {
  const std::uint64_t epoch = in.u64();
  plane_.release(now, as_text(in.rest()), epoch);
}

void ControlSide::hold(Nanos now, ShardId from, ByteReader& in) {
  const std::uint64_t epoch = in.u64();
  plane_.hold(now, as_text(in.rest()), from, epoch);
}

void ControlSide::claim_granted(Nanos, ShardId shard, std::uint64_t request, std::uint64_t epoch, Bytes session,
                                bool present) {
  ByteWriter w = begin_message(message_, MessageKind::kGranted);
  w.u64(request);
  w.u64(epoch);
  w.u8(present ? 1 : 0);
  w.bytes(session);
  post_.post(shard, message_);
}

void ControlSide::claim_failed(Nanos, ShardId shard, std::uint64_t request) {
  begin_message(message_, MessageKind::kClaimFailed).u64(request);
  post_.post(shard, message_);
}

void ControlSide::yield(Nanos, ShardId shard, std::string_view client_id, std::uint64_t epoch, bool discard) {
  ByteWriter w = begin_message(message_, MessageKind::kYield);
  w.u64(epoch);
  w.u8(discard ? 1 : 0);
  w.bytes(as_bytes(client_id));
  post_.post(shard, message_);
}

void ControlSide::reassert(Nanos, cluster::NodeMask before, cluster::NodeMask after) {
  ByteWriter w = begin_message(message_, MessageKind::kReassert);
  w.u64(before);
  w.u64(after);
  to_all_shards(message_);
}

void ControlSide::node_gone(Nanos, NodeId node) {
  begin_message(message_, MessageKind::kNodeGone).u16(node);
  to_all_shards(message_);
}

void ControlSide::node_back(Nanos, NodeId node, std::uint64_t incarnation) {
  ByteWriter w = begin_message(message_, MessageKind::kNodeBack);
  w.u16(node);
  w.u64(incarnation);
  to_all_shards(message_);
}

void ControlSide::to_all_shards(Bytes message) {
  for (ShardId s = 0; s < tables_.shards; ++s) post_.post(s, message);
}

void ControlSide::add(NodeId owner, std::string_view filter, ShardId shard) {
  tables_.routes.add(filter, {owner, shard});
}
void ControlSide::remove(NodeId owner, std::string_view filter, ShardId shard) {
  tables_.routes.remove(filter, {owner, shard});
}
void ControlSide::remove_node(NodeId owner) { tables_.routes.remove_node(owner); }
void ControlSide::mask(NodeId owner) { tables_.routes.mask(owner); }
void ControlSide::unmask(NodeId owner) { tables_.routes.unmask(owner); }

std::uint64_t ControlSide::for_each_of(NodeId owner, std::uint64_t cursor, cluster::RouteVisitor& visitor) {
  return tables_.routes.for_each_of(
      owner, cursor, [&](std::string_view filter, ShardId shard) { return visitor.route(filter, shard); });
}

}  // namespace orrery::node

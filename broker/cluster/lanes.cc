// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/lanes.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::cluster {

Lanes::Lanes(const ClusterSetup& setup, ShardId shard, PeerPort& port, Heap& heap, LaneHost& host)
    : setup_(setup),
      shard_(shard),
      port_(port),
      heap_(heap),
      host_(host),
      rng_(mix64(setup.seed) ^ mix64(std::uint64_t{setup.self} << 16 | shard)),
      out_slots_(HeapAllocator<std::uint32_t>(heap)),
      in_slots_(HeapAllocator<std::uint32_t>(heap)),
      outs_(heap),
      ins_(heap),
      dirty_(HeapAllocator<std::uint32_t>(heap)),
      pending_(HeapAllocator<std::uint32_t>(heap)),
      to_dial_(HeapAllocator<std::uint32_t>(heap)) {
  std::uint32_t places = 0;
  for (NodeId n = 0; n < setup.nodes(); ++n) {
    first_index_[n] = places;
    places += setup.members[n].shards;
  }
  if (setup.nodes() > 1) {
    out_slots_.assign(places, kNoSlot);
    in_slots_.assign(places, kNoSlot);
  }
  port.set_user(StreamKind::kLane, this);
}

Lanes::~Lanes() { port_.set_user(StreamKind::kLane, nullptr); }

bool Lanes::valid(Place to) const {
  return to.node < setup_.nodes() && to.node != setup_.self && to.shard < setup_.members[to.node].shards;
}

Lanes::Out& Lanes::out(Place to) {
  std::uint32_t& slot = out_slots_[index_of(to)];
  if (slot == kNoSlot) {
    slot = outs_.emplace(heap_);
    outs_[slot].to = to;
  }
  return outs_[slot];
}

Lanes::Out* Lanes::find_out(Place to) {
  const std::uint32_t slot = out_slots_[index_of(to)];
  return slot == kNoSlot ? nullptr : &outs_[slot];
}

Lanes::In& Lanes::in(Place from) {
  std::uint32_t& slot = in_slots_[index_of(from)];
  if (slot == kNoSlot) {
    slot = ins_.emplace();
    ins_[slot].from = from;
  }
  return ins_[slot];
}

// Dialling ------------------------------------------------------------------------------------------------------------

void Lanes::start(Nanos now) {
  const bool replicants =
      std::any_of(setup_.members.begin(), setup_.members.end(), [](const Member& m) { return !m.core; });
  if (replicants && setup_.self_is_core()) return;
  // Begins behind itself and goes round, so that the nodes do not all dial the same one first.
  for (NodeId i = 1; i < setup_.nodes(); ++i) {
    const auto node = static_cast<NodeId>((setup_.self + i) % setup_.nodes());
    if (replicants && setup_.is_core(node)) continue;
    const ShardId shards = setup_.members[node].shards;
    for (ShardId s = 0; s < shards; ++s) {
      const Place to{node, static_cast<ShardId>((s + shard_) % shards)};
      out(to).eager = true;
      to_dial_.push_back(out_slots_[index_of(to)]);
    }
  }
  std::reverse(to_dial_.begin(), to_dial_.end());
  if (!to_dial_.empty()) next_dials_ = now;
}

void Lanes::dial(Out& lane) {
  if (lane.dialling || lane.stream != nullptr || (gone_ & mask_of(lane.to.node)) != 0) return;
  lane.dialling = true;
  lane.deadline = kNever;
  port_.dial(StreamKind::kLane, lane.to);
}

void Lanes::arm(Out& lane, Nanos deadline) {
  lane.deadline = deadline;
  next_expiry_ = std::min(next_expiry_, deadline);
}

void Lanes::retry_later(Nanos now, Out& lane) {
  lane.deadline = kNever;
  if ((lane.kept.empty() && !lane.eager) || (gone_ & mask_of(lane.to.node)) != 0) return;
  const Nanos wait = std::min(kDialRetryMin << std::min<int>(lane.failures, 10), kDialRetryMax);
  lane.failures = static_cast<std::uint8_t>(std::min(lane.failures + 1, 100));
  arm(lane, now + wait + static_cast<Nanos>(rng_.below(static_cast<std::uint64_t>(wait / 4))));
}

void Lanes::stream_failed(Nanos now, Place to) {
  Out* lane = find_out(to);
  if (lane == nullptr || !lane->dialling) return;
  lane->dialling = false;
  retry_later(now, *lane);
}

// Streams -------------------------------------------------------------------------------------------------------------

bool Lanes::stream_up(Nanos now, PeerStream& stream) {
  if (stream.dialled) {
    Out& lane = out(stream.peer);
    lane.dialling = false;
    stream.user = out_slots_[index_of(stream.peer)];
    const bool afresh = lane.incarnation != 0 && lane.incarnation != stream.incarnation;
    lane.incarnation = stream.incarnation;
    lane.stream = &stream;
    lane.progress = now;
    arm(lane, now + kLaneStallAfter);
    if (afresh) give_up(now, lane);
    return true;
  }
  In& lane = in(stream.peer);
  stream.user = in_slots_[index_of(stream.peer)];
  if (lane.stream != nullptr) {
    // The sender has dialled anew: it has given up the stream that we still have.
    port_.close(*lane.stream, CloseHow::kAbort, "the sender has dialled anew");
  }
  if (lane.incarnation != stream.incarnation) {
    lane.incarnation = stream.incarnation;
    lane.received = 0;
    lane.acknowledged = 0;
  }
  lane.stream = &stream;
  lane.started = false;
  acknowledge(lane);
  return true;
}

void Lanes::stream_down(Nanos now, PeerStream& stream) {
  if (!stream.dialled) {
    In& lane = ins_[stream.user];
    if (lane.stream == &stream) lane.stream = nullptr;
    return;
  }
  Out& lane = outs_[stream.user];
  if (lane.stream == &stream) cut(lane);
  if (lane.stream == nullptr && !lane.dialling) retry_later(now, lane);
}

/// What was sent on the stream is sent again on the next one from where the receiver then says that it stands.
void Lanes::cut(Out& lane) {
  lane.stream = nullptr;
  lane.open = false;
  lane.blocked = false;
}

void Lanes::stream_drained(Nanos now, PeerStream& stream) {
  if (!stream.dialled) return;
  Out& lane = outs_[stream.user];
  if (lane.stream != &stream) return;
  lane.blocked = false;
  lane.progress = now;
  mark_dirty(lane);
}

bool Lanes::stream_frame(Nanos now, PeerStream& stream, FrameType type, Bytes body) {
  std::uint64_t sequence = 0;
  if (stream.dialled) {
    if (type != FrameType::kLaneAck || !decode_sequence(body, sequence)) return false;
    return handle_ack(now, outs_[stream.user], sequence);
  }
  In& lane = ins_[stream.user];
  if (type == FrameType::kLaneData) return handle_data(now, lane, body);
  if (type != FrameType::kLaneStart || !decode_sequence(body, sequence)) return false;
  return handle_start(lane, sequence);
}

// The sender ----------------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> Lanes::send(Nanos now, Place to, Bytes message, bool wants_ack) {
  ORRERY_ASSERT(valid(to));
  if ((gone_ & mask_of(to.node)) != 0) return refuse(to, "the member is gone");
  if (message.size() > kLaneMessageBytesMax) return refuse(to, "it is too large for a lane");
  Out& lane = out(to);
  const std::size_t size = kLaneDataHeadBytes + message.size();
  if (lane.kept.size() + size > kLaneBufferBytesMax) return refuse(to, "the lane is full of what is not acknowledged");
  if (buffered_ + size > kLanesBufferBytesMax)
    return refuse(to, "all lanes of this shard together are full of what is not acknowledged");
  if (lane.kept.empty() && lane.stream != nullptr) {
    lane.progress = now;
    if (lane.deadline == kNever) arm(lane, now + kLaneStallAfter);
  }
  const std::uint64_t ticket = ++lane.last_ticket;
  const LaneDataHead head = lane_data_head(ticket, wants_ack, message.size());
  lane.kept.append(head);
  lane.kept.append(message);
  buffered_ += size;
  port_.effects().work(Work::kForward, 1);
  if (lane.stream != nullptr)
    mark_dirty(lane);
  else if (lane.deadline == kNever)
    dial(lane);
  return ticket;
}

std::nullopt_t Lanes::refuse(Place to, const char* why) {
  port_.effects().note({.kind = NoteKind::kDroppedPeerUnreachable,
                        .name = setup_.members[to.node].name,
                        .text = why,
                        .numbers = {to.shard}});
  return std::nullopt;
}

void Lanes::mark_dirty(Out& lane) {
  if (lane.dirty) return;
  lane.dirty = true;
  dirty_.push_back(out_slots_[index_of(lane.to)]);
}

void Lanes::flush(Out& lane) {
  lane.dirty = false;
  if (!lane.open || lane.stream->closing) return;
  while (!lane.blocked && lane.sent < lane.kept.end()) {
    const Bytes part = lane.kept.read(lane.sent);
    lane.blocked = port_.send(*lane.stream, part) > kLaneBacklogBytesMax;
    lane.sent += part.size();
  }
}

bool Lanes::handle_ack(Nanos now, Out& lane, std::uint64_t up_to) {
  lane.progress = now;
  if (up_to > lane.last_ticket) return false;
  const bool first = !lane.open;
  const bool advanced = settle(lane, up_to);
  if (first) {
    ByteWriter::Buffer frame;
    encode_sequence(FrameType::kLaneStart, lane.settled + 1, frame);
    port_.send(*lane.stream, frame);
    lane.sent = lane.kept.begin();
    lane.open = true;
    lane.failures = 0;
    mark_dirty(lane);
  }
  if (advanced) host_.lane_accepted(now, lane.to, lane.settled);
  return true;
}

/// Drops the frames up to a ticket; true when there were any.
bool Lanes::settle(Out& lane, std::uint64_t up_to) {
  ORRERY_ASSERT(lane.settled <= lane.last_ticket);
  ORRERY_ASSERT(up_to <= lane.last_ticket);
  if (up_to <= lane.settled) return false;
  std::uint64_t at = lane.kept.begin();
  for (; lane.settled < up_to; ++lane.settled) {
    std::array<std::uint8_t, kFrameLengthBytes> length{};
    lane.kept.copy(at, length.size(), length.data());
    at += length.size() + ByteReader(length).u32();
  }
  ORRERY_ASSERT(at <= lane.kept.end());
  ORRERY_ASSERT(buffered_ >= at - lane.kept.begin());
  buffered_ -= static_cast<std::size_t>(at - lane.kept.begin());
  lane.kept.drop_until(at);
  lane.sent = std::max(lane.sent, at);
  return true;
}

/// What waits is lost; the next ticket begins the lane afresh.
void Lanes::give_up(Nanos now, Out& lane) {
  const std::uint64_t first = lane.settled + 1;
  ORRERY_ASSERT(buffered_ >= lane.kept.size());
  buffered_ -= lane.kept.size();
  lane.kept.clear();
  lane.sent = lane.kept.begin();
  lane.settled = lane.last_ticket;
  if (first > lane.last_ticket) return;
  port_.effects().note({.kind = NoteKind::kMessagesLost,
                        .name = setup_.members[lane.to.node].name,
                        .numbers = {lane.last_ticket - first + 1, lane.to.shard}});
  host_.lane_lost(now, lane.to, first, lane.last_ticket);
}

// The receiver --------------------------------------------------------------------------------------------------------

bool Lanes::handle_start(In& lane, std::uint64_t base) {
  if (lane.started || base == 0 || base > kSequenceMax || base - 1 < lane.received) return false;
  lane.started = true;
  lane.received = base - 1;
  lane.acknowledged = base - 1;
  return true;
}

bool Lanes::handle_data(Nanos now, In& lane, Bytes body) {
  LaneData data;
  if (!decode(body, data) || !lane.started) return false;
  if (data.sequence > lane.received + 1 || data.sequence == 0 || data.sequence > kSequenceMax) return false;
  if (!lane.pending) {
    lane.pending = true;
    if (pending_.empty()) next_acks_ = now + kLaneAckAfter;
    pending_.push_back(in_slots_[index_of(lane.from)]);
  }
  if (data.sequence <= lane.received) {
    lane.at_once = true;
    return true;
  }
  ORRERY_ASSERT(data.sequence == lane.received + 1);
  lane.received = data.sequence;
  lane.bytes += static_cast<std::uint32_t>(body.size());
  lane.at_once = lane.at_once || data.wants_ack || lane.bytes >= kLaneAckBytes ||
                 lane.received - lane.acknowledged >= kLaneAckMessages;
  port_.effects().work(Work::kForward, 1);
  return host_.lane_message(now, lane.from, data.message);
}

void Lanes::acknowledge(In& lane) {
  lane.at_once = false;
  lane.bytes = 0;
  if (lane.stream == nullptr || lane.stream->closing) return;
  ByteWriter::Buffer frame;
  encode_sequence(FrameType::kLaneAck, lane.received, frame);
  port_.send(*lane.stream, frame);
  lane.acknowledged = lane.received;
}

// Time ----------------------------------------------------------------------------------------------------------------

void Lanes::end_of_event(Nanos now) {
  for (const std::uint32_t slot : dirty_) flush(outs_[slot]);
  dirty_.clear();
  const bool all = now >= next_acks_;
  std::size_t kept = 0;
  for (const std::uint32_t slot : pending_) {
    In& lane = ins_[slot];
    if (all || lane.at_once) {
      lane.pending = false;
      acknowledge(lane);
    } else {
      pending_[kept++] = slot;
    }
  }
  pending_.resize(kept);
  if (pending_.empty()) next_acks_ = kNever;
}

void Lanes::tick(Nanos now) {
  if (now >= next_dials_) {
    for (std::uint32_t n = 0; n < kLaneDialBatch && !to_dial_.empty(); ++n) {
      dial(outs_[to_dial_.back()]);
      to_dial_.pop_back();
    }
    next_dials_ = to_dial_.empty() ? kNever : now + kLaneDialEvery;
  }
  if (now < next_expiry_) return;
  next_expiry_ = kNever;
  for (std::uint32_t slot = 0; slot < outs_.end(); ++slot) {
    Out& lane = outs_[slot];
    if (lane.deadline <= now) expire(now, lane);
    next_expiry_ = std::min(next_expiry_, lane.deadline);
  }
}

void Lanes::expire(Nanos now, Out& lane) {
  lane.deadline = kNever;
  if (lane.stream == nullptr) return dial(lane);
  if (lane.open && lane.kept.empty()) return;
  if (now < lane.progress + kLaneStallAfter) return arm(lane, lane.progress + kLaneStallAfter);
  PeerStream& stream = *lane.stream;
  cut(lane);
  port_.close(stream, CloseHow::kAbort, "what was sent is not acknowledged");
}

Nanos Lanes::next_deadline() const { return std::min({next_expiry_, next_dials_, next_acks_}); }

void Lanes::node_gone(Nanos now, NodeId node) {
  if (node == setup_.self) return;
  gone_ |= mask_of(node);
  for (ShardId s = 0; s < setup_.members[node].shards; ++s) {
    Out* lane = find_out({node, s});
    if (lane == nullptr) continue;
    give_up(now, *lane);
    lane->deadline = kNever;
    if (lane->stream == nullptr) continue;
    PeerStream& stream = *lane->stream;
    cut(*lane);
    port_.close(stream, CloseHow::kAbort, "the member is gone");
  }
}

void Lanes::node_back(Nanos now, NodeId node, std::uint64_t incarnation) {
  if (node == setup_.self) return;
  gone_ &= ~mask_of(node);
  for (ShardId s = 0; s < setup_.members[node].shards; ++s) {
    Out* lane = find_out({node, s});
    if (lane == nullptr) continue;
    if (lane->incarnation != 0 && lane->incarnation < incarnation) {
      give_up(now, *lane);
      lane->incarnation = 0;
      if (lane->stream != nullptr) {
        PeerStream& stream = *lane->stream;
        cut(*lane);
        port_.close(stream, CloseHow::kAbort, "the member has started anew");
      }
    }
    if (lane->stream != nullptr || (!lane->eager && lane->kept.empty())) continue;
    lane->failures = 0;
    to_dial_.push_back(out_slots_[index_of(lane->to)]);
    next_dials_ = std::min(next_dials_, now);
  }
}

std::uint64_t Lanes::memory_bytes() const {
  std::uint64_t total =
      (out_slots_.capacity() + in_slots_.capacity() + dirty_.capacity() + pending_.capacity() + to_dial_.capacity()) *
      sizeof(std::uint32_t);
  total += outs_.end() * (sizeof(Out) + 8) + ins_.end() * (sizeof(In) + 8);
  for (std::uint32_t slot = 0; slot < outs_.end(); ++slot) total += outs_[slot].kept.memory_bytes();
  return total;
}

}  // namespace orrery::cluster

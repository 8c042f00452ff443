// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/peer_port.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace orrery::cluster {
namespace {

// A dial tag names what is dialled: kind, node, shard.
std::uint32_t tag_of(StreamKind kind, Place to) {
  return static_cast<std::uint32_t>(kind) << 24 | static_cast<std::uint32_t>(to.node) << 16 | to.shard;
}
StreamKind kind_of_tag(std::uint32_t tag) { return static_cast<StreamKind>(tag >> 24); }
Place place_of_tag(std::uint32_t tag) {
  return {static_cast<NodeId>(tag >> 16 & 0xff), static_cast<ShardId>(tag & 0xffff)};
}

std::uint32_t length_field(Bytes begin) { return ByteReader(begin).u32(); }

}  // namespace

PeerPort::PeerPort(const ClusterSetup& setup, ShardId shard, Effects& effects, Heap& heap)
    : setup_(setup),
      shard_(shard),
      effects_(effects),
      heap_(heap),
      fingerprint_(fingerprint(setup)),
      links_(heap),
      streams_(heap),
      young_(HeapAllocator<Young>(heap)) {
  ORRERY_ASSERT(setup.members.size() <= kMembersMax);
  ORRERY_ASSERT(setup.self < setup.members.size());
  ORRERY_ASSERT(setup.incarnation != 0);
  incarnations_[setup.self] = setup.incarnation;
}

PeerPort::~PeerPort() {
  for (std::uint32_t id = 0; id < streams_.end(); ++id)
    if (streams_.contains(id)) drop_carry(streams_[id]);
}

void PeerPort::link_open(Nanos now, LinkId link, const LinkInfo& info) {
  ORRERY_ASSERT(info.kind == LinkKind::kPeerIn || info.kind == LinkKind::kPeerOut);
  const std::uint32_t slot = streams_.emplace();
  Stream& stream = streams_[slot];
  stream.link = link;
  links_.insert(slot, hash_of_slot());
  stream.dialled = info.kind == LinkKind::kPeerOut;
  young_.push_back({now + kPeerHelloTimeout, link});
  if (!stream.dialled) return;
  stream.kind = kind_of_tag(info.dial_tag);
  stream.peer = place_of_tag(info.dial_tag);
  say_hello(stream);
}

void PeerPort::feed(Nanos now, LinkId link, Bytes bytes) {
  const std::uint32_t slot = find(link);
  if (slot == kNoSlot) return;
  Stream& stream = streams_[slot];
  while (!bytes.empty() && !stream.closing) {
    if (stream.carry_size == 0) {
      const std::size_t size = frame_size(now, stream, bytes);
      if (stream.closing) return;
      if (size != 0 && size <= bytes.size()) {
        handle_frame(now, stream, bytes.first(size));
        bytes = bytes.subspan(size);
        continue;
      }
    }
    carry_until(stream, kFrameLengthBytes, bytes);
    const std::size_t size = frame_size(now, stream, {stream.carry, stream.carry_size});
    if (stream.closing || size == 0) return;
    carry_until(stream, size, bytes);
    if (stream.carry_size < size) return;
    handle_frame(now, stream, {stream.carry, size});
    drop_carry(stream);
  }
}

std::size_t PeerPort::frame_size(Nanos now, Stream& stream, Bytes begin) {
  if (begin.size() < kFrameLengthBytes) return 0;
  const std::uint32_t length = length_field(begin);
  const std::size_t limit = stream.incarnation == 0 ? kPeerHelloBytesMax : kPeerFrameBytesMax;
  if (length > limit) refuse(now, stream, Refusal::kTooLong);
  if (length == 0) refuse(now, stream, Refusal::kMalformed);
  return kFrameLengthBytes + length;
}

void PeerPort::carry_until(Stream& stream, std::size_t want, Bytes& bytes) {
  if (stream.carry_size >= want) return;
  const std::size_t n = std::min(want - stream.carry_size, bytes.size());
  const std::size_t size = stream.carry_size + n;
  if (size > stream.carry_capacity) {
    // Grows with what has really come: a length alone does not make the port allocate.
    const std::size_t capacity = std::max<std::size_t>({size, 2 * std::size_t{stream.carry_capacity}, 64});
    auto* grown = static_cast<std::uint8_t*>(heap_.allocate(capacity));
    if (stream.carry_size > 0) std::memcpy(grown, stream.carry, stream.carry_size);
    if (stream.carry != nullptr) heap_.free(stream.carry, stream.carry_capacity);
    carried_ += capacity - stream.carry_capacity;
    stream.carry = grown;
    stream.carry_capacity = static_cast<std::uint32_t>(capacity);
  }
  if (n > 0) std::memcpy(stream.carry + stream.carry_size, bytes.data(), n);
  stream.carry_size = static_cast<std::uint32_t>(size);
  bytes = bytes.subspan(n);
}

void PeerPort::drop_carry(Stream& stream) {
  if (stream.carry != nullptr) heap_.free(stream.carry, stream.carry_capacity);
  carried_ -= stream.carry_capacity;
  stream.carry = nullptr;
  stream.carry_size = 0;
  stream.carry_capacity = 0;
}

void PeerPort::handle_frame(Nanos now, Stream& stream, Bytes frame) {
  const auto type = static_cast<FrameType>(frame[kFrameLengthBytes]);
  const Bytes body = frame.subspan(kFrameLengthBytes + 1);
  if (type == FrameType::kRefuse) {
    note_refusal(now, NoteKind::kRefusedByPeer, stream, decode_refuse(body));
    close(stream, CloseHow::kFlush, "it refused this node");
  } else if (stream.incarnation == 0) {
    if (type == FrameType::kHello)
      handle_hello(now, stream, body);
    else
      refuse(now, stream, Refusal::kMalformed);
  } else if (!user_of(stream).stream_frame(now, stream, type, body)) {
    refuse(now, stream, Refusal::kMalformed);
  }
}

Refusal PeerPort::judge(const Stream& stream, const Hello& hello) const {
  if (hello.fingerprint != fingerprint_) return Refusal::kFingerprint;
  if (hello.from.node >= setup_.nodes() || hello.from.node == setup_.self) return Refusal::kUnknownPlace;
  if (hello.from.shard >= setup_.members[hello.from.node].shards) return Refusal::kUnknownPlace;
  if (hello.to != Place{setup_.self, shard_}) return Refusal::kUnknownPlace;
  if (stream.dialled && hello.from != stream.peer) return Refusal::kUnknownPlace;
  if (stream.dialled && hello.kind != stream.kind) return Refusal::kUnwanted;
  if (users_[static_cast<std::size_t>(hello.kind)] == nullptr) return Refusal::kUnwanted;
  if (hello.incarnation < incarnations_[hello.from.node]) return Refusal::kStaleIncarnation;
  return Refusal::kNone;
}

void PeerPort::handle_hello(Nanos now, Stream& stream, Bytes body) {
  Hello hello;
  Refusal why = decode(body, hello);
  if (why == Refusal::kNone) why = judge(stream, hello);
  if (why != Refusal::kNone) return refuse(now, stream, why);
  stream.kind = hello.kind;
  stream.peer = hello.from;
  stream.incarnation = hello.incarnation;
  incarnations_[hello.from.node] = hello.incarnation;
  forget_young(stream.link);
  if (!stream.dialled) say_hello(stream);
  ORRERY_ASSERT(!stream.up);
  stream.up = true;
  if (user_of(stream).stream_up(now, stream)) {
    for (auto& told : told_) told[stream.peer.node] = {};
    return note_stream(NoteKind::kPeerUp, NoteKind::kLaneUp, stream, "");
  }
  stream.up = false;
  refuse(now, stream, Refusal::kUnwanted);
}

void PeerPort::say_hello(const Stream& stream) {
  Hello hello;
  hello.kind = stream.kind;
  hello.fingerprint = fingerprint_;
  hello.from = {setup_.self, shard_};
  hello.to = stream.peer;
  hello.incarnation = setup_.incarnation;
  ByteWriter::Buffer frame;
  encode(hello, frame);
  effects_.send(stream.link, frame);
}

void PeerPort::refuse(Nanos now, Stream& stream, Refusal why) {
  if (stream.closing) return;
  ByteWriter::Buffer frame;
  encode_refuse(why, frame);
  effects_.send(stream.link, frame);
  note_refusal(now, NoteKind::kPeerRefused, stream, why);
  close(stream, CloseHow::kFlush, refusal_text(why));
}

// A peer that is refused comes again and again: it is told of once, and from time to time.
void PeerPort::note_refusal(Nanos now, NoteKind kind, const Stream& stream, Refusal why) {
  const bool known = stream.dialled || stream.incarnation != 0;
  Told& told = told_[kind == NoteKind::kPeerRefused ? 0 : 1][known ? stream.peer.node : kMembersMax];
  if (told.why == why && now < told.again_at) return;
  told = {why, now + kRefusalToldEvery};
  effects_.note({.kind = kind,
                 .link = stream.link,
                 .name = known ? std::string_view(setup_.members[stream.peer.node].name) : "an unknown peer",
                 .text = refusal_text(why)});
}

void PeerPort::note_stream(NoteKind control, NoteKind lane, const Stream& stream, const char* why) {
  const bool is_lane = stream.kind == StreamKind::kLane;
  effects_.note({.kind = is_lane ? lane : control,
                 .link = stream.link,
                 .name = setup_.members[stream.peer.node].name,
                 .text = why,
                 .numbers = {is_lane ? shard_ : std::uint64_t{0}, is_lane ? stream.peer.shard : std::uint64_t{0}}});
}

void PeerPort::close(PeerStream& stream, CloseHow how, const char* why) {
  if (stream.closing) return;
  stream.closing = true;
  stream.why = why;
  effects_.close(stream.link, how);
}

void PeerPort::dial(StreamKind kind, Place to) { effects_.dial(tag_of(kind, to), to.node, to.shard); }

void PeerPort::drained(Nanos now, LinkId link) {
  const std::uint32_t slot = find(link);
  if (slot == kNoSlot) return;
  Stream& stream = streams_[slot];
  if (stream.up && !stream.closing) user_of(stream).stream_drained(now, stream);
}

void PeerPort::link_closed(Nanos now, LinkId link) {
  const std::uint32_t slot = find(link);
  if (slot == kNoSlot) return;
  Stream& stream = streams_[slot];
  links_.erase(slot, hash_of_slot());
  if (stream.incarnation == 0) forget_young(link);
  stream.closing = true;
  if (stream.up) {
    note_stream(NoteKind::kPeerDown, NoteKind::kLaneDown, stream,
                stream.why != nullptr ? stream.why : "the connection ended");
    user_of(stream).stream_down(now, stream);
  } else if (stream.dialled) {
    user_of(stream).stream_failed(now, stream.peer);
  }
  drop_carry(stream);
  streams_.erase(slot);
}

void PeerPort::dial_failed(Nanos now, std::uint32_t dial_tag) {
  users_[static_cast<std::size_t>(kind_of_tag(dial_tag))]->stream_failed(now, place_of_tag(dial_tag));
}

void PeerPort::tick(Nanos now) {
  while (!young_.empty() && young_.front().deadline <= now) {
    const LinkId link = young_.front().link;
    young_.erase(young_.begin());
    const std::uint32_t slot = find(link);
    ORRERY_ASSERT(slot != kNoSlot);
    refuse(now, streams_[slot], Refusal::kNoHello);
  }
}

void PeerPort::forget_young(LinkId link) {
  const auto at = std::find_if(young_.begin(), young_.end(), [link](const Young& y) { return y.link == link; });
  if (at != young_.end()) young_.erase(at);
}

std::uint64_t PeerPort::memory_bytes() const {
  return links_.size() * 8 + streams_.end() * (sizeof(Stream) + 8) + carried_ + young_.capacity() * sizeof(Young);
}

}  // namespace orrery::cluster

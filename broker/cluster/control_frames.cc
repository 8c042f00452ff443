// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/control_frames.h"

#include "broker/cluster/limits.h"

namespace orrery::cluster {
namespace {

constexpr std::uint8_t kHaveFull = 1;
constexpr std::uint8_t kHaveNewborn = 2;
constexpr std::size_t kPositionBytes = 2 + 8 + 8;

void write(ByteWriter& w, const std::vector<OwnerPosition>& positions) {
  w.u16(static_cast<std::uint16_t>(positions.size()));
  for (const OwnerPosition& p : positions) write(w, p);
}

bool read(ByteReader& r, const ClusterSetup& setup, std::vector<OwnerPosition>& positions) {
  const std::size_t count = r.u16();
  if (r.failed() || r.remaining() != count * kPositionBytes) return false;
  positions.resize(count);
  for (OwnerPosition& p : positions)
    if (!read(r, setup, p)) return false;
  return true;
}

}  // namespace

void write(ByteWriter& w, const OwnerPosition& position) {
  w.u16(position.owner);
  w.u64(position.at.incarnation);
  w.u64(position.at.sequence);
}

bool read(ByteReader& r, const ClusterSetup& setup, OwnerPosition& position) {
  position.owner = r.u16();
  position.at.incarnation = r.u64();
  position.at.sequence = r.u64();
  return !r.failed() && position.owner < setup.nodes() && position.at.sequence <= kSequenceMax;
}

void write(ByteWriter& w, const Have& have) {
  w.u8(static_cast<std::uint8_t>((have.full ? kHaveFull : 0) | (have.newborn ? kHaveNewborn : 0)));
  write(w, have.positions);
}

bool read(ByteReader& r, const ClusterSetup& setup, Have& have) {
  const std::uint8_t flags = r.u8();
  have.full = (flags & kHaveFull) != 0;
  have.newborn = (flags & kHaveNewborn) != 0;
  return read(r, setup, have.positions) && flags <= (kHaveFull | kHaveNewborn);
}

void write(ByteWriter& w, const Heartbeat& beat) {
  w.u64(beat.hears);
  write(w, beat.positions);
}

bool read(ByteReader& r, const ClusterSetup& setup, Heartbeat& beat) {
  beat.hears = r.u64();
  if (setup.nodes() < kMembersMax && beat.hears >> setup.nodes() != 0) return false;
  return read(r, setup, beat.positions);
}

void write(ByteWriter& w, const EntriesHead& head) {
  w.u16(head.owner);
  w.u64(head.incarnation);
  w.u64(head.first);
  w.u32(head.count);
}

bool read(ByteReader& r, const ClusterSetup& setup, EntriesHead& head) {
  head.owner = r.u16();
  head.incarnation = r.u64();
  head.first = r.u64();
  head.count = r.u32();
  if (r.failed() || head.owner >= setup.nodes() || head.incarnation == 0) return false;
  return head.first != 0 && head.first <= kSequenceMax && head.count <= kSequenceMax - head.first + 1;
}

void write(ByteWriter& w, const CopyHead& head) {
  w.u8(static_cast<std::uint8_t>(head.kind));
  write(w, head.of);
}

bool read(ByteReader& r, const ClusterSetup& setup, CopyHead& head) {
  const std::uint8_t kind = r.u8();
  head.kind = static_cast<CopyKind>(kind);
  if (!read(r, setup, head.of) || !r.done()) return false;
  if (head.kind == CopyKind::kWhole) return head.of.at.incarnation != 0;
  return head.kind == CopyKind::kRetainedOnly && head.of.at.incarnation == 0 && head.of.at.sequence <= kFromSettled;
}

void write(ByteWriter& w, const Envelope& envelope) {
  w.u16(envelope.from);
  w.u16(envelope.to);
  w.u8(envelope.hops);
}

bool read(ByteReader& r, const ClusterSetup& setup, Envelope& envelope) {
  envelope.from = r.u16();
  envelope.to = r.u16();
  envelope.hops = r.u8();
  return !r.failed() && envelope.from < setup.nodes() && envelope.to < setup.nodes() && envelope.hops <= kHopsMax;
}

void write(ByteWriter& w, const HolderShard& holder) {
  w.u16(holder.shard);
  w.u64(holder.incarnation);
}

bool read(ByteReader& r, HolderShard& holder) {
  holder.shard = r.u16();
  holder.incarnation = r.u64();
  return !r.failed();
}

}  // namespace orrery::cluster

// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/owner_log.h"

#include <array>

#include "base/assert.h"
#include "broker/cluster/limits.h"
#include "broker/routing/member_row.h"

namespace orrery::cluster {
namespace {
constexpr std::size_t kEntryHeadBytes = 1 + 4;
}

void encode(const Entry& entry, ByteWriter& out) {
  out.u8(static_cast<std::uint8_t>(entry.operation));
  if (entry.operation == Operation::kRetained) return out.u32_prefixed(entry.value);
  out.u32(static_cast<std::uint32_t>(2 + entry.filter.size()));
  out.u16(entry.shard);
  out.bytes(as_bytes(entry.filter));
}

bool decode(ByteReader& in, Entry& entry) {
  const std::uint8_t operation = in.u8();
  ByteReader body(in.take_u32_prefixed());
  if (in.failed()) return false;
  entry.operation = static_cast<Operation>(operation);
  switch (entry.operation) {
    case Operation::kRouteAdd:
    case Operation::kRouteRemove:
      entry.shard = body.u16();
      entry.filter = as_text(body.rest());
      return !body.failed() && !entry.filter.empty() && entry.filter.size() <= kFilterBytesMax;
    case Operation::kRetained:
      entry.value = body.rest();
      return entry.value.size() <= kRetainedBytesMax;
  }
  return false;
}

bool plausible(const Entry& entry, const ClusterSetup& setup, NodeId owner) {
  if (entry.operation == Operation::kRetained) return true;  // the sink's to say
  return entry.shard < setup.members[owner].shards && routing::valid_row(entry.filter);
}

void OwnerLog::reset(Position at) {
  ORRERY_ASSERT(at.sequence <= kSequenceMax);
  incarnation_ = at.incarnation;
  last_ = at.sequence;
  first_ = at.sequence + 1;
  tail_.clear();
}

void OwnerLog::append(Bytes encoded, bool keep) {
  ++last_;
  ORRERY_ASSERT(last_ <= kSequenceMax);
  if (!keep) {
    first_ = last_ + 1;
    tail_.clear();
    return;
  }
  tail_.append(encoded);
  while (first_ < last_ && (last_ - first_ >= kOwnerLogEntriesMax || tail_.size() > kOwnerLogBytesMax)) {
    tail_.drop_until(tail_.begin() + entry_size(tail_.begin()));
    ++first_;
  }
}

std::size_t OwnerLog::entry_size(std::uint64_t offset) const {
  std::array<std::uint8_t, kEntryHeadBytes> head{};
  tail_.copy(offset, head.size(), head.data());
  return head.size() + ByteReader(Bytes(head).subspan(1)).u32();
}

std::uint64_t OwnerLog::offset_of(std::uint64_t sequence) const {
  ORRERY_ASSERT(sequence >= first_);
  ORRERY_ASSERT(sequence <= last_ + 1);
  if (sequence == last_ + 1) return tail_.end();
  std::uint64_t offset = tail_.begin();
  for (std::uint64_t s = first_; s < sequence; ++s) offset += entry_size(offset);
  return offset;
}

std::uint32_t OwnerLog::copy(std::uint64_t& sequence, std::uint64_t& offset, std::size_t max_bytes,
                             ByteWriter& out) const {
  std::uint32_t count = 0;
  std::size_t bytes = 0;
  while (sequence <= last_ && (count == 0 || bytes < max_bytes)) {
    std::size_t left = entry_size(offset);
    bytes += left;
    while (left > 0) {
      const Bytes part = tail_.read(offset, left);
      out.bytes(part);
      offset += part.size();
      left -= part.size();
    }
    ++sequence;
    ++count;
  }
  return count;
}

}  // namespace orrery::cluster

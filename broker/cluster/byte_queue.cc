// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/byte_queue.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace orrery::cluster {

void ByteQueue::append(Bytes bytes) {
  while (!bytes.empty()) {
    if (head_ == chunks_.size()) first_chunk_ = end_ / kChunk;
    if (chunk_of(end_) == chunks_.size()) chunks_.push_back(static_cast<std::uint8_t*>(heap().allocate(kChunk)));
    const std::size_t in_chunk = static_cast<std::size_t>(end_ % kChunk);
    const std::size_t n = std::min(bytes.size(), kChunk - in_chunk);
    std::memcpy(chunks_[chunk_of(end_)] + in_chunk, bytes.data(), n);
    end_ += n;
    bytes = bytes.subspan(n);
  }
}

Bytes ByteQueue::read(std::uint64_t at, std::size_t max) const {
  ORRERY_ASSERT(at >= begin_);
  ORRERY_ASSERT(at <= end_);
  if (at == end_) return {};
  const std::size_t in_chunk = static_cast<std::size_t>(at % kChunk);
  const std::size_t n = std::min({max, kChunk - in_chunk, static_cast<std::size_t>(end_ - at)});
  return {chunks_[chunk_of(at)] + in_chunk, n};
}

void ByteQueue::copy(std::uint64_t at, std::size_t n, std::uint8_t* out) const {
  while (n > 0) {
    const Bytes part = read(at, n);
    ORRERY_ASSERT(!part.empty());
    std::memcpy(out, part.data(), part.size());
    out += part.size();
    at += part.size();
    n -= part.size();
  }
}

void ByteQueue::drop_until(std::uint64_t at) {
  ORRERY_ASSERT(at >= begin_);
  ORRERY_ASSERT(at <= end_);
  begin_ = at;
  while (head_ < chunks_.size() && (begin_ == end_ || first_chunk_ < begin_ / kChunk)) {
    heap().free(chunks_[head_], kChunk);
    ++head_;
    ++first_chunk_;
  }
  if (head_ == chunks_.size()) {
    HeapVector<std::uint8_t*>(chunks_.get_allocator()).swap(chunks_);
    head_ = 0;
  } else if (head_ >= 64 && head_ * 2 >= chunks_.size()) {
    chunks_.erase(chunks_.begin(), chunks_.begin() + head_);
    head_ = 0;
  }
}

std::size_t ByteQueue::memory_bytes() const {
  return (chunks_.size() - head_) * kChunk + chunks_.capacity() * sizeof(std::uint8_t*);
}

}  // namespace orrery::cluster

// SPDX-License-Identifier: Apache-2.0
// The bytes that the events of one batch send, kept until the batch ends so that each link is written to once.
//
// Bytes are copied into chunks; each link's bytes are a chain of segments, in the order of the calls, and neighbours in
// memory are one segment. A link holds a Chain (12 bytes); clear() forgets everything but a few chunks for the next
// batch.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/types.h"

namespace orrery::runtime {

class SendBatch {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Chain {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::uint32_t bytes = 0;
  };

  void append(Chain& chain, Bytes bytes) {
    std::uint8_t* const to = reserve(bytes.size());
    std::memcpy(to, bytes.data(), bytes.size());
    const auto size = static_cast<std::uint32_t>(bytes.size());
    if (chain.last != kNone && segments_[chain.last].data + segments_[chain.last].size == to) {
      segments_[chain.last].size += size;
    } else {
      const auto id = static_cast<std::uint32_t>(segments_.size());
      segments_.push_back({to, size, kNone});
      (chain.last == kNone ? chain.first : segments_[chain.last].next) = id;
      chain.last = id;
    }
    chain.bytes += size;
    bytes_ += size;
  }

  /// Fills `out` with the chain's segments from `at` on, at most `max`; moves `at` behind them.
  int gather(std::uint32_t& at, iovec* out, int max) const {
    int count = 0;
    for (; at != kNone && count < max; at = segments_[at].next) out[count++] = {segments_[at].data, segments_[at].size};
    return count;
  }

  /// Bytes appended since clear().
  std::size_t bytes() const { return bytes_; }

  /// All chains must have been written or dropped.
  void clear() {
    constexpr std::size_t kChunksKept = 4;
    std::erase_if(chunks_, [](const Chunk& chunk) { return chunk.size > kChunk; });
    if (chunks_.size() > kChunksKept) chunks_.erase(chunks_.begin() + kChunksKept, chunks_.end());
    segments_.clear();
    chunk_ = 0;
    used_ = 0;
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kChunk = 64 * 1024;
  struct Segment {
    std::uint8_t* data;
    std::uint32_t size;
    std::uint32_t next;
  };
  struct Chunk {
    std::unique_ptr<std::uint8_t[]> memory;
    std::size_t size;
  };

  std::uint8_t* reserve(std::size_t size) {
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < size) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
      const std::size_t want = size > kChunk ? size : kChunk;
      chunks_.push_back({std::unique_ptr<std::uint8_t[]>(new std::uint8_t[want]), want});
    }
    std::uint8_t* const out = chunks_[chunk_].memory.get() + used_;
    used_ += size;
    return out;
  }

  std::vector<Segment> segments_;
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace orrery::runtime

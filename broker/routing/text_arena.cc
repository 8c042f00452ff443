// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/text_arena.h"

#include <algorithm>
#include <bit>
#include <new>

#include "base/assert.h"
#include "broker/routing/limits.h"

namespace orrery::routing {

TextArena::TextArena(Heap& heap, QuiescentStates& states, Values values)
    : heap_(heap),
      states_(states),
      values_(static_cast<std::uint32_t>(values)),
      chunks_(HeapAllocator<Chunk>(heap)),
      wasteful_(HeapAllocator<std::uint32_t>(heap)),
      numbers_(heap, states, 1u << kChunkShift) {}

TextArena::~TextArena() {
  char** directory = directory_.load(std::memory_order_relaxed);
  for (std::uint32_t c = 0; c < chunks_.size(); ++c)
    if (chunks_[c].size != 0) heap_.free(directory[c], chunks_[c].size);
  if (directory != nullptr) heap_.free(directory, directory_capacity_ * sizeof(char*));
}

std::size_t TextArena::memory_bytes() const {
  return size_ + directory_capacity_ * sizeof(char*) + chunks_.capacity() * sizeof(Chunk) +
         wasteful_.capacity() * sizeof(std::uint32_t) + numbers_.memory_bytes();
}

TextRef TextArena::add(std::uint32_t owner, std::string_view text) {
  ORRERY_ASSERT(text.size() <= kFilterBytesMax);
  const std::uint32_t bytes = bytes_of(text.size());
  if (newest_ == kNoChunk || chunks_[newest_].used + bytes > chunks_[newest_].size)
    if (!open_chunk(bytes)) return kNoText;
  Chunk& chunk = chunks_[newest_];
  char* record = directory_.load(std::memory_order_relaxed)[newest_] + chunk.used;
  const auto size = static_cast<std::uint16_t>(text.size());
  if (values_ != 0) new (record) std::atomic<std::uint64_t>(0);
  record += values_;
  std::memcpy(record, &owner, 4);
  std::memcpy(record + 4, &size, 2);
  if (!text.empty()) std::memcpy(record + kHeader, text.data(), text.size());
  const TextRef ref = newest_ << kChunkShift | chunk.used / kUnit;
  chunk.used += bytes;
  live_ += bytes;
  return ref;
}

void TextArena::remove(TextRef ref) {
  ORRERY_ASSERT(ref != kNoText);
  const std::uint32_t chunk = ref >> kChunkShift;
  const std::uint32_t bytes = bytes_of(text(ref).size());
  chunks_[chunk].garbage += bytes;
  live_ -= bytes;
  if (live_ == 0) newest_ = kNoChunk;
  if (chunk != newest_) consider(chunk);
}

void TextArena::consider(std::uint32_t chunk) {
  Chunk& c = chunks_[chunk];
  if (c.queued || c.garbage * 2 <= c.used) return;
  c.queued = true;
  wasteful_.push_back(chunk);
}

bool TextArena::open_chunk(std::uint32_t needed) {
  const std::uint32_t number = numbers_.allocate();
  if (number == IdPool::kNone) return false;
  const std::size_t half_more = std::clamp<std::size_t>(std::bit_ceil(live_ / 2), kChunkBytesMin, kChunkBytesMax);
  const auto size = static_cast<std::uint32_t>(std::max<std::size_t>(needed + kFirst, half_more));
  if (number >= directory_capacity_) grow_directory();
  if (number >= chunks_.size()) chunks_.resize(number + 1);
  directory_.load(std::memory_order_relaxed)[number] = static_cast<char*>(heap_.allocate(size));
  chunks_[number] = Chunk{size, kFirst, 0, false};
  size_ += size;
  const std::uint32_t full = newest_;
  newest_ = number;
  if (full != kNoChunk) consider(full);
  return true;
}

void TextArena::retire_chunk(std::uint32_t chunk) {
  Chunk& c = chunks_[chunk];
  states_.retire(heap_, directory_.load(std::memory_order_relaxed)[chunk], c.size);
  size_ -= c.size;
  c = Chunk{};
  numbers_.release(chunk);
}

void TextArena::grow_directory() {
  const std::uint32_t capacity = directory_capacity_ == 0 ? 4 : directory_capacity_ * 2;
  char** old = directory_.load(std::memory_order_relaxed);
  char** bigger = static_cast<char**>(heap_.allocate(capacity * sizeof(char*)));
  if (old != nullptr) std::memcpy(bigger, old, directory_capacity_ * sizeof(char*));
  directory_.store(bigger, std::memory_order_release);
  if (old != nullptr) states_.retire(heap_, old, directory_capacity_ * sizeof(char*));
  directory_capacity_ = capacity;
}

}  // namespace orrery::routing

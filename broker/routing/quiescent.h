// SPDX-License-Identifier: Apache-2.0
// When may the writer free what a reader might still see? Quiescent-state based reclamation (McKenney, Slingwine 1998).
//
// One writer changes structures that many readers look at without waiting. Whatever it unlinks is stamped with the
// present epoch; a reader says at the end of each event that it holds nothing any more, which costs it two loads and
// seldom a store. What was stamped before every reader's last such moment is free. A reader that has no events holds
// everything up: the writer sees it by behind() and may send it an empty event. With no readers everything is free at
// once, so a structure that one thread uses alone runs the same code.
//
// Contract: passed() is called by reader r's thread alone, everything else by the writer. A reader may be the writer
// itself (shard 0 is both). Order of life: heap, then this, then the structures; readers are gone when the structures
// go.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "broker/base/heap.h"

namespace orrery::routing {

class QuiescentStates {
 public:
  /// Readers are numbered 0 to readers - 1.
  explicit QuiescentStates(std::uint32_t readers);
  /// Frees all that is retired.
  ~QuiescentStates();
  QuiescentStates(const QuiescentStates&) = delete;
  QuiescentStates& operator=(const QuiescentStates&) = delete;

  /// Reader `reader` holds no reference into any structure now. The last thing in each of its events.
  void passed(std::uint32_t reader) {
    const std::uint64_t now = epoch_.load(std::memory_order_acquire);
    std::atomic<std::uint64_t>& seen = readers_[reader].seen;
    if (seen.load(std::memory_order_relaxed) != now) seen.store(now, std::memory_order_release);
  }

  /// The writer has unlinked this block of `heap`: to be freed when no reader can see it.
  void retire(Heap& heap, void* block, std::size_t size);
  /// Frees what can be freed, and begins a new epoch if anything was stamped in this one. Call it at the end of each
  /// event of the writer; costs two loads when nothing is retired.
  void reclaim();

  /// For things that are no blocks (ids): stamp them when unlinked, use them again when the stamp is safe.
  std::uint64_t stamp() {
    if (readers_.empty()) return 0;
    stamped_ = true;
    return epoch_.load(std::memory_order_relaxed);
  }
  /// As of the last reclaim().
  bool safe(std::uint64_t stamp) const { return stamp < oldest_seen_ || readers_.empty(); }

  /// Whether this reader holds up what is retired now.
  bool behind(std::uint32_t reader) const;
  std::size_t retired_blocks() const { return retired_.size() - first_; }
  std::size_t retired_bytes() const { return retired_bytes_; }

 private:
  struct alignas(64) Reader {
    std::atomic<std::uint64_t> seen{0};
  };
  struct Retired {
    std::uint64_t stamp;
    Heap* heap;
    void* block;
    std::size_t size;
  };

  alignas(64) std::atomic<std::uint64_t> epoch_{1};
  alignas(64) std::vector<Reader> readers_;
  std::vector<Retired> retired_;  // in order of their stamps, those before first_ are done
  std::size_t first_ = 0;
  std::size_t retired_bytes_ = 0;
  std::uint64_t oldest_seen_ = 0;
  bool stamped_ = false;
};

}  // namespace orrery::routing

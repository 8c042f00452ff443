// SPDX-License-Identifier: Apache-2.0
// A connection in 64 bytes: two ends, and a stream (a pipe) in each direction. And the table of all connections.
//
// End 0 asked for the connection: a client, or the shard that dialled. End 1 is the shard that accepted it. Pipe e
// carries what end e sends. A pipe is a queue of items in the block pool; only its first item has an event in the
// queue, the next gets one when the first has arrived, so an idle link holds no block and no event. Sequence numbers go
// on when a slot is used for another connection, which makes events of the former one recognisable as stale.
//
// A client's own connection lives in the slot with the client's number while that is free, so that the client, its link
// and their events are neighbours in memory and ties in time are broken by the client's number; every other link is
// allocated.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "broker/seam/node.h"
#include "sim/models/block_pool.h"
#include "sim/world/client_host.h"

namespace orrery::sim {

inline constexpr std::uint32_t kNoLink = UINT32_MAX;

enum class EndState : std::uint8_t {
  kGone,      // not open yet, or over
  kDialling,  // end 0 waits for the answer
  kOpen,
  kClosing,  // a shard called close(); link_closed is to come
};

struct Pipe {
  static constexpr std::uint8_t kFresh = 1;      // its last items belong to the event that is being handled
  static constexpr std::uint8_t kWaiting = 2;    // its last items wait for the receiver's window
  static constexpr std::uint8_t kStalled = 4;    // the first item came to a cut path or a dead machine: it has no event
  static constexpr std::uint8_t kHeld = 8;       // the first item came to a reader that pauses: it has no event
  static constexpr std::uint8_t kPaused = 16;    // the receiver does not read
  static constexpr std::uint8_t kBlocked = 32;   // the sender was told that bytes wait, and is owed drained()
  static constexpr std::uint8_t kDrainDue = 64;  // ... which is in the queue
  static constexpr std::uint8_t kCloseDue = 128;  // the sender closes when what waits has been taken

  ItemId head = kNoItem;
  ItemId tail = kNoItem;
  std::uint32_t queued = 0;  // bytes
  std::uint32_t next_sequence = 0;
};

struct Link {
  std::uint64_t key = 0;  // identity by content: what its random numbers are keyed by
  Pipe pipe[2];
  std::uint32_t owner[2] = {0, 0};  // a client or a shard; a shard
  std::uint32_t id[2] = {0, 0};     // the LinkId at a shard's end; while dialling, the tag
  EndState state[2] = {EndState::kGone, EndState::kGone};
  std::uint8_t flags[2] = {0, 0};  // of each pipe
  LinkKind kind = LinkKind::kTcp;  // as end 0 sees it: a client's transport, or kPeerOut
  std::uint16_t generation = 0;

  bool of_client() const { return kind != LinkKind::kPeerOut; }
  /// Whether this end is a client; the other case is a shard.
  bool client_at(unsigned end) const { return end == 0 && of_client(); }
  bool over() const { return state[0] == EndState::kGone && state[1] == EndState::kGone; }
};
static_assert(sizeof(Link) == 64);

class LinkTable {
 public:
  explicit LinkTable(std::uint32_t clients)
      : clients_(clients), used_(clients), chunk_bits_(clients < kLargeChunk ? kSmallChunkBits : kLargeChunkBits) {}

  Link& operator[](std::uint32_t index) { return chunks_[index >> chunk_bits_].get()[index & (chunk() - 1)]; }

  /// Touches the link in a client's own slot, if it has memory yet.
  void prefetch(std::uint32_t index) const {
    const std::size_t chunk_index = index >> chunk_bits_;
    if (chunk_index < chunks_.size()) __builtin_prefetch(chunks_[chunk_index].get() + (index & (chunk() - 1)), 1);
  }
  std::uint32_t allocate_for(ClientId client) {
    make_chunk_of(client);
    return (*this)[client].over() ? client : allocate();
  }
  std::uint32_t allocate();
  /// Both ends are over and both pipes empty.
  void release(std::uint32_t index);

  /// Links at or after first_allocated() and before end() are not in a client's own slot. Some may be free.
  std::uint32_t first_allocated() const { return clients_; }
  std::uint32_t end() const { return used_; }
  std::size_t memory_bytes() const {
    return chunks_made_ * chunk() * sizeof(Link) + free_.capacity() * sizeof(free_[0]);
  }

 private:
  static constexpr std::uint32_t kLargeChunkBits = 15;  // 2 MiB: a huge page where the system gives one
  static constexpr std::uint32_t kLargeChunk = 1u << kLargeChunkBits;
  static constexpr std::uint32_t kSmallChunkBits = 8;  // small worlds are made by the thousand
  std::uint32_t chunk() const { return 1u << chunk_bits_; }
  struct FreeMemory {
    void operator()(Link* links) const { std::free(links); }
  };
  void make_chunk_of(std::uint32_t index) {
    const std::size_t chunk_index = index >> chunk_bits_;
    if (chunk_index >= chunks_.size() || chunks_[chunk_index] == nullptr) make_chunk(chunk_index);
  }
  void make_chunk(std::size_t chunk_index);

  std::uint32_t clients_;
  std::uint32_t used_;
  std::uint32_t chunk_bits_;
  std::vector<std::unique_ptr<Link, FreeMemory>> chunks_;
  std::size_t chunks_made_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
// What shards say to each other: one kind byte, then fields in big-endian order (docs/peer-protocol.md, "Messages").
//
// Between shards of one node they travel by Effects::post and are trusted; kinds up to kLastFromPeers also come over lanes
// from other nodes and are checked like anything from outside. A shard that addresses itself puts the message into its own
// mailbox, so every path is the same whether there is one shard or many.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"

namespace orrery::node {

enum class MessageKind : std::uint8_t {
  // Place to place.
  kPublish,         // message
  kPublishToGroup,  // share filter (u16 length), message
  kFetchRest,       // epoch u64, client id
  kGiveRest,        // client id (u16 length), deliveries
  kLastFromPeers = kGiveRest,
  // To shard 0.
  kRouteChange,  // token u32, three lists of filters: added, removed, retained wanted
  kRetain,       // owed + 1 u32 (0: no confirmation), message
  kClaim,        // request u64, clean start u8, client id
  kYielded,      // epoch u64, present u8, client id (u16 length), session
  kRelease,      // epoch u64, client id
  kHold,         // epoch u64, client id
  kHeldAll,      // after u64: the round of kReassert is through
  // From shard 0.
  kRoutesInForce,  // token u32
  kRetained,       // token u32, position u32, message
  kSubscribed,     // token u32
  kRetainStored,   // owed u32
  kGranted,        // request u64, epoch u64, present u8, session
  kClaimFailed,    // request u64
  kYield,          // epoch u64, discard u8, client id
  kReassert,       // before u64, after u64: sets of cores
  kNodeGone,       // node u16
  kNodeBack,       // node u16, incarnation u64
  kNudge,          // nothing: an event for a shard that has none, so that shard 0 may free what it retired
};

/// Begins a message in a buffer that is reused: cleared, the kind written.
inline ByteWriter begin_message(std::vector<std::uint8_t>& buffer, MessageKind kind) {
  buffer.clear();
  ByteWriter w(buffer);
  w.u8(static_cast<std::uint8_t>(kind));
  return w;
}

/// Messages of a shard to itself, in order, until the end of the event. One buffer for all, reused.
class Mailbox {
 public:
  void put(Bytes message) {
    ends_.push_back(bytes_.size() + message.size());
    bytes_.insert(bytes_.end(), message.begin(), message.end());
  }
  bool empty() const { return ends_.empty(); }
  /// Takes all out: handle(message) for each; what is put meanwhile stays for the next call.
  template <class Handle>
  void take_all(Handle&& handle) {
    taken_bytes_.swap(bytes_);
    taken_ends_.swap(ends_);
    std::size_t begin = 0;
    for (const std::size_t end : taken_ends_) {
      handle(Bytes(taken_bytes_.data() + begin, end - begin));
      begin = end;
    }
    taken_bytes_.clear();
    taken_ends_.clear();
  }

 private:
  std::vector<std::uint8_t> bytes_, taken_bytes_;
  std::vector<std::size_t> ends_, taken_ends_;
};

}  // namespace orrery::node

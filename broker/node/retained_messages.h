// SPDX-License-Identifier: Apache-2.0
// The node's retained messages: what owner logs say about them goes into a retained store, on shard 0, which owns it.
//
// The store holds encoded messages without their expiry, which is the store's. A value in an owner log is stamp u64,
// writer u16, message (with what is left of its expiry); the larger stamp is the newer, then the larger writer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/cluster/limits.h"
#include "broker/cluster/route_sink.h"
#include "broker/node/limits.h"
#include "broker/routing/retained_store.h"
#include "broker/session/message.h"

namespace orrery::node {

class RetainedMessages final : public cluster::RetainedSink {
 public:
  /// `nodes` is how many members may be writers.
  RetainedMessages(Heap& heap, std::uint64_t seed, NodeId nodes) : store_(heap, seed), nodes_(nodes) {}

  /// The time of the present event, for the sink's calls.
  void set_now(Nanos now) { now_ = now; }
  /// Drops those that have expired, as many as one event may.
  void sweep(Nanos now);
  Nanos next_deadline() const { return std::max(store_.next_expiry(), sweep_after_); }

  /// The largest message that fits a value of an owner log, with its stamp and writer.
  static constexpr std::size_t kMessageBytesMax = cluster::kRetainedBytesMax - 10;
  /// A value for the owner log: `writer` sets the message.
  static void encode_value(std::vector<std::uint8_t>& out, std::uint64_t stamp, NodeId writer,
                           const session::MessageView& message, Nanos now);

  /// A message that is this node's alone: it is in no owner log, and what comes from one cannot replace it. Only for
  /// topics that clients may not publish to.
  void set_own(Nanos now, const session::MessageView& message);

  std::uint32_t count() const { return store_.count(); }
  std::size_t bytes() const { return store_.bytes(); }
  /// Of these, the node's own.
  std::uint32_t own_count() const { return own_count_; }
  std::size_t own_bytes() const { return own_bytes_; }
  /// A few of those that the filter matches and that live: visit(message). `cursor` and what is returned as in
  /// routing::RetainedStore::walk.
  template <class Visit>
  std::uint64_t page(std::string_view filter, std::uint64_t cursor, Nanos now, WorkBudget& budget, Visit&& visit) {
    std::uint32_t messages = 0;
    std::size_t bytes = 0;
    return store_.walk(filter, cursor, now, budget, [&](std::string_view, const routing::Retained& r) {
      ByteReader in(r.value);
      session::MessageView message = session::decode_message(in, now);
      message.expires_at = r.expires_at;
      visit(message);
      bytes += r.value.size();
      budget.charge(static_cast<std::uint32_t>(r.value.size() / kBytesPerUnit));
      return ++messages < kRetainedPageMessages && bytes < kRetainedPageBytes;
    });
  }
  void drop_cursor(std::uint64_t cursor) { store_.drop_cursor(cursor); }

  // RetainedSink
  bool apply(NodeId owner, Bytes value) override;
  std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, cluster::RetainedVisitor& visitor) override;

 private:
  routing::RetainedStore store_;
  const NodeId nodes_;
  Nanos now_ = 0;
  Nanos sweep_after_ = 0;
  std::uint64_t own_clock_ = 0;
  std::uint32_t own_count_ = 0;
  std::size_t own_bytes_ = 0;
};

}  // namespace orrery::node

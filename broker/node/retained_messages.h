// SPDX-License-Identifier: Apache-2.0
// The node's retained messages: what owner logs say about them goes into a retained store, on shard 0, which owns it.
//
// The store holds encoded messages without their expiry, which is the store's. A value in an owner log is stamp u64,
// writer u16, message (with what is left of its expiry); the larger stamp is the newer, then the larger writer.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "broker/base/heap.h"
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
  /// Drops some of those that have expired, now and then.
  void sweep(Nanos now);
  Nanos next_deadline() const { return sweep_at_; }

  /// A value for the owner log: `writer` sets the message.
  static void encode_value(std::vector<std::uint8_t>& out, std::uint64_t stamp, NodeId writer,
                           const session::MessageView& message, Nanos now);

  std::uint32_t count() const { return store_.count(); }
  /// visit(message) for each that the filter matches and that lives.
  template <class Visit>
  void match(std::string_view filter, Nanos now, Visit&& visit) const {
    store_.match(filter, now, [&](std::string_view, const routing::Retained& r) {
      ByteReader in(r.value);
      session::MessageView message = session::decode_message(in, now);
      message.expires_at = r.expires_at;
      visit(message);
    });
  }

  // RetainedSink
  bool apply(NodeId owner, Bytes value) override;
  std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, cluster::RetainedVisitor& visitor) override;

 private:
  routing::RetainedStore store_;
  const NodeId nodes_;
  Nanos now_ = 0;
  Nanos sweep_at_ = kNever;
};

}  // namespace orrery::node

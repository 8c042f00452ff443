// SPDX-License-Identifier: Apache-2.0
#include "broker/node/post.h"

namespace orrery::node {

std::uint32_t Post::forward(Nanos now, Place to, Bytes message, std::uint32_t owed) {
  effects_.work(Work::kForward, 1);
  counters_.add(Counter::kMessagesForwarded);
  if (to.node == self_.node) {
    post(to.shard, message);
    return 0;
  }
  const bool wants_ack = owed != kNoSlot;
  if (wants_ack && awaited_.full()) {
    counters_.add(Counter::kDroppedPeerUnreachable);
    effects_.note({.kind = NoteKind::kDroppedPeerUnreachable,
                   .name = tables_.setup.members[to.node].name,
                   .text = "too many acknowledgements wait for other nodes",
                   .numbers = {to.shard}});
    return 0;
  }
  const auto ticket = lanes_.send(now, to, message, wants_ack);
  if (!ticket) {
    counters_.add(Counter::kDroppedPeerUnreachable);
    return 0;
  }
  if (!wants_ack) return 0;
  awaited_.add(tables_.index(to), *ticket, owed);
  return 1;
}

void Post::fell_behind(ShardId to) {
  const std::uint64_t bit = std::uint64_t{1} << to;
  if ((behind_ & bit) == 0) effects_.note({.kind = NoteKind::kShardBehind, .numbers = {to, kPostsHigh}});
  behind_ |= bit;
}

}  // namespace orrery::node

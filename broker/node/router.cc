// SPDX-License-Identifier: Apache-2.0
#include "broker/node/router.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::node {

std::uint32_t Router::route(Nanos now, const session::MessageView& message, std::uint32_t owed, bool& matched) {
  std::uint32_t waiting = 0;
  bool written = false;
  tables_.routes.match(message.topic, places_);
  for (const Place& to : places_) {
    ORRERY_ASSERT(to.node < tables_.setup.nodes());
    if (to == self_) continue;  // its sessions have it already
    matched = true;
    if (!written) write_message(publish_, Publish{message}, now);
    written = true;
    waiting += post_.forward(now, to, publish_, owed);
  }
  tables_.routes.match_shared(message.topic, group_places_,
                              [&](std::string_view share_filter, std::span<const Place> members) {
                                matched = true;
                                const PublishToGroup to_group{0, share_filter, message};
                                const Place to = share_choice_.choose(share_filter, message, members, rng_);
                                if (to != self_) {
                                  waiting += send_to_group(now, to, to_group, owed);
                                } else if (!sessions_.deliver_to_group(now, share_filter, message)) {
                                  pass_on(now, to_group);  // our last member has just gone
                                }
                              });
  return waiting;
}

void Router::route_here(Nanos now, const session::MessageView& message) {
  sessions_.deliver(now, message);
  write_message(publish_, Publish{message}, now);
  tables_.routes.match(message.topic, places_);
  for (const Place& to : places_)
    if (to.node == self_.node && to != self_) post_.forward(now, to, publish_, kNoSlot);
  // Members on other nodes have their own node's.
  tables_.routes.match_shared(message.topic, group_places_,
                              [&](std::string_view share_filter, std::span<const Place> members) {
                                other_places_.clear();
                                for (const Place& member : members)
                                  if (member.node == self_.node) other_places_.push_back(member);
                                if (other_places_.empty()) return;
                                const PublishToGroup to_group{0, share_filter, message};
                                const Place to = share_choice_.choose(share_filter, message, other_places_, rng_);
                                if (to != self_) {
                                  send_to_group(now, to, to_group, kNoSlot);
                                } else {
                                  sessions_.deliver_to_group(now, share_filter, message);
                                }
                              });
}

std::uint32_t Router::send_to_group(Nanos now, Place to, const PublishToGroup& message, std::uint32_t owed) {
  PublishToGroup plain = message;
  plain.message.share_filter = {};
  write_message(publish_to_group_, plain, now);
  return post_.forward(now, to, publish_to_group_, owed);
}

bool Router::pass_on(Nanos now, const PublishToGroup& message) {
  tables_.routes.group_places(message.share_filter, other_places_);
  std::erase(other_places_, self_);
  if (other_places_.empty() || message.hops >= kGroupHopsMax) {
    counters_.add(Counter::kDroppedNoSubscriber);
    return false;
  }
  const Place to = share_choice_.choose(message.share_filter, message.message, other_places_, rng_);
  PublishToGroup next = message;
  ++next.hops;
  send_to_group(now, to, next, kNoSlot);
  return true;
}

}  // namespace orrery::node

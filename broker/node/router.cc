// SPDX-License-Identifier: Apache-2.0
// Messages from this shard to places: its own sessions, other shards by post, other nodes by lanes.
#include <algorithm>

#include "broker/node/broker_shard.h"

namespace orrery::node {

std::uint32_t BrokerShard::route(Nanos now, const session::MessageView& message, std::uint32_t owed, bool& matched) {
  std::uint32_t waiting = 0;
  bool encoded = false;
  tables_.routes.match(message.topic, places_);
  for (const Place& to : places_) {
    matched = true;
    if (to == place_) {
      sessions_.deliver(now, message);
      continue;
    }
    if (!encoded) {
      begin_message(encoded_, MessageKind::kPublish);
      session::encode_message(encoded_, message, now);
      encoded = true;
    }
    waiting += send_message(now, to, encoded_, owed);
  }
  tables_.routes.match_shared(message.topic, group_places_,
                              [&](std::string_view share_filter, std::span<const Place> members) {
                                matched = true;
                                const Place to = share_choice_.choose(share_filter, message, members, rng_);
                                if (to != place_) {
                                  waiting += send_to_group(now, to, share_filter, message, 0, owed);
                                } else if (!sessions_.deliver_to_group(now, share_filter, message)) {
                                  pass_on_to_group(now, share_filter, message, 0);  // our last member has just gone
                                }
                              });
  return waiting;
}

std::uint32_t BrokerShard::send_to_group(Nanos now, Place to, std::string_view share_filter,
                                         const session::MessageView& message, std::uint8_t hops, std::uint32_t owed) {
  ByteWriter w = begin_message(message_, MessageKind::kPublishToGroup);
  w.u8(hops);
  w.u16_prefixed(as_bytes(share_filter));
  session::MessageView plain = message;
  plain.share_filter = {};
  session::encode_message(message_, plain, now);
  return send_message(now, to, message_, owed);
}

/// Nobody of the group is here: to another place, as long as it has not wandered too far.
bool BrokerShard::pass_on_to_group(Nanos now, std::string_view share_filter, const session::MessageView& message,
                                   std::uint8_t hops) {
  constexpr std::uint8_t kHopsMax = 3;
  tables_.routes.group_places(share_filter, other_places_);
  std::erase(other_places_, place_);
  if (other_places_.empty() || hops >= kHopsMax) {
    counters_.add(Counter::kDroppedNoSubscriber);
    return false;
  }
  const Place to = share_choice_.choose(share_filter, message, other_places_, rng_);
  send_to_group(now, to, share_filter, message, static_cast<std::uint8_t>(hops + 1), kNoSlot);
  return true;
}

bool BrokerShard::route_to_group(Nanos now, const session::MessageView& message) {
  return pass_on_to_group(now, message.share_filter, message, 0);
}

std::uint32_t BrokerShard::send_message(Nanos now, Place to, Bytes message, std::uint32_t owed) {
  effects_.work(Work::kForward, 1);
  counters_.add(Counter::kMessagesForwarded);
  if (to.node == place_.node) {
    post(to.shard, message);
    return 0;
  }
  const bool wants_ack = owed != kNoSlot;
  const auto ticket = lanes_.send(now, to, message, wants_ack);
  if (!ticket) {
    counters_.add(Counter::kDroppedPeerUnreachable);
    return 0;
  }
  if (!wants_ack) return 0;
  awaited_[tables_.index(to)].entries.push_back({*ticket, owed});
  return 1;
}

void BrokerShard::confirm_up_to(Nanos now, Place to, std::uint64_t up_to) {
  AwaitedQueue& queue = awaited_[tables_.index(to)];
  while (queue.first < queue.entries.size() && queue.entries[queue.first].ticket <= up_to)
    sessions_.confirmed(now, queue.entries[queue.first++].owed);
  if (queue.first == queue.entries.size()) {
    queue.entries.clear();
    queue.first = 0;
  } else if (queue.first > 64 && queue.first * 2 > queue.entries.size()) {
    queue.entries.erase(queue.entries.begin(), queue.entries.begin() + static_cast<std::ptrdiff_t>(queue.first));
    queue.first = 0;
  }
}

void BrokerShard::lane_accepted(Nanos now, Place to, std::uint64_t up_to) { confirm_up_to(now, to, up_to); }

void BrokerShard::lane_lost(Nanos now, Place to, std::uint64_t first, std::uint64_t last) {
  // Nobody will ever say whether they arrived. The sessions there are gone with their node, so the publisher is not held up.
  counters_.add(Counter::kDroppedPeerUnreachable, last - first + 1);
  confirm_up_to(now, to, last);
}

std::uint32_t BrokerShard::retain(Nanos now, const session::MessageView& message, std::uint32_t owed) {
  begin_message(message_, MessageKind::kRetain).u32(owed == kNoSlot ? 0 : owed + 1);
  session::encode_message(message_, message, now);
  post(0, message_);
  return owed == kNoSlot ? 0 : 1;
}

void BrokerShard::change_routes(Nanos, const session::RouteRequest& request) {
  ByteWriter w = begin_message(message_, MessageKind::kRouteChange);
  w.u32(request.token);
  for (const auto list : {request.added, request.removed, request.retained_wanted}) {
    w.u32(static_cast<std::uint32_t>(list.size()));
    for (const std::string_view filter : list) w.u16_prefixed(as_bytes(filter));
  }
  post(0, message_);
}

void BrokerShard::claim(Nanos, std::uint64_t request, std::string_view client_id, bool clean_start) {
  ByteWriter w = begin_message(message_, MessageKind::kClaim);
  w.u64(request);
  w.u8(clean_start ? 1 : 0);
  w.bytes(as_bytes(client_id));
  post(0, message_);
}

void BrokerShard::yielded(Nanos, std::string_view client_id, std::uint64_t epoch, Bytes session, bool present) {
  ByteWriter w = begin_message(message_, MessageKind::kYielded);
  w.u64(epoch);
  w.u8(present ? 1 : 0);
  w.u16_prefixed(as_bytes(client_id));
  w.bytes(session);
  post(0, message_);
}

void BrokerShard::release(Nanos, std::string_view client_id, std::uint64_t epoch) {
  ByteWriter w = begin_message(message_, MessageKind::kRelease);
  w.u64(epoch);
  w.bytes(as_bytes(client_id));
  post(0, message_);
}

void BrokerShard::fetch_rest(Nanos now, Place former, std::string_view client_id, std::uint64_t epoch) {
  ByteWriter w = begin_message(message_, MessageKind::kFetchRest);
  w.u64(epoch);
  w.bytes(as_bytes(client_id));
  send_to_place(now, former, message_);
}

void BrokerShard::give_rest(Nanos now, Place present, std::string_view client_id, Bytes rest) {
  ByteWriter w = begin_message(message_, MessageKind::kGiveRest);
  w.u16_prefixed(as_bytes(client_id));
  w.bytes(rest);
  send_to_place(now, present, message_);
}

void BrokerShard::send_to_place(Nanos now, Place to, Bytes message) {
  if (to.node == place_.node) return post(to.shard, message);
  lanes_.send(now, to, message, false);
}

void BrokerShard::post(ShardId to, Bytes message) {
  if (to == place_.shard) return mailbox_.put(message);
  effects_.post(to, message);
}

}  // namespace orrery::node

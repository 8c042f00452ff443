// SPDX-License-Identifier: Apache-2.0
// Messages to this shard, from its own node and over lanes from others.
#include "broker/node/broker_shard.h"

namespace orrery::node {

void BrokerShard::lane_message(Nanos now, Place from, Bytes message) {
  // From another node only what one place may say to another; anything else is a peer's error and has no effect.
  if (message.empty() || message[0] > static_cast<std::uint8_t>(MessageKind::kLastFromPeers)) return;
  handle(now, from, message);
}

void BrokerShard::handle(Nanos now, Place from, Bytes message) {
  ByteReader in(message);
  const auto kind = static_cast<MessageKind>(in.u8());
  switch (kind) {
    case MessageKind::kPublish: {
      const session::MessageView view = session::decode_message(in, now);
      if (!in.done()) return;
      effects_.work(Work::kForward, 1);
      counters_.add(Counter::kMessagesReceived);
      return sessions_.deliver(now, view);
    }
    case MessageKind::kPublishToGroup: {
      const std::uint8_t hops = in.u8();
      const std::string_view share_filter = as_text(in.take_u16_prefixed());
      const session::MessageView view = session::decode_message(in, now);
      if (!in.done()) return;
      effects_.work(Work::kForward, 1);
      counters_.add(Counter::kMessagesReceived);
      if (!sessions_.deliver_to_group(now, share_filter, view)) pass_on_to_group(now, share_filter, view, hops);
      return;
    }
    case MessageKind::kFetchRest: {
      const std::uint64_t epoch = in.u64();
      return sessions_.rest_wanted(now, from, as_text(in.rest()), epoch);
    }
    case MessageKind::kGiveRest: {
      const std::string_view client_id = as_text(in.take_u16_prefixed());
      return sessions_.rest(now, client_id, in.rest());
    }
    case MessageKind::kRouteChange:
    case MessageKind::kRetain:
    case MessageKind::kClaim:
    case MessageKind::kYielded:
    case MessageKind::kRelease:
    case MessageKind::kHold:
    case MessageKind::kHeldAll:
      return handle_for_shard0(now, from.shard, kind, in);
    default:
      return handle_from_shard0(now, kind, in);
  }
}

void BrokerShard::handle_for_shard0(Nanos now, ShardId from, MessageKind kind, ByteReader& in) {
  switch (kind) {
    case MessageKind::kRouteChange:
      return control_->route_change(now, from, in);
    case MessageKind::kRetain:
      return control_->retain(now, from, in);
    case MessageKind::kClaim:
      return control_->claim(now, from, in);
    case MessageKind::kYielded:
      return control_->yielded(now, in);
    case MessageKind::kRelease:
      return control_->release(now, in);
    case MessageKind::kHold:
      return control_->hold(now, from, in);
    case MessageKind::kHeldAll:
      return control_->held_all(now, from, in);
    default:
      return;
  }
}

void BrokerShard::handle_from_shard0(Nanos now, MessageKind kind, ByteReader& in) {
  switch (kind) {
    case MessageKind::kRoutesInForce:
      return sessions_.routes_in_force(now, in.u32());
    case MessageKind::kRetained: {
      const std::uint32_t token = in.u32();
      const std::uint32_t position = in.u32();
      return sessions_.retained(now, token, position, session::decode_message(in, now));
    }
    case MessageKind::kSubscribed:
      return sessions_.subscribed(in.u32());
    case MessageKind::kRetainStored:
      return sessions_.confirmed(now, in.u32());
    case MessageKind::kGranted: {
      const std::uint64_t request = in.u64();
      const std::uint64_t epoch = in.u64();
      const bool present = in.u8() != 0;
      return sessions_.claim_granted(now, request, epoch, in.rest(), present);
    }
    case MessageKind::kClaimFailed:
      return sessions_.claim_failed(now, in.u64());
    case MessageKind::kYield: {
      const std::uint64_t epoch = in.u64();
      const bool discard = in.u8() != 0;
      return sessions_.yield(now, as_text(in.rest()), epoch, discard);
    }
    case MessageKind::kReassert:
      reassert_before_ = in.u64();
      reassert_after_ = in.u64();
      reassert_from_ = 0;
      reassert_at_ = now;
      return;
    case MessageKind::kNodeGone:
      return lanes_.node_gone(now, in.u16());
    case MessageKind::kNodeBack: {
      const NodeId node = in.u16();
      return lanes_.node_back(now, node, in.u64());
    }
    default:
      return;
  }
}

void BrokerShard::reassert(Nanos now) {
  reassert_from_ = sessions_.for_each_client_id(
      reassert_from_, cluster::kReassertBatch, [&](std::string_view client_id, std::uint64_t epoch) {
        if (reassert_before_ != 0 &&
            cluster::registrar_of(client_id, reassert_before_) == cluster::registrar_of(client_id, reassert_after_))
          return;
        ByteWriter w = begin_message(message_, MessageKind::kHold);
        w.u64(epoch);
        w.bytes(as_bytes(client_id));
        post(0, message_);
      });
  if (reassert_from_ != kNoSlot) {
    reassert_at_ = now + cluster::kReassertEvery;
    return;
  }
  reassert_at_ = kNever;
  begin_message(message_, MessageKind::kHeldAll).u64(reassert_after_);
  post(0, message_);
}

}  // namespace orrery::node

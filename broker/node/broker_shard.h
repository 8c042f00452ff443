// SPDX-License-Identifier: Apache-2.0
// One shard of the full broker: transport, sessions, lanes, and on shard 0 the control side, wired together.
//
// Each event does its work and then finish(): messages that the shard has for itself, connections that go on after their
// claim, what lanes and the control plane have queued, until nothing is left; then the wish for the next wake-up.
// Files: broker_shard.cc events and wiring, router.cc messages to places, inbox.cc messages from places.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "broker/base/heap.h"
#include "broker/cluster/lanes.h"
#include "broker/cluster/peer_port.h"
#include "broker/node/control_side.h"
#include "broker/node/node_tables.h"
#include "broker/node/shard_message.h"
#include "broker/node/share_choice.h"
#include "broker/node/transport.h"
#include "broker/seam/counters.h"
#include "broker/seam/node.h"
#include "broker/session/sessions.h"

namespace orrery::node {

class BrokerShard final : public Shard, private session::SessionHost, private cluster::LaneHost, public ShardPost {
 public:
  /// `tables` and `effects` outlive it.
  BrokerShard(NodeTables& tables, ShardId id, Effects& effects);
  ~BrokerShard() override;

  void start(Nanos now) override;
  void link_open(Nanos now, LinkId link, const LinkInfo& info) override;
  void bytes(Nanos now, LinkId link, MutableBytes bytes) override;
  void drained(Nanos now, LinkId link) override;
  void link_closed(Nanos now, LinkId link) override;
  void dial_failed(Nanos now, std::uint32_t tag) override;
  void wake(Nanos now) override;
  void message(Nanos now, ShardId from, Bytes message) override;
  ShardStats stats() const override;

 private:
  /// Tickets of one lane whose acceptance an acknowledgement waits for, oldest first.
  struct Awaited {
    std::uint64_t ticket;
    std::uint32_t owed;
  };
  struct AwaitedQueue {
    std::vector<Awaited> entries;
    std::size_t first = 0;
  };

  // SessionHost
  std::vector<std::uint8_t>& begin_packet() override { return transport_.begin_packet(); }
  std::size_t end_packet(LinkId link) override { return transport_.end_packet(link); }
  void end_link(LinkId link, session::LinkEnd how) override { transport_.end_link(link, how); }
  void resume_link(LinkId link) override { transport_.resume_link(link); }
  void claim(Nanos now, std::uint64_t request, std::string_view client_id, bool clean_start) override;
  void yielded(Nanos now, std::string_view client_id, std::uint64_t epoch, Bytes session, bool present) override;
  void release(Nanos now, std::string_view client_id, std::uint64_t epoch) override;
  void change_routes(Nanos now, const session::RouteRequest& request) override;
  std::uint32_t route(Nanos now, const session::MessageView& message, std::uint32_t owed, bool& matched) override;
  bool route_to_group(Nanos now, const session::MessageView& message) override;
  std::uint32_t retain(Nanos now, const session::MessageView& message, std::uint32_t owed) override;
  void fetch_rest(Nanos now, Place former, std::string_view client_id, std::uint64_t epoch) override;
  void give_rest(Nanos now, Place present, std::string_view client_id, Bytes rest) override;

  // LaneHost
  void lane_message(Nanos now, Place from, Bytes message) override;
  void lane_accepted(Nanos now, Place to, std::uint64_t up_to) override;
  void lane_lost(Nanos now, Place to, std::uint64_t first, std::uint64_t last) override;

  // ShardPost: to a shard of this node, this one included.
  void post(ShardId to, Bytes message) override;

  // router.cc
  std::uint32_t send_message(Nanos now, Place to, Bytes message, std::uint32_t owed);
  void confirm_up_to(Nanos now, Place to, std::uint64_t up_to);
  void send_to_place(Nanos now, Place to, Bytes message);
  std::uint32_t send_to_group(Nanos now, Place to, std::string_view share_filter, const session::MessageView& message,
                              std::uint8_t hops, std::uint32_t owed);
  bool pass_on_to_group(Nanos now, std::string_view share_filter, const session::MessageView& message,
                        std::uint8_t hops);

  // inbox.cc
  void handle(Nanos now, Place from, Bytes message);
  void handle_for_shard0(Nanos now, ShardId from, MessageKind kind, ByteReader& in);
  void handle_from_shard0(Nanos now, MessageKind kind, ByteReader& in);
  void reassert(Nanos now);

  void finish(Nanos now);
  void arm(Nanos now);

  NodeTables& tables_;
  const Place place_;
  Effects& effects_;
  Heap heap_;
  Counters counters_;
  Rng rng_;
  ShareChoice share_choice_;
  session::Sessions sessions_;
  Transport transport_;
  cluster::PeerPort port_;
  cluster::Lanes lanes_;
  std::unique_ptr<ControlSide> control_;  // shard 0 only
  Mailbox mailbox_;
  std::vector<AwaitedQueue> awaited_;  // by NodeTables::index
  Nanos wish_ = kNever;

  // A round of ControlHost::reassert under way: from which session slot on, and the change that it is about.
  std::uint32_t reassert_from_ = kNoSlot;
  cluster::NodeMask reassert_before_ = 0;
  cluster::NodeMask reassert_after_ = 0;
  Nanos reassert_at_ = kNever;

  // Scratch, to allocate once.
  routing::PlaceSet places_;
  std::vector<Place> group_places_;
  std::vector<Place> other_places_;
  std::vector<std::uint8_t> message_;
  std::vector<std::uint8_t> encoded_;
};

}  // namespace orrery::node

// SPDX-License-Identifier: Apache-2.0
// Where a published message goes: to every place with a matching subscription, and to one place of each shared group.
//
// The place may be this shard (its own sessions), another shard of the node, or another node (post.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "broker/node/node_tables.h"
#include "broker/node/post.h"
#include "broker/node/share_choice.h"
#include "broker/session/sessions.h"

namespace orrery::node {

class Router {
 public:
  /// All arguments outlive it.
  Router(const NodeTables& tables, Place self, session::Sessions& sessions, Post& post, Counters& counters, Rng& rng)
      : tables_(tables),
        self_(self),
        sessions_(sessions),
        post_(post),
        counters_(counters),
        rng_(rng),
        share_choice_(tables.options.mqtt.shared_strategy, self) {}

  /// session::SessionHost::route.
  std::uint32_t route(Nanos now, const session::MessageView& message, std::uint32_t owed, bool& matched);
  /// A message of the node's own: to its own shards only.
  void route_here(Nanos now, const session::MessageView& message);
  /// Nobody of the group is here: to another place, as long as it has not wandered too far (kGroupHopsMax). False when
  /// it was dropped, and counted.
  bool pass_on(Nanos now, const PublishToGroup& message);

 private:
  std::uint32_t send_to_group(Nanos now, Place to, const PublishToGroup& message, std::uint32_t owed);

  const NodeTables& tables_;
  const Place self_;
  session::Sessions& sessions_;
  Post& post_;
  Counters& counters_;
  Rng& rng_;
  ShareChoice share_choice_;
  // Scratch, to allocate once.
  routing::PlaceSet places_;
  std::vector<Place> group_places_;
  std::vector<Place> other_places_;
  std::vector<std::uint8_t> publish_;
  std::vector<std::uint8_t> publish_to_group_;
};

}  // namespace orrery::node

// SPDX-License-Identifier: Apache-2.0
// Which place gets a message for a shared subscription's group; which of its members there, that place decides
// (broker/session/shared.cc). The publisher's shard chooses, so that the group gets the message once in the cluster.
//
// `places` has each place as often as it has members, so that members have equal shares wherever they are.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/rng.h"
#include "base/types.h"
#include "broker/session/message.h"
#include "broker/session/options.h"

namespace orrery::node {

class ShareChoice {
 public:
  ShareChoice(session::SharedStrategy strategy, Place self) : strategy_(strategy), self_(self) {}

  /// `places` is ascending and not empty.
  Place choose(std::string_view share_filter, const session::MessageView& message, std::span<const Place> places,
               Rng& rng);

 private:
  Place in_turn(std::string_view share_filter, std::span<const Place> places);
  static Place by_hash(std::uint64_t key, std::span<const Place> places);

  const session::SharedStrategy strategy_;
  const Place self_;
  /// Turns, by a hash of the group: two groups may share one, and then both skip places now and then.
  std::array<std::uint32_t, 256> turns_{};
};

}  // namespace orrery::node

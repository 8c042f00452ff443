// SPDX-License-Identifier: Apache-2.0
#include "broker/node/share_choice.h"

#include <algorithm>

#include "base/hash.h"
#include "broker/session/share_key.h"

namespace orrery::node {

using session::SharedStrategy;

Place ShareChoice::choose(std::string_view share_filter, const session::MessageView& message,
                          std::span<const Place> places, Rng& rng) {
  if (places.front() == places.back()) return places[0];
  switch (strategy_) {
    case SharedStrategy::kRandom:
      return places[rng.below(places.size())];
    case SharedStrategy::kRoundRobin:
      return in_turn(share_filter, places);
    case SharedStrategy::kSticky:
      return by_hash(hash_text(share_filter, 0), places);
    case SharedStrategy::kHashClientId:
    case SharedStrategy::kHashTopic:
      return by_hash(share_key(strategy_, message), places);
    case SharedStrategy::kLocal:
      break;
  }
  if (std::find(places.begin(), places.end(), self_) != places.end()) return self_;
  // Ascending, so those of one node stand together.
  const auto first = std::find_if(places.begin(), places.end(), [&](Place p) { return p.node == self_.node; });
  const auto last = std::find_if(first, places.end(), [&](Place p) { return p.node != self_.node; });
  return in_turn(share_filter, first == last ? places
                                             : places.subspan(static_cast<std::size_t>(first - places.begin()),
                                                              static_cast<std::size_t>(last - first)));
}

Place ShareChoice::in_turn(std::string_view share_filter, std::span<const Place> places) {
  std::uint32_t& turn = turns_[hash_text(share_filter, 0) % turns_.size()];
  return places[turn++ % places.size()];
}

/// The highest of one draw for each member: one that comes or goes moves only what it gets or had.
Place ShareChoice::by_hash(std::uint64_t key, std::span<const Place> places) {
  Place best = places[0];
  std::uint64_t best_draw = 0;
  std::uint64_t nth = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Place p = places[i];
    nth = i > 0 && places[i - 1] == p ? nth + 1 : 0;
    const std::uint64_t draw = mix64(key ^ mix64(nth << 32 | std::uint64_t{p.node} << 16 | p.shard));
    if (i > 0 && draw <= best_draw) continue;
    best = p;
    best_draw = draw;
  }
  return best;
}

}  // namespace orrery::node

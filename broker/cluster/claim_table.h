// SPDX-License-Identifier: Apache-2.0
// The claims of this node's shards that no registrar has answered yet, so that they can be sent again to another one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/types.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/limits.h"

namespace orrery::cluster {

class ClaimTable {
 public:
  struct Key {
    ShardId shard = 0;
    std::uint64_t request = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Waiting {
    std::string client_id;
    bool clean_start = false;
    bool sent_twice = false;     // a second grant may come
    std::uint64_t revoked = 0;   // grants up to this epoch were yielded before they arrived
    NodeId registrar = kNoNode;  // whom it was sent to last; kNoNode: to nobody yet
  };

  /// False when there are too many; the key must be new.
  bool add(Nanos now, Key key, std::string client_id, bool clean_start);
  Waiting* find(Key key);
  /// The node was told to yield this id: grants of that epoch and older that are still on their way are void.
  void revoke(std::string_view client_id, std::uint64_t epoch);
  /// Ends the claim. Of one that was sent twice the holder is remembered until its deadline.
  void answered(Key key, std::uint64_t epoch);
  /// The epoch under which the shard got this id by an answered claim that was sent twice; 0: not known.
  std::uint64_t epoch_of_answered(Key key, std::string_view client_id) const;

  /// visit(key, waiting) for each, in the order of keys.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (auto& [key, waiting] : waiting_) visit(key, waiting);
  }
  /// The next claim whose time is over, and forgets it; false when there is none.
  bool expire(Nanos now, Key& key);
  Nanos next_deadline() const { return deadlines_.empty() ? kNever : deadlines_.front().first; }
  std::size_t size() const { return waiting_.size(); }
  std::uint64_t memory_bytes() const { return waiting_.size() * 240 + deadlines_.size() * sizeof(deadlines_.front()); }

 private:
  bool known(Key key) const;

  void erase(std::map<Key, Waiting>::iterator at);

  std::map<Key, Waiting> waiting_;
  std::set<std::pair<std::string_view, Key>> by_id_;  // views into waiting_
  struct Answered {
    std::string client_id;
    std::uint64_t epoch;
  };
  std::map<Key, Answered> answered_;
  std::deque<std::pair<Nanos, Key>> deadlines_;
};

}  // namespace orrery::cluster

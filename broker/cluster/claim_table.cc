// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/claim_table.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::cluster {

bool ClaimTable::add(Nanos now, Key key, std::string client_id, bool clean_start) {
  if (waiting_.size() >= kClaimsPendingMax) return false;
  const auto old = waiting_.find(key);
  if (old != waiting_.end()) erase(old);
  Waiting& waiting = waiting_[key];
  waiting.client_id = std::move(client_id);
  waiting.clean_start = clean_start;
  by_id_.insert({waiting.client_id, key});
  deadlines_.emplace_back(now + kClaimTimeout, key);
  return true;
}

ClaimTable::Waiting* ClaimTable::find(Key key) {
  const auto at = waiting_.find(key);
  return at == waiting_.end() ? nullptr : &at->second;
}

void ClaimTable::erase(std::map<Key, Waiting>::iterator at) {
  const std::size_t erased = by_id_.erase({at->second.client_id, at->first});
  ORRERY_ASSERT(erased == 1);
  waiting_.erase(at);
}

void ClaimTable::revoke(std::string_view client_id, std::uint64_t epoch) {
  for (auto at = by_id_.lower_bound({client_id, Key{}}); at != by_id_.end() && at->first == client_id; ++at) {
    Waiting& waiting = waiting_[at->second];
    waiting.revoked = std::max(waiting.revoked, epoch);
  }
}

void ClaimTable::answered(Key key, std::uint64_t epoch) {
  const auto at = waiting_.find(key);
  ORRERY_ASSERT(at != waiting_.end());
  if (at->second.sent_twice) answered_[key] = {at->second.client_id, epoch};
  erase(at);
  while (!deadlines_.empty() && !known(deadlines_.front().second)) deadlines_.pop_front();
}

std::uint64_t ClaimTable::epoch_of_answered(Key key, std::string_view client_id) const {
  const auto at = answered_.find(key);
  return at == answered_.end() || at->second.client_id != client_id ? 0 : at->second.epoch;
}

bool ClaimTable::known(Key key) const { return waiting_.count(key) != 0 || answered_.count(key) != 0; }

bool ClaimTable::expire(Nanos now, Key& key) {
  while (!deadlines_.empty()) {
    const auto [at, due] = deadlines_.front();
    const auto waiting = waiting_.find(due);
    if (at > now) return false;
    deadlines_.pop_front();
    answered_.erase(due);
    if (waiting == waiting_.end()) continue;
    erase(waiting);
    key = due;
    return true;
  }
  return false;
}

}  // namespace orrery::cluster

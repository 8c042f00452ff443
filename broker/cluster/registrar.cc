// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/registrar.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/hash.h"
#include "broker/cluster/limits.h"

namespace orrery::cluster {

Registrar::Registrar(Heap& heap, std::uint64_t seed, RegistrarOut& out)
    : heap_(heap), seed_(seed), out_(out), index_(heap), rows_(heap) {}

Registrar::~Registrar() {
  for (std::uint32_t slot = 0; slot < rows_.end(); ++slot)
    if (rows_.contains(slot) && rows_[slot].id_bytes > kInlineId) heap_.free(rows_[slot].long_id, rows_[slot].id_bytes);
}

// Rows ----------------------------------------------------------------------------------------------------------------

std::string_view Registrar::id_of(const Row& row) {
  return {row.id_bytes > kInlineId ? row.long_id : row.id, row.id_bytes};
}

std::uint32_t Registrar::find_slot(std::string_view client_id) const {
  return index_.find(hash_text(client_id, seed_), [&](std::uint32_t slot) { return id_of(rows_[slot]) == client_id; });
}

bool Registrar::find(std::string_view client_id, Holder& holder, std::uint64_t& epoch) const {
  const std::uint32_t slot = find_slot(client_id);
  if (slot == kNoSlot) return false;
  const Row& row = rows_[slot];
  holder = {{row.node, row.shard}, row.incarnation};
  epoch = row.epoch;
  return true;
}

void Registrar::put(std::string_view client_id, const Holder& holder, std::uint64_t epoch) {
  ORRERY_ASSERT(epoch != 0);
  forget_older(client_id);
  std::uint32_t slot = find_slot(client_id);
  const bool is_new = slot == kNoSlot;
  if (is_new) slot = rows_.emplace();
  Row& row = rows_[slot];
  row.epoch = epoch;
  row.incarnation = holder.incarnation;
  row.node = holder.place.node;
  row.shard = holder.place.shard;
  if (!is_new) return;
  row.id_bytes = static_cast<std::uint16_t>(client_id.size());
  char* at = row.id;
  if (client_id.size() > kInlineId) at = row.long_id = static_cast<char*>(heap_.allocate(client_id.size()));
  if (!client_id.empty()) std::memcpy(at, client_id.data(), client_id.size());
  index_.insert(slot, [this](std::uint32_t s) { return hash_text(id_of(rows_[s]), seed_); });
}

void Registrar::forget_older(std::string_view client_id) {
  if (held_under_.empty()) return;
  const auto older = held_under_.find(client_id);
  if (older != held_under_.end()) held_under_.erase(older);
}

void Registrar::erase(std::uint32_t slot) {
  forget_older(id_of(rows_[slot]));
  index_.erase(slot, [this](std::uint32_t s) { return hash_text(id_of(rows_[s]), seed_); });
  if (rows_[slot].id_bytes > kInlineId) heap_.free(rows_[slot].long_id, rows_[slot].id_bytes);
  rows_.erase(slot);
}

// Claims --------------------------------------------------------------------------------------------------------------

std::uint64_t Registrar::grant(std::string_view client_id, const Claim& claim, Bytes session, bool session_present) {
  const std::uint64_t epoch = out_.next_epoch();
  ORRERY_ASSERT(epoch > last_granted_);
  last_granted_ = epoch;
  put(client_id, claim.from, epoch);
  out_.grant(claim.from, {claim.request, epoch, session_present, client_id, session});
  return epoch;
}

void Registrar::claim(Nanos now, const Holder& from, const claims::Request& request, bool may_be_held) {
  const std::string_view client_id = request.client_id;
  const Claim claim{from, request.request, request.clean_start};
  const auto at = transfers_.find(client_id);
  if (at != transfers_.end()) return enqueue(client_id, at->second, claim);
  const std::uint32_t slot = find_slot(client_id);
  if (slot == kNoSlot && !may_be_held) {
    grant(client_id, claim, {}, false);
    return;
  }
  if (slot != kNoSlot) {
    const Row& row = rows_[slot];
    if (!out_.alive({{row.node, row.shard}, row.incarnation})) {
      grant(client_id, claim, {}, false);
      return;
    }
  }
  Transfer& transfer = transfers_[std::string(client_id)];
  transfer.claims.push_back(claim);
  if (slot != kNoSlot)
    begin_yield(now, client_id, transfer, rows_[slot]);
  else
    wait(now, client_id, 0);
}

void Registrar::enqueue(std::string_view client_id, Transfer& transfer, const Claim& claim) {
  for (const Claim& c : transfer.claims)
    if (c.from == claim.from && c.request == claim.request) return;  // sent again after a lost stream
  if (transfer.claims.size() >= kClaimQueueMax) {
    const Claim oldest = transfer.claims.front();
    transfer.claims.pop_front();
    out_.refuse(oldest.from, {oldest.request, client_id});
  }
  transfer.claims.push_back(claim);
}

void Registrar::wait(Nanos now, std::string_view client_id, std::uint64_t epoch) {
  ORRERY_ASSERT(deadlines_.empty() || deadlines_.back().at <= now + kYieldTimeout);
  deadlines_.push_back({now + kYieldTimeout, std::string(client_id), epoch});
}

void Registrar::begin_yield(Nanos now, std::string_view client_id, Transfer& transfer, const Row& row) {
  ORRERY_ASSERT(!transfer.claims.empty());
  ORRERY_ASSERT(id_of(row) == client_id);
  transfer.epoch = row.epoch;
  transfer.holder = {{row.node, row.shard}, row.incarnation};
  out_.yield(transfer.holder.place, {transfer.epoch, transfer.claims.front().clean_start, client_id});
  wait(now, client_id, transfer.epoch);
}

void Registrar::hand_over(Nanos now, Transfers::iterator at, Bytes session, bool session_present) {
  const std::string& client_id = at->first;
  Transfer& transfer = at->second;
  ORRERY_ASSERT(!transfer.claims.empty());
  while (!transfer.claims.empty() && out_.outlived(transfer.claims.front().from)) transfer.claims.pop_front();
  if (transfer.claims.empty()) {
    const std::uint32_t slot = find_slot(client_id);
    if (slot != kNoSlot && rows_[slot].epoch == transfer.epoch) erase(slot);
    transfers_.erase(at);
    return;
  }
  const Claim next = transfer.claims.front();
  transfer.claims.pop_front();
  grant(client_id, next, next.clean_start ? Bytes{} : session, session_present && !next.clean_start);
  if (transfer.claims.empty()) {
    transfers_.erase(at);
    return;
  }
  const std::uint32_t slot = find_slot(client_id);
  ORRERY_ASSERT(slot != kNoSlot);
  begin_yield(now, client_id, transfer, rows_[slot]);
}

void Registrar::yielded(Nanos now, const claims::Yielded& yielded) {
  const auto at = transfers_.find(yielded.client_id);
  if (at == transfers_.end() || at->second.epoch != yielded.epoch || yielded.epoch == 0) return;
  hand_over(now, at, yielded.session, yielded.session_present);
}

void Registrar::release(Nanos now, const claims::Release& release) {
  const std::uint32_t slot = find_slot(release.client_id);
  if (slot == kNoSlot || rows_[slot].epoch != release.epoch) return;
  const auto at = transfers_.find(release.client_id);
  if (at != transfers_.end()) return hand_over(now, at, {}, false);
  const auto older = held_under_.find(release.client_id);
  if (older == held_under_.end()) return erase(slot);
  rows_[slot].epoch = older->second;
  held_under_.erase(older);
}

void Registrar::hold(Nanos now, const Holder& holder, const claims::Hold& hold) {
  if (out_.outlived(holder)) return;
  const std::string_view client_id = hold.client_id;
  const std::uint64_t epoch = hold.epoch;
  const auto at = transfers_.find(client_id);
  const std::uint32_t slot = find_slot(client_id);
  if (slot != kNoSlot) {
    const Row& row = rows_[slot];
    const Holder present{{row.node, row.shard}, row.incarnation};
    // Equal epochs of two holders come from two lives of one registrar; then the one who is known stays.
    if (epoch <= row.epoch) {
      if (holder != present)
        out_.yield(holder.place, {epoch, false, client_id});
      else if (epoch < row.epoch)
        held_under_[std::string(client_id)] = epoch;  // it may release the grant that is in the row
      return;
    }
    // The one who is known is the older. If it has been told to yield already, the transfer goes on with the newer.
    if (holder != present && at == transfers_.end()) out_.yield(present.place, {row.epoch, false, client_id});
  }
  put(client_id, holder, epoch);
  if (at != transfers_.end()) begin_yield(now, client_id, at->second, rows_[find_slot(client_id)]);
}

// What happens around -------------------------------------------------------------------------------------------------

void Registrar::settled(Nanos now) {
  for (auto at = transfers_.begin(); at != transfers_.end();) {
    const auto next = std::next(at);
    if (at->second.epoch == 0) hand_over(now, at, {}, false);
    at = next;
  }
}

void Registrar::yield_again(NodeId node) {
  for (const auto& [client_id, transfer] : transfers_) {
    ORRERY_ASSERT(!transfer.claims.empty());
    if (transfer.epoch != 0 && transfer.holder.place.node == node)
      out_.yield(transfer.holder.place, {transfer.epoch, transfer.claims.front().clean_start, client_id});
  }
}

void Registrar::pass_over(Nanos now, NodeId node) {
  for (auto at = transfers_.begin(); at != transfers_.end();) {
    const auto next = std::next(at);
    if (at->second.epoch != 0 && at->second.holder.place.node == node && !out_.alive(at->second.holder))
      hand_over(now, at, {}, false);
    at = next;
  }
}

bool Registrar::purge(std::uint32_t rows, NodeMask live, NodeId self) {
  for (; rows > 0 && purge_at_ < rows_.end(); --rows, ++purge_at_) {
    if (!rows_.contains(purge_at_)) continue;
    const Row& row = rows_[purge_at_];
    const bool outlived = out_.outlived({{row.node, row.shard}, row.incarnation});
    if (!outlived && registrar_of(id_of(row), live) == self) continue;
    if (transfers_.find(id_of(row)) == transfers_.end()) erase(purge_at_);
  }
  return purge_at_ >= rows_.end();
}

void Registrar::tick(Nanos now) {
  while (!deadlines_.empty() && deadlines_.front().at <= now) {
    const Deadline due = std::move(deadlines_.front());
    deadlines_.pop_front();
    const auto at = transfers_.find(due.client_id);
    if (at != transfers_.end() && at->second.epoch == due.epoch) hand_over(now, at, {}, false);
  }
}

std::uint64_t Registrar::memory_bytes() const {
  std::uint64_t total = rows_.end() * (sizeof(Row) + 8) + index_.size() * 7;
  for (const auto& [client_id, transfer] : transfers_)
    total += 128 + client_id.capacity() + transfer.claims.size() * sizeof(Claim);
  return total + deadlines_.size() * sizeof(Deadline) + held_under_.size() * 128;
}

}  // namespace orrery::cluster

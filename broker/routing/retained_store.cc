// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/retained_store.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "broker/mqtt/topic.h"

namespace orrery::routing {

RetainedStore::RetainedStore(Heap& heap, std::uint64_t seed, RetainedLimits limits)
    : heap_(heap),
      limits_(limits),
      topics_(heap, alone_, seed),
      records_(heap, alone_),
      trie_(heap, alone_, seed),
      by_expiry_(HeapAllocator<std::uint32_t>(heap)) {}

RetainedStore::~RetainedStore() {
  for (std::uint32_t id = 0; id < topics_.end(); ++id)
    if (topics_.in_use(id) && records_[id].size != 0) heap_.free(records_[id].value, records_[id].size);
}

std::size_t RetainedStore::memory_bytes() const {
  return topics_.memory_bytes() + records_.memory_bytes() + trie_.memory_bytes() + value_bytes_;
}

/// What stands against storing this value; `id` is kNoFilter for a topic that is not known.
RetainedResult RetainedStore::refusal(std::string_view topic, std::uint32_t id, Bytes value) const {
  if (value.empty()) return RetainedResult::kApplied;
  const std::size_t had = id == kNoFilter ? 0 : records_[id].size;
  if (had == 0 && count_ >= limits_.count) return RetainedResult::kFull;
  const std::size_t before = had == 0 ? bytes_ : bytes_ - topic.size() - had;
  if (value.size() > UINT32_MAX || topic.size() + value.size() > limits_.bytes - before) return RetainedResult::kFull;
  return RetainedResult::kApplied;
}

RetainedResult RetainedStore::set(std::string_view topic, Bytes value, RetainedVersion version, Nanos expires_at) {
  if (topic.size() > kFilterBytesMax || mqtt::topic_levels(topic) > kLevelsMax) return RetainedResult::kTooDeep;
  std::uint32_t id = topics_.find(topic);
  const bool known = id != kNoFilter;
  if (known && version <= retained(id).version) return RetainedResult::kOlder;
  const RetainedResult refused = refusal(topic, id, value);
  if (refused != RetainedResult::kApplied) return refused;
  if (!known && !add_record(topic, id)) return RetainedResult::kFull;
  if (!value.empty() && records_[id].node == kNoRecord) {
    records_[id].node = trie_.add(topic, id);
    if (records_[id].node == kNoRecord) {
      if (!known) topics_.erase(id);
      return RetainedResult::kFull;
    }
  }
  // From here on nothing fails.
  Record& record = records_[id];
  if (record.size != 0) {
    drop_value(id);
  } else if (known) {
    unlink_tombstone(id);
  }
  record.clock = version.clock;
  record.writer = version.writer;
  record.expires_at = expires_at;
  if (value.empty()) {
    add_tombstone(id);
  } else {
    store_value(id, value);
  }
  return RetainedResult::kApplied;
}

bool RetainedStore::add_record(std::string_view topic, std::uint32_t& id) {
  id = topics_.insert(topic).id;
  if (id == kNoFilter) return false;
  records_.reserve(std::uint64_t{id} + 1);
  records_[id] = Record{};
  return true;
}

void RetainedStore::store_value(std::uint32_t id, Bytes value) {
  Record& r = records_[id];
  r.value = static_cast<std::uint8_t*>(heap_.allocate(value.size()));
  r.size = static_cast<std::uint32_t>(value.size());
  std::memcpy(r.value, value.data(), value.size());
  ++count_;
  bytes_ += topic(id).size() + value.size();
  value_bytes_ += value.size();
  if (r.expires_at != kNever) add_expiry(id);
}

void RetainedStore::drop_value(std::uint32_t id) {
  Record& r = records_[id];
  if (r.in_heap != kNoRecord) remove_expiry(id);
  --count_;
  bytes_ -= topic(id).size() + r.size;
  value_bytes_ -= r.size;
  heap_.free(r.value, r.size);
  r.value = nullptr;
  r.size = 0;
}

void RetainedStore::add_tombstone(std::uint32_t id) {
  Record& r = records_[id];
  if (r.node != kNoRecord) trie_.remove(r.node);
  r.node = kNoRecord;
  r.older = newest_;
  r.newer = kNoRecord;
  (newest_ == kNoRecord ? oldest_ : records_[newest_].newer) = id;
  newest_ = id;
  if (++tombstones_ <= limits_.tombstones) return;
  const std::uint32_t forgotten = oldest_;
  unlink_tombstone(forgotten);
  topics_.erase(forgotten);
}

void RetainedStore::unlink_tombstone(std::uint32_t id) {
  const Record& r = records_[id];
  (r.older == kNoRecord ? oldest_ : records_[r.older].newer) = r.newer;
  (r.newer == kNoRecord ? newest_ : records_[r.newer].older) = r.older;
  --tombstones_;
}

bool RetainedStore::get(std::string_view topic, Nanos now, Retained& out) const {
  const std::uint32_t id = topics_.find(topic);
  if (id == kNoFilter || !lives(id, now)) return false;
  out = retained(id);
  return true;
}

std::uint32_t RetainedStore::sweep(Nanos now, WorkBudget& budget) {
  std::uint32_t dropped = 0;
  for (; !by_expiry_.empty() && next_expiry() <= now && !budget.spent(); budget.charge()) {
    const std::uint32_t id = by_expiry_[0];
    drop_value(id);
    add_tombstone(id);
    ++dropped;
  }
  return dropped;
}

bool RetainedStore::expires_before(std::uint32_t a, std::uint32_t b) const {
  const Nanos at_a = records_[a].expires_at, at_b = records_[b].expires_at;
  return at_a != at_b ? at_a < at_b : a < b;
}

void RetainedStore::put(std::size_t place, std::uint32_t id) {
  by_expiry_[place] = id;
  records_[id].in_heap = static_cast<std::uint32_t>(place);
}

void RetainedStore::sift_up(std::size_t place) {
  const std::uint32_t id = by_expiry_[place];
  for (; place > 0 && expires_before(id, by_expiry_[(place - 1) / 2]); place = (place - 1) / 2)
    put(place, by_expiry_[(place - 1) / 2]);
  put(place, id);
}

void RetainedStore::sift_down(std::size_t place) {
  const std::uint32_t id = by_expiry_[place];
  for (std::size_t child = 2 * place + 1; child < by_expiry_.size(); child = 2 * place + 1) {
    if (child + 1 < by_expiry_.size() && expires_before(by_expiry_[child + 1], by_expiry_[child])) ++child;
    if (!expires_before(by_expiry_[child], id)) break;
    put(place, by_expiry_[child]);
    place = child;
  }
  put(place, id);
}

void RetainedStore::add_expiry(std::uint32_t id) {
  by_expiry_.push_back(id);
  sift_up(by_expiry_.size() - 1);
}

void RetainedStore::remove_expiry(std::uint32_t id) {
  const std::size_t place = records_[id].in_heap;
  ORRERY_ASSERT(by_expiry_[place] == id);
  const std::uint32_t last = by_expiry_.back();
  by_expiry_.pop_back();
  records_[id].in_heap = kNoRecord;
  if (last == id) return;
  put(place, last);
  sift_up(place);
  sift_down(records_[last].in_heap);
}

}  // namespace orrery::routing

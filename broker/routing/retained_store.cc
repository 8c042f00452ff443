// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/retained_store.h"

#include <algorithm>
#include <cstring>

#include "broker/mqtt/topic.h"

namespace orrery::routing {

RetainedStore::RetainedStore(Heap& heap, std::uint64_t seed, RetainedLimits limits)
    : heap_(heap), limits_(limits), topics_(heap, alone_, seed), records_(heap, alone_), trie_(heap, alone_, seed) {}

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
}

void RetainedStore::drop_value(std::uint32_t id) {
  Record& r = records_[id];
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

std::uint32_t RetainedStore::sweep(Nanos now, std::uint32_t steps) {
  std::uint32_t freed = 0;
  for (steps = std::min(steps, topics_.end()); steps > 0; --steps) {
    if (sweep_at_ >= topics_.end()) sweep_at_ = 0;
    const std::uint32_t id = sweep_at_++;
    if (!topics_.in_use(id) || records_[id].size == 0 || lives(id, now)) continue;
    drop_value(id);
    add_tombstone(id);
    ++freed;
  }
  return freed;
}

}  // namespace orrery::routing

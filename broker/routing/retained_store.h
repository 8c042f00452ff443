// SPDX-License-Identifier: Apache-2.0
// Retained messages (MQTT 5.0 section 3.3.1.3): topic -> the newest value. Owned and used by shard 0 of a node.
//
// A value is opaque bytes with a version; of two versions the one with the larger (clock, writer) wins, so that stores
// which have seen the same values in any order hold the same. An empty value removes, and stays as a tombstone with its
// version for a while (limits.h), so that an older value that comes late does not bring the topic back. Topics stand in
// a trie of levels; a filter is matched by walking it without recursion, children in the order in which they came.
// Expired values are never shown; sweep() makes them tombstones in the order in which they expire. All memory is the
// shard's Heap.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/base/work_budget.h"
#include "broker/routing/limits.h"
#include "broker/routing/retained_trie.h"
#include "broker/routing/topic_index.h"

namespace orrery::routing {

struct RetainedVersion {
  std::uint64_t clock = 0;
  NodeId writer = 0;
  auto operator<=>(const RetainedVersion&) const = default;
};

struct Retained {
  Bytes value;  // empty: a tombstone
  RetainedVersion version;
  Nanos expires_at = kNever;
};

enum class RetainedResult : std::uint8_t {
  kApplied,
  kOlder,    // the store has this version or a newer one
  kFull,     // count or bytes
  kTooDeep,  // more than kLevelsMax levels
};

class RetainedStore {
 public:
  RetainedStore(Heap& heap, std::uint64_t seed, RetainedLimits limits = {});
  ~RetainedStore();
  RetainedStore(const RetainedStore&) = delete;
  RetainedStore& operator=(const RetainedStore&) = delete;

  /// Copies the value. A refused value leaves the old one.
  RetainedResult set(std::string_view topic, Bytes value, RetainedVersion version, Nanos expires_at = kNever);

  /// False when there is none, or none that lives at `now`. Views are valid until the next set() or sweep().
  bool get(std::string_view topic, Nanos now, Retained& out) const;

  /// visit(topic, retained) for each value that lives and whose topic matches; `visit` must not change the store.
  template <class Visit>
  void match(std::string_view filter, Nanos now, Visit&& visit) const {
    RetainedTrie::Walk walk(trie_, filter);
    for (std::uint32_t id = walk.next(); id != kNoRecord; id = walk.next())
      if (lives(id, now)) visit(topic(id), retained(id));
  }

  /// A few of them, to go on later: visit(topic, retained) -> bool, false to stop after it. `cursor` is 0 at the
  /// beginning, else what an earlier call gave, and used up by this one; returns the cursor to go on with, or 0 at the
  /// end. Charges a unit for each node of the trie that it looks at. What stays between the calls is visited once,
  /// whatever else changes; what comes may be. A cursor that is not used any more is given back by drop_cursor().
  template <class Visit>
  std::uint64_t walk(std::string_view filter, std::uint64_t cursor, Nanos now, WorkBudget& budget, Visit&& visit) {
    ORRERY_ASSERT(!budget.spent());
    const auto begun_at = static_cast<std::uint32_t>(cursor - 1);
    RetainedTrie::Walk walk =
        cursor == 0 ? RetainedTrie::Walk(trie_, filter) : RetainedTrie::Walk(trie_, filter, begun_at);
    std::uint64_t next = cursor;
    for (bool more = true; more && !budget.spent(); budget.charge()) {
      if (!walk.step()) {
        next = 0;
        break;
      }
      next = std::uint64_t{walk.node()} + 1;
      const std::uint32_t id = walk.record();
      if (id != kNoRecord && lives(id, now)) more = visit(topic(id), retained(id));
    }
    if (next != 0) trie_.hold(walk.node());
    if (cursor != 0) trie_.let_go(begun_at);
    return next;
  }
  void drop_cursor(std::uint64_t cursor) { trie_.let_go(static_cast<std::uint32_t>(cursor - 1)); }

  /// Visits what this node wrote, tombstones and expired values included: visit(topic, retained) -> bool, false to stop
  /// after it. Begins at cursor 0; returns the cursor to go on with, or kCursorEnd. What stays meanwhile is visited.
  static constexpr std::uint64_t kCursorEnd = UINT64_MAX;
  template <class Visit>
  std::uint64_t for_each_of(NodeId writer, std::uint64_t cursor, Visit&& visit) const {
    for (auto id = static_cast<std::uint32_t>(cursor); id < topics_.end(); ++id)
      if (is_record_of(id, writer) && !visit(topic(id), retained(id))) return id + 1u;
    return kCursorEnd;
  }

  /// Drops values that have expired, the earliest first, a unit each; returns how many.
  std::uint32_t sweep(Nanos now, WorkBudget& budget);
  /// When the next value expires; kNever when none does.
  Nanos next_expiry() const { return by_expiry_.empty() ? kNever : records_[by_expiry_[0]].expires_at; }

  /// Values, those that have expired and are not yet swept included.
  std::uint32_t count() const { return count_; }
  /// Topics and values of these.
  std::size_t bytes() const { return bytes_; }
  std::uint32_t tombstones() const { return tombstones_; }
  /// In the heap.
  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kNoRecord = UINT32_MAX;

  struct Record {
    std::uint64_t clock = 0;
    Nanos expires_at = kNever;
    std::uint8_t* value = nullptr;
    std::uint32_t size = 0;           // 0: a tombstone
    std::uint32_t node = kNoRecord;   // in trie_; a tombstone has none
    std::uint32_t older = kNoRecord;  // tombstones hang together by age
    std::uint32_t newer = kNoRecord;
    std::uint32_t in_heap = kNoRecord;  // its place in by_expiry_; of a value that expires
    NodeId writer = 0;
  };

  std::string_view topic(std::uint32_t id) const { return topics_.filter(id); }
  Retained retained(std::uint32_t id) const {
    const Record& r = records_[id];
    return {{r.value, r.size}, {r.clock, r.writer}, r.expires_at};
  }
  bool lives(std::uint32_t id, Nanos now) const { return records_[id].size != 0 && now < records_[id].expires_at; }
  bool is_record_of(std::uint32_t id, NodeId writer) const {
    return topics_.in_use(id) && records_[id].writer == writer;
  }

  RetainedResult refusal(std::string_view topic, std::uint32_t id, Bytes value) const;
  bool add_record(std::string_view topic, std::uint32_t& id);
  void store_value(std::uint32_t id, Bytes value);
  void drop_value(std::uint32_t id);
  void add_tombstone(std::uint32_t id);
  void unlink_tombstone(std::uint32_t id);
  // expiry_heap: by (expires_at, id), so that the order is the same in every run
  bool expires_before(std::uint32_t a, std::uint32_t b) const;
  void put(std::size_t place, std::uint32_t id);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);
  void add_expiry(std::uint32_t id);
  void remove_expiry(std::uint32_t id);

  QuiescentStates alone_{0};
  Heap& heap_;
  RetainedLimits limits_;
  TopicIndex topics_;
  ChunkedArray<Record> records_;  // by id of topics_
  RetainedTrie trie_;             // of those that have a value
  std::uint32_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t value_bytes_ = 0;
  std::uint32_t tombstones_ = 0;
  std::uint32_t oldest_ = kNoRecord;  // tombstones
  std::uint32_t newest_ = kNoRecord;
  HeapVector<std::uint32_t> by_expiry_;  // a binary heap of records, the earliest first
};

}  // namespace orrery::routing

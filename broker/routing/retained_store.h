// SPDX-License-Identifier: Apache-2.0
// Retained messages (MQTT 5.0 section 3.3.1.3): topic -> the newest value. Owned and used by shard 0 of a node.
//
// A value is opaque bytes with a version; of two versions the one with the larger (clock, writer) wins, so that stores
// which have seen the same values in any order hold the same. An empty value removes, and stays as a tombstone with its
// version for a while (limits.h), so that an older value that comes late does not bring the topic back. Topics stand in
// a trie of levels; a filter is matched by walking it without recursion, children in the order in which they came.
// Expired values are never shown; sweep() makes them tombstones little by little. All memory is the shard's Heap.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.h"
#include "broker/base/heap.h"
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

  /// Visits what this node wrote, tombstones and expired values included: visit(topic, retained) -> bool, false to stop
  /// after it. Begins at cursor 0; returns the cursor to go on with, or kCursorEnd. What stays meanwhile is visited.
  static constexpr std::uint64_t kCursorEnd = UINT64_MAX;
  template <class Visit>
  std::uint64_t for_each_of(NodeId writer, std::uint64_t cursor, Visit&& visit) const {
    for (auto id = static_cast<std::uint32_t>(cursor); id < topics_.end(); ++id)
      if (is_record_of(id, writer) && !visit(topic(id), retained(id))) return id + 1u;
    return kCursorEnd;
  }

  /// Looks at up to `steps` records, going round, and drops the values that have expired; returns how many.
  std::uint32_t sweep(Nanos now, std::uint32_t steps);

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
  std::uint32_t sweep_at_ = 0;
};

}  // namespace orrery::routing

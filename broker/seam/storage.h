// SPDX-License-Identifier: Apache-2.0
// How a shard remembers: batches of changes to its records, and what became of them. The calls are Effects::persist,
// Shard::recovered and Shard::persisted; both worlds are held to this page by broker/seam/storage_contract.h.
//
// A shard's storage is a set of records, key to value, of its own; no shard sees another's. It exists when NodeSetup
// says so (`remembers`); without it nothing is recovered and every batch is answered kFailed.
//
// Order and atomicity. A batch is stored as a whole or not at all. Its operations take effect in order: the last one of
// a key counts. The batches of one shard are stored in the order of the calls; between shards there is no order.
// Exactly one persisted(ticket) follows for each call, in the order of the calls, as an event of its own. Tickets are
// the shard's own numbers; the world only gives them back. A batch without operations is allowed: it is answered when
// all before it are.
//
// Group commit. A world may store several batches, of several shards, with one sync of the disk. kStored is only said
// when everything up to the batch is on the disk. While nothing fails the shard may go on persisting without waiting.
//
// What survives. What was answered kStored survives the death of the process and a loss of power, unless the disk lies.
// Of what was not answered yet a beginning may survive, in order and never a part of a batch: after the death of the
// process what the kernel has taken, after a loss of power what has reached the disk, which may be nothing. What
// recovered() shows is safe again: a later loss of power does not take it away.
//
// When a batch is not stored. The result says why. Each batch that the shard asks for before it has been told of the
// first such result is answered with the same result and is not stored: what is stored never has a hole. After the
// event:
//   kFull     the next call is tried afresh; nothing of the refused ones is stored
//   kRefused  the same; the batch was over a limit below
//   kFailed   the storage is broken until the node starts again: every later batch is answered kFailed. Whether the
//             batches answered kFailed are there after a restart is unknown; a batch is there as a whole or not at all,
//             and never one without those before it.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/types.h"

namespace orrery {

/// A key has 1 to this many bytes: a topic or a client identifier, and some bytes of the user's own before it.
inline constexpr std::size_t kStorageKeyBytesMax = 66 * 1024;
inline constexpr std::size_t kStorageValueBytesMax = 16 * 1024 * 1024;
/// All of a batch, with kStorageRecordBytes for each operation. A larger batch is answered kRefused.
inline constexpr std::size_t kStorageBatchBytesMax = 32 * 1024 * 1024;
/// What a record counts beside its key and its value.
inline constexpr std::size_t kStorageRecordBytes = 16;
/// Batches of one shard that wait for their answer, in bytes; a further one is answered kRefused.
inline constexpr std::size_t kStoragePendingBytesMax = 128 * 1024 * 1024;

enum class StorageResult : std::uint8_t {
  kStored,
  kFull,     // no room on the disk
  kFailed,   // the disk or the store is broken, or there is none
  kRefused,  // over a limit of this header
};
constexpr const char* storage_result_name(StorageResult result) {
  switch (result) {
    case StorageResult::kStored:
      return "stored";
    case StorageResult::kFull:
      return "full";
    case StorageResult::kFailed:
      return "failed";
    case StorageResult::kRefused:
      return "refused";
  }
  return "unknown";
}

/// Changes that are stored together. Holds copies; clear() keeps the memory for the next use.
class StorageBatch {
 public:
  void put(Bytes key, Bytes value) { add(true, key, value); }
  /// Erasing what is not there is no mistake.
  void erase(Bytes key) { add(false, key, {}); }

  bool empty() const { return operations_ == 0; }
  std::uint32_t operations() const { return operations_; }
  std::size_t bytes() const { return bytes_; }
  /// Within the limits; a batch that is not is answered kRefused.
  bool valid() const { return valid_ && bytes_ <= kStorageBatchBytesMax; }
  void clear() {
    data_.clear();
    operations_ = 0;
    bytes_ = 0;
    valid_ = true;
  }

  /// visit(bool is_put, Bytes key, Bytes value) in order; an erasure has no value.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (std::size_t at = 0; at < data_.size();) {
      Head head;
      std::memcpy(&head, data_.data() + at, sizeof head);
      at += sizeof head;
      const Bytes key(data_.data() + at, head.key_bytes);
      at += head.key_bytes;
      const Bytes value(data_.data() + at, head.value_bytes);
      at += head.value_bytes;
      visit(head.is_put != 0, key, value);
    }
  }

 private:
  struct Head {
    std::uint32_t is_put;
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;
  };

  // What is over a limit is not copied: the batch will be refused whatever else is in it.
  void add(bool is_put, Bytes key, Bytes value) {
    ++operations_;
    bytes_ += kStorageRecordBytes + key.size() + value.size();
    valid_ = valid_ && !key.empty() && key.size() <= kStorageKeyBytesMax && value.size() <= kStorageValueBytesMax;
    if (!valid()) return;
    const Head head{is_put ? 1u : 0u, static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size())};
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(&head);
    data_.insert(data_.end(), begin, begin + sizeof head);
    data_.insert(data_.end(), key.begin(), key.end());
    data_.insert(data_.end(), value.begin(), value.end());
  }

  std::vector<std::uint8_t> data_;
  std::uint32_t operations_ = 0;
  std::size_t bytes_ = 0;
  bool valid_ = true;
};

}  // namespace orrery

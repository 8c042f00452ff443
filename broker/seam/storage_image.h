// SPDX-License-Identifier: Apache-2.0
// What a storage holds, as plain ordered maps: the obvious twin of a real store, for virtual disks and for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "broker/seam/storage.h"

namespace orrery {

class StorageImage {
 public:
  using Blob = std::vector<std::uint8_t>;

  void apply(ShardId shard, const StorageBatch& batch) {
    batch.for_each([&](bool is_put, Bytes key, Bytes value) {
      const Where where{shard, Blob(key.begin(), key.end())};
      const auto at = records_.find(where);
      if (at != records_.end()) {
        bytes_ -= size_of(at->first.second, at->second);
        records_.erase(at);
      }
      if (!is_put) return;
      records_.emplace(where, Blob(value.begin(), value.end()));
      bytes_ += kStorageRecordBytes + key.size() + value.size();
    });
  }
  /// visit(Bytes key, Bytes value) for each record of the shard, in order of the keys' bytes.
  template <class Visitor>
  void for_each(ShardId shard, Visitor&& visit) const {
    for (auto at = records_.lower_bound({shard, {}}); at != records_.end() && at->first.first == shard; ++at)
      visit(Bytes(at->first.second), Bytes(at->second));
  }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t bytes_of(ShardId shard) const {
    std::uint64_t sum = 0;
    for_each(shard, [&](Bytes key, Bytes value) { sum += kStorageRecordBytes + key.size() + value.size(); });
    return sum;
  }
  bool operator==(const StorageImage&) const = default;

 private:
  static std::uint64_t size_of(const Blob& key, const Blob& value) {
    return kStorageRecordBytes + key.size() + value.size();
  }

  using Where = std::pair<ShardId, Blob>;
  /// By shard, then by the keys' bytes. Through text, because g++ 12 warns of a vector's own order when inlined.
  struct InOrder {
    bool operator()(const Where& a, const Where& b) const {
      return a.first != b.first ? a.first < b.first : as_text(a.second) < as_text(b.second);
    }
  };

  std::map<Where, Blob, InOrder> records_;
  std::uint64_t bytes_ = 0;
};

}  // namespace orrery

// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/log_copy.h"

#include <algorithm>

#include "base/hash.h"

namespace orrery::cluster {
namespace {

/// Writes what it is shown into a frame until that has grown to kBatchBytes.
class RowWriter final : public RouteVisitor, public RetainedVisitor {
 public:
  explicit RowWriter(ByteWriter& out) : out_(out), limit_(out.size() + kBatchBytes) {}
  bool route(std::string_view filter, ShardId shard) override {
    return add({.operation = Operation::kRouteAdd, .shard = shard, .filter = filter, .value = {}});
  }
  bool retained(Bytes value) override {
    return add({.operation = Operation::kRetained, .shard = 0, .filter = {}, .value = value});
  }

 private:
  bool add(const Entry& row) {
    encode(row, out_);
    return out_.size() < limit_;
  }
  ByteWriter& out_;
  std::size_t limit_;
};

/// Collects rows that are not among the sorted keys.
class UnseenRows final : public RouteVisitor {
 public:
  struct Row {
    std::string filter;
    ShardId shard;
  };
  using KeyOf = std::uint64_t (*)(std::string_view, ShardId);
  UnseenRows(const HeapVector<std::uint64_t>& seen, KeyOf key_of) : seen_(seen), key_of_(key_of) {}
  bool route(std::string_view filter, ShardId shard) override {
    if (!std::binary_search(seen_.begin(), seen_.end(), key_of_(filter, shard)))
      rows.push_back({std::string(filter), shard});
    return rows.size() < kRows;
  }
  std::vector<Row> rows;

 private:
  static constexpr std::size_t kRows = 1024;
  const HeapVector<std::uint64_t>& seen_;
  KeyOf key_of_;
};

}  // namespace

void CopySender::write_head(FrameType type, ControlWire& wire, NodeId to) const {
  ControlFrame frame(wire, to, type);
  write(frame, CopyHead{kind_, {kind_ == CopyKind::kWhole ? owners_.front() : NodeId{0}, at_}});
}

void CopySender::begin_whole(NodeId owner, Position at, ControlWire& wire, NodeId to) {
  active_ = true;
  routes_done_ = false;
  kind_ = CopyKind::kWhole;
  owners_.assign(1, owner);
  at_ = at;
  cursor_ = 0;
  write_head(FrameType::kCopyBegin, wire, to);
}

void CopySender::begin_retained(std::vector<NodeId> owners, bool newborn, ControlWire& wire, NodeId to) {
  active_ = true;
  routes_done_ = true;
  kind_ = CopyKind::kRetainedOnly;
  owners_ = std::move(owners);
  at_ = {0, newborn ? 0 : kFromSettled};
  cursor_ = 0;
  write_head(FrameType::kCopyBegin, wire, to);
}

std::size_t CopySender::write_piece(ControlWire& wire, NodeId to, RouteSink& routes, RetainedSink& retained) {
  const std::size_t before = wire.buffer(to).size();
  {
    ControlFrame frame(wire, to, FrameType::kCopyRows);
    frame.u16(owners_.front());
    RowWriter writer(frame);
    cursor_ = routes_done_ ? retained.for_each_of(owners_.front(), cursor_, writer)
                           : routes.for_each_of(owners_.front(), cursor_, writer);
  }
  if (cursor_ == kCursorEnd) {
    cursor_ = 0;
    if (!routes_done_) {
      routes_done_ = true;
    } else if (owners_.size() > 1) {
      owners_.erase(owners_.begin());
    } else {
      write_head(FrameType::kCopyEnd, wire, to);
      active_ = false;
    }
  }
  return wire.buffer(to).size() - before;
}

std::uint64_t CopyReceiver::key_of(std::string_view filter, ShardId shard) {
  return hash_text(filter, 0x5eed0000u + shard);
}

void CopyReceiver::begin(const CopyHead& head, bool ignore, bool reconcile) {
  abort();
  active_ = true;
  head_ = head;
  ignored_ = ignore;
  reconcile_ = reconcile && !ignore;
}

void CopyReceiver::note(const Entry& row) {
  if (reconcile_ && row.operation != Operation::kRetained) seen_.push_back(key_of(row.filter, row.shard));
}

std::uint32_t CopyReceiver::finish(RouteSink& routes) {
  const std::uint32_t removed = reconcile_ && !ignored_ ? remove_unseen(routes) : 0;
  abort();
  return removed;
}

std::uint32_t CopyReceiver::remove_unseen(RouteSink& routes) {
  std::sort(seen_.begin(), seen_.end());
  std::uint32_t removed = 0;
  std::uint64_t cursor = 0;
  while (cursor != kCursorEnd) {
    UnseenRows unseen(seen_, &CopyReceiver::key_of);
    cursor = routes.for_each_of(head_.of.owner, cursor, unseen);
    for (const UnseenRows::Row& row : unseen.rows) routes.remove(head_.of.owner, row.filter, row.shard);
    removed += static_cast<std::uint32_t>(unseen.rows.size());
  }
  return removed;
}

void CopyReceiver::abort() {
  active_ = false;
  HeapVector<std::uint64_t>(seen_.get_allocator()).swap(seen_);
}

}  // namespace orrery::cluster

// SPDX-License-Identifier: Apache-2.0
// Bytes to a shard from the others of its node: one queue and one bell for each receiver.
//
// A sender collects its messages in an outbox of its own and hands them over once per batch, so that the lock is taken,
// and the receiver woken, at most once per batch and pair. All senders share the receiver's queue: what one of them
// says after it has heard from another comes after what that one had said before. A message is four bytes of length,
// two of its sender, and its bytes. What waits is bounded by its senders, who are told how much it is (Effects::post).
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/types.h"
#include "broker/runtime_asio/fd.h"
#include "broker/runtime_asio/limits.h"
#include "broker/seam/effects.h"

namespace orrery::runtime {

class Mailbox {
 public:
  using Buffer = std::vector<std::uint8_t>;

  static void append(Buffer& outbox, ShardId from, Bytes message) {
    const auto size = static_cast<std::uint32_t>(message.size());
    std::uint8_t head[kHead];
    std::memcpy(head, &size, sizeof size);
    std::memcpy(head + sizeof size, &from, sizeof from);
    outbox.insert(outbox.end(), head, head + kHead);
    outbox.insert(outbox.end(), message.begin(), message.end());
  }
  /// visit(from, message)
  template <class Visitor>
  static void for_each(const Buffer& messages, Visitor&& visit) {
    for (std::size_t at = 0; at < messages.size();) {
      std::uint32_t size = 0;
      ShardId from = 0;
      std::memcpy(&size, messages.data() + at, sizeof size);
      std::memcpy(&from, messages.data() + at + sizeof size, sizeof from);
      visit(from, Bytes(messages.data() + at + kHead, size));
      at += kHead + size;
    }
  }

  /// Moves the sender's outbox behind what waits; leaves the outbox empty.
  void put(ShardId from, Buffer& outbox) {
    waiting_from_[from] += outbox.size();
    const std::lock_guard<std::mutex> held(lock_);
    if (waiting_.empty())
      waiting_.swap(outbox);
    else
      waiting_.insert(waiting_.end(), outbox.begin(), outbox.end());
    outbox.clear();
  }
  /// Exchanges what waits for an empty buffer.
  void take(Buffer& empty) {
    const std::lock_guard<std::mutex> held(lock_);
    waiting_.swap(empty);
  }

  // How far the receiver is behind, for each sender. A sender that was told more than kPostsHigh is owed one word when
  // they have fallen to half of that; whoever clears its bit in owed_ owes, or says, it.
  /// The sender's: what it has posted and is not handled, those in its outbox included.
  std::size_t waiting(ShardId from, const Buffer& outbox) {
    const std::size_t before = waiting_from_[from] + outbox.size();
    if (before <= kPostsHigh) return before;
    const std::uint64_t bit = std::uint64_t{1} << from;
    owed_ |= bit;
    // The receiver may have handled everything a moment ago, and not seen the bit.
    const std::size_t now = waiting_from_[from] + outbox.size();
    if (now > kPostsHigh) return now;
    return (owed_.fetch_and(~bit) & bit) != 0 ? now : before;
  }
  /// The receiver's: so many bytes of the sender's have been handled. True when it is to be told.
  bool handled(ShardId from, std::size_t bytes) {
    const std::uint64_t bit = std::uint64_t{1} << from;
    const std::size_t left = waiting_from_[from] -= bytes;
    if (left > kPostsHigh / 2 || (owed_ & bit) == 0) return false;
    return (owed_.fetch_and(~bit) & bit) != 0;
  }
  /// Bytes of a message as they are counted.
  static std::size_t size_of(Bytes message) { return kHead + message.size(); }
  /// In the poster's own mailbox: shard `by` has caught up. The poster hears of all of them at once, a bit for each.
  void say_taken(ShardId by) { taken_by_ |= std::uint64_t{1} << by; }
  std::uint64_t hear_taken() { return taken_by_.load() == 0 ? 0 : taken_by_.exchange(0); }

 private:
  static constexpr std::size_t kHead = sizeof(std::uint32_t) + sizeof(ShardId);

  std::mutex lock_;
  Buffer waiting_;
  std::atomic<std::size_t> waiting_from_[kShardsMax] = {};
  std::atomic<std::uint64_t> owed_{0};      // senders that are to be told
  std::atomic<std::uint64_t> taken_by_{0};  // of the owner as a sender: receivers that have caught up
};

/// Says that messages wait for a shard, and wakes its thread; any thread may call. Registered edge-triggered, so it is
/// never read.
class Bell {
 public:
  Bell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  int fd() const { return fd_.get(); }
  /// True for the caller that has to see to it that somebody looks: by wake(), or by doing it.
  bool mark() { return !rung_.exchange(true); }
  void wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
  }
  bool rung() const { return rung_.load(); }
  /// Before looking at what there is to do: marks from now on count again.
  void heard() { rung_.store(false); }

 private:
  Fd fd_;
  std::atomic<bool> rung_{false};
};

}  // namespace orrery::runtime

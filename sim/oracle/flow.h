// SPDX-License-Identifier: Apache-2.0
// The oracle of delivery: what one subscriber has received of one publisher, in 16 bytes and O(1) a message.
//
// A flow is a pair (publisher, subscriber). The publisher numbers its messages 0, 1, 2, ...; the flow remembers the
// highest number that arrived and, for the 64 below it, which did. From that every arrival is one of:
//   fresh      the highest so far
//   late       lower, and had not arrived: out of order
//   repeated   lower, and had arrived
// A number that falls out of the window without having arrived is judged missing; finish() judges the rest. Whether a
// missing one was owed is decided by `owed_from` (what was sent before the subscription held is not owed) and by the
// caller. One that is later than 64 others counts as missing and then as late.
#pragma once

#include <bit>
#include <cstdint>

namespace orrery::sim {

enum class Arrival : std::uint8_t { kFresh, kLate, kRepeated };

struct Flow {
  static constexpr std::uint32_t kWindow = 64;

  /// Bit i: number next - 1 - i has arrived. Numbers below 0 count as arrived.
  std::uint64_t arrived = ~std::uint64_t{0};
  std::uint32_t next = 0;  // one past the highest number that has arrived or was settled
  std::uint32_t owed_from = 0;

  /// `missing(number)` is called for each number that leaves the window without having arrived, if it is owed.
  template <class Missing>
  Arrival receive(std::uint32_t number, Missing missing) {
    if (number >= next) {
      advance(number + 1, missing);
      arrived |= 1;
      return Arrival::kFresh;
    }
    const std::uint32_t age = next - 1 - number;
    if (age >= kWindow) return Arrival::kLate;
    const std::uint64_t bit = std::uint64_t{1} << age;
    const bool repeated = arrived & bit;
    arrived |= bit;
    return repeated ? Arrival::kRepeated : Arrival::kLate;
  }

  /// The subscriber's session has ended and a new subscription holds, `sent` messages after the first. Gaps are judged
  /// now; of the rest nothing below `sent` is owed.
  template <class Missing>
  void restart(std::uint32_t sent, Missing missing) {
    judge_gaps(kWindow, missing);
    if (sent > owed_from) owed_from = sent;
  }

  /// `sent` messages were sent and nothing is on its way any more.
  template <class Missing>
  void finish(std::uint32_t sent, Missing missing) {
    if (sent > next) advance(sent, missing);
    judge_gaps(kWindow, missing);
  }

 private:
  template <class Missing>
  void judge(std::uint32_t number, Missing& missing) {
    if (number >= owed_from) missing(number);
  }
  /// Judges the gaps among the `count` oldest numbers of the window.
  template <class Missing>
  void judge_gaps(std::uint32_t count, Missing& missing) {
    std::uint64_t gaps = ~arrived;
    if (count < kWindow) gaps &= ~(~std::uint64_t{0} >> count);
    for (; gaps; gaps &= ~(std::uint64_t{1} << (63 - std::countl_zero(gaps))))
      judge(next - 1 - static_cast<std::uint32_t>(63 - std::countl_zero(gaps)), missing);
  }
  /// Moves the window up so that `next` is `to`.
  template <class Missing>
  void advance(std::uint32_t to, Missing& missing) {
    const std::uint32_t steps = to - next;
    judge_gaps(steps < kWindow ? steps : kWindow, missing);
    for (std::uint32_t n = next; steps > kWindow && n < to - kWindow; ++n) judge(n, missing);
    arrived = steps < kWindow ? arrived << steps : 0;
    next = to;
  }
};
static_assert(sizeof(Flow) == 16);

}  // namespace orrery::sim

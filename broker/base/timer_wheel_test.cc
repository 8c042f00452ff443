// SPDX-License-Identifier: Apache-2.0
#include "broker/base/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/rng.h"

namespace orrery {
namespace {

TEST(TimerWheel, FiresNeverEarlyAndAtMostOneTickLate) {
  Heap heap;
  TimerWheel wheel(heap);
  Rng rng(1);
  std::multimap<std::uint32_t, Nanos> due;  // the slow obvious twin: payload to time
  Nanos now = 0;
  std::size_t fired = 0;
  for (int step = 0; step < 20000; ++step) {
    const Nanos when = now + static_cast<Nanos>(rng.below(step % 100 == 0 ? 40'000 * kSecond : 20 * kSecond));
    due.emplace(static_cast<std::uint32_t>(step), when);
    wheel.arm(when, static_cast<std::uint32_t>(step));
    now += static_cast<Nanos>(rng.below(50 * kMillisecond));
    if (step % 7 == 0) now = std::max(now, std::min(now + kSecond, wheel.next_wake()));
    wheel.advance(now, [&](TimerWheel::Timer t) {
      auto it = due.find(t.payload);
      ASSERT_NE(it, due.end());
      EXPECT_LE(it->second, now);
      due.erase(it);
      ++fired;
    });
    EXPECT_EQ(wheel.armed(), due.size());
    if (step % 500 != 0) continue;
    for (const auto& [payload, when_due] : due) {
      EXPECT_GT(when_due + (Nanos{2} << TimerWheel::kTickBits), now);
    }
  }
  EXPECT_GT(fired, 15000u);
}

TEST(TimerWheel, NextWakeLeadsToEveryTimerInBoundedSteps) {
  Heap heap;
  TimerWheel wheel(heap);
  EXPECT_EQ(wheel.next_wake(), kNever);
  const std::vector<Nanos> times = {5, kSecond, 70 * kSecond, 5000 * kSecond, 200'000 * kSecond};
  for (std::uint32_t i = 0; i < times.size(); ++i) wheel.arm(times[i], i);
  std::vector<std::uint32_t> order;
  for (int steps = 0; wheel.next_wake() != kNever; ++steps) {
    ASSERT_LT(steps, 100);
    const Nanos at = wheel.next_wake();
    wheel.advance(at, [&](TimerWheel::Timer t) {
      EXPECT_GE(at, times[t.payload]);
      EXPECT_LT(at, times[t.payload] + (Nanos{2} << TimerWheel::kTickBits));
      order.push_back(t.payload);
    });
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
}

TEST(TimerWheel, ATimerMayArmTheNextFromItsVisitor) {
  Heap heap;
  TimerWheel wheel(heap);
  int fired = 0;
  wheel.arm(0, 7);
  while (fired < 1000)
    wheel.advance(wheel.next_wake(), [&](TimerWheel::Timer t) {
      ++fired;
      wheel.arm((static_cast<Nanos>(t.tick) << TimerWheel::kTickBits) + 100 * kMillisecond, t.payload);
    });
  EXPECT_EQ(wheel.armed(), 1u);
}

}  // namespace
}  // namespace orrery

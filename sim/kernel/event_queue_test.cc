// SPDX-License-Identifier: Apache-2.0
// The wheel against its twin: the same pushes, interleaved with the same pops, must give the same events.
#include "sim/kernel/event_queue.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace orrery::sim {
namespace {

Event event(Nanos time, std::uint32_t index = 0, std::uint32_t arg = 0) {
  return {time, entity_of(EventKind::kArrival, index), arg};
}

std::vector<Event> drain(EventQueue& queue, Nanos until = kNever) {
  std::vector<Event> all;
  Event next;
  while (queue.pop(until, next)) all.push_back(next);
  return all;
}

TEST(Event, OrderIsTimeThenEntityThenArg) {
  EXPECT_LT(event(1, 9, 9), event(2, 0, 0));
  EXPECT_LT(event(1, 1, 9), event(1, 2, 0));
  EXPECT_LT(event(1, 1, 1), event(1, 1, 2));
  EXPECT_FALSE(event(1, 1, 1) < event(1, 1, 1));
  const Event fault{5, entity_of(EventKind::kFault, 7), 0};
  EXPECT_LT(fault, event(5, 0, 0));
  EXPECT_EQ(fault.kind(), EventKind::kFault);
  EXPECT_EQ(fault.index(), 7u);
}

TEST(TimingWheel, GivesOutEveryLevel) {
  EventQueue wheel(QueueKind::kWheel);
  std::vector<Event> expected;
  for (unsigned bit = 0; bit < 63; ++bit) expected.push_back(event(Nanos{1} << bit));
  expected.push_back(event(kNever));
  for (std::size_t i = expected.size(); i-- > 0;) wheel.push(expected[i]);
  EXPECT_EQ(wheel.size(), expected.size());
  EXPECT_EQ(drain(wheel), expected);
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimingWheel, StopsAtUntilAndGoesOn) {
  EventQueue wheel(QueueKind::kWheel);
  for (Nanos t : {10 * kSecond, 5 * kSecond, 20 * kSecond}) wheel.push(event(t));
  EXPECT_TRUE(drain(wheel, 5 * kSecond - 1).empty());
  wheel.push(event(1));  // earlier than everything the wheel has looked at
  EXPECT_EQ(drain(wheel, 5 * kSecond), (std::vector<Event>{event(1), event(5 * kSecond)}));
  wheel.push(event(12 * kSecond));
  EXPECT_EQ(drain(wheel), (std::vector<Event>{event(10 * kSecond), event(12 * kSecond), event(20 * kSecond)}));
}

TEST(TimingWheel, ManyEventsOfOneTick) {
  EventQueue wheel(QueueKind::kWheel);
  EventQueue heap(QueueKind::kHeap);
  Rng rng(3);
  for (int i = 0; i < 20'000; ++i) {
    const Event e = event(kSecond + static_cast<Nanos>(rng.below(1000)), static_cast<std::uint32_t>(rng.below(50)),
                          static_cast<std::uint32_t>(i));
    wheel.push(e);
    heap.push(e);
  }
  EXPECT_EQ(drain(wheel), drain(heap));
}

TEST(TimingWheel, KnowsWhatComesNext) {
  EventQueue wheel(QueueKind::kWheel);
  for (std::uint32_t i = 0; i < 4; ++i) wheel.push(event(kSecond + i));
  EXPECT_EQ(wheel.upcoming(0), nullptr);
  Event first;
  ASSERT_TRUE(wheel.pop(kNever, first));
  ASSERT_NE(wheel.upcoming(1), nullptr);
  EXPECT_EQ(*wheel.upcoming(1), event(kSecond + 2));
  EXPECT_EQ(wheel.upcoming(3), nullptr);
}

// A delay as they occur: mostly short, sometimes at the scale of any level, sometimes none at all.
Nanos random_delay(Rng& rng) { return static_cast<Nanos>(rng.next() >> (1 + rng.below(63))) >> rng.below(20); }

TEST(TimingWheel, AgreesWithTheHeapOnRandomSchedules) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    EventQueue wheel(QueueKind::kWheel);
    EventQueue heap(QueueKind::kHeap);
    Nanos now = 0;
    Nanos until = 0;
    for (std::uint32_t step = 0; step < 5'000; ++step) {
      for (std::uint64_t n = rng.below(4); n > 0; --n) {
        const Nanos room = (kNever >> 1) - now;
        const Event e = event(now + std::min(random_delay(rng), room), static_cast<std::uint32_t>(rng.below(8)), step);
        wheel.push(e);
        heap.push(e);
      }
      Event a;
      Event b;
      if (rng.below(8) == 0) until = now + random_delay(rng) / 2;
      const bool any = heap.pop(until, b);
      ASSERT_EQ(wheel.pop(until, a), any) << "seed " << seed << " step " << step;
      if (any) {
        ASSERT_EQ(a, b) << "seed " << seed << " step " << step;
        now = std::max(now, a.time);
      } else if (until > now) {
        now = until;
      }
      ASSERT_EQ(wheel.size(), heap.size());
    }
    EXPECT_EQ(drain(wheel), drain(heap)) << "seed " << seed;
  }
}

TEST(TimingWheel, GivesChunksBack) {
  EventQueue wheel(QueueKind::kWheel);
  std::size_t memory = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 10'000; ++i) wheel.push(event(round * kSecond + i * 50'000, static_cast<std::uint32_t>(i)));
    EXPECT_EQ(drain(wheel).size(), 10'000u);
    if (round == 1) memory = wheel.memory_bytes();
  }
  EXPECT_LE(wheel.memory_bytes(), memory);
}

}  // namespace
}  // namespace orrery::sim

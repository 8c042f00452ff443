// SPDX-License-Identifier: Apache-2.0
// The two event queues in the hold model (Jones 1986): so many events wait; take the first, put one back a random while
// later.
//
// Delays are those of a run: most events a network latency away, one in four a client's timer of seconds. The label
// hashes the order of the first events taken out: both queues must give the same.
#include <benchmark/benchmark.h>

#include "base/rng.h"
#include "microbench/check.h"
#include "sim/kernel/event_queue.h"

namespace {

using namespace orrery;
using namespace orrery::sim;

Nanos delay(Rng& rng) {
  const std::uint64_t drawn = rng.next();
  return drawn % 4 == 0 ? static_cast<Nanos>(drawn >> 30)                                   // up to 17 s
                        : 50 * kMicrosecond + static_cast<Nanos>((drawn >> 47) & 0x1ffff);  // 50 to 181 µs
}

std::uint64_t expected_hash(std::int64_t pending) {
  return pending == 1'000 ? 0xf8f54792fde37491 : pending == 100'000 ? 0x6ede96f025c1ad4d : 0xa18a4eb3be2126ea;
}

void hold(benchmark::State& state, QueueKind kind) {
  const std::int64_t pending = state.range(0);
  EventQueue queue(kind);
  Rng rng(1);
  for (std::int64_t i = 0; i < pending; ++i)
    queue.push(
        {static_cast<Nanos>(rng.next() >> 30), entity_of(EventKind::kArrival, static_cast<std::uint32_t>(i)), 0});
  std::uint64_t hash = 0;
  const auto turn = [&] {
    Event event;
    queue.pop(kNever - 1, event);
    hash = mix64(hash ^ static_cast<std::uint64_t>(event.time)) + event.minor();
    event.time += delay(rng);
    ++event.arg;
    queue.push(event);
  };
  for (int i = 0; i < 20'000; ++i) turn();
  const std::uint64_t checked = hash;
  for (auto _ : state) turn();
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes/event"] = static_cast<double>(queue.memory_bytes()) / static_cast<double>(pending);
  check_hash(state, checked, expected_hash(pending));
}

void wheel(benchmark::State& state) { hold(state, QueueKind::kWheel); }
void heap(benchmark::State& state) { hold(state, QueueKind::kHeap); }
BENCHMARK(wheel)->Arg(1'000)->Arg(100'000)->Arg(4'000'000)->Iterations(200'000);
BENCHMARK(heap)->Arg(1'000)->Arg(100'000)->Arg(4'000'000)->Iterations(200'000);

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// What the simulator's own machinery costs: a crowd that asks an echo node for 280 bytes every 10 seconds, on 4 nodes
// of 16 shards. An iteration is a virtual second. Reported are nanoseconds per event, all in (queue, network, virtual
// CPU, crowd), and the bytes that the world holds for each client. Both queues must come to the same run hash.
#include <benchmark/benchmark.h>

#include "microbench/check.h"
#include "sim/world/echo.h"

namespace {

using namespace orrery;
using namespace orrery::sim;

void echo(benchmark::State& state, QueueKind queue) {
  WorldOptions options = echo_options(4, 16);
  options.queue = queue;
  EchoCrowd crowd(std::move(options),
                  {.clients = static_cast<std::uint32_t>(state.range(0)), .ramp = 5 * kSecond, .period = 10 * kSecond});
  World& world = crowd.world();
  world.run_until(6 * kSecond);
  const std::uint64_t hash = world.hash().value();
  const std::uint64_t before = world.events_handled();
  for (auto _ : state) world.run_until(world.now() + kSecond);
  state.SetItemsProcessed(static_cast<std::int64_t>(world.events_handled() - before));
  state.counters["bytes/client"] = static_cast<double>(world.memory_bytes()) / static_cast<double>(state.range(0));
  state.counters["ns/event"] = benchmark::Counter(static_cast<double>(world.events_handled() - before) / 1e9,
                                                  benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  check_hash(state, crowd.wrong_bytes == 0 ? hash : 0,
             state.range(0) == 10'000 ? 0x36fac97c9dfaff16 : 0x94f88c9430a80954);
}

void wheel(benchmark::State& state) { echo(state, QueueKind::kWheel); }
void heap(benchmark::State& state) { echo(state, QueueKind::kHeap); }
BENCHMARK(wheel)->Arg(10'000)->Arg(100'000)->Iterations(10)->Unit(benchmark::kMillisecond);
BENCHMARK(heap)->Arg(10'000)->Arg(100'000)->Iterations(10)->Unit(benchmark::kMillisecond);

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// The route table at 1 k, 100 k and 1 M filters: adding rows, and matching topics without wildcards, with filters that
// have them, and with nine exact filters to each wildcard one. Topics are looked for in random order, so that at 1 M
// every step is a cache miss. For comparison the textbook way: a map of children for each level. Counters: B/filter is
// everything in the heap for each row.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/rng.h"
#include "broker/routing/route_table.h"
#include "microbench/check.h"

namespace orrery::routing {
namespace {

constexpr std::size_t kTopics = 1 << 16;

/// `tenths` of ten filters have a wildcard: "t/{8 digits}" or "w/{8 digits}/+/state".
std::string filter_of(std::uint32_t i, std::uint32_t tenths) {
  const std::string number = std::to_string(10'000'000 + i);
  return i % 10 < tenths ? "w/" + number + "/+/state" : "t/" + number;
}
std::string topic_of(std::uint32_t i, std::uint32_t tenths) {
  const std::string number = std::to_string(10'000'000 + i);
  return i % 10 < tenths ? "w/" + number + "/hall/state" : "t/" + number;
}
Place place_of(std::uint32_t i) { return {static_cast<NodeId>(i % 5), static_cast<ShardId>(i % 3)}; }

/// Topics that match, one after another in memory, in random order.
std::vector<std::string> topics_among(std::uint32_t filters, std::uint32_t tenths) {
  Rng rng(1);
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < kTopics; ++i)
    topics.push_back(topic_of(static_cast<std::uint32_t>(rng.below(filters)), tenths));
  return topics;
}

struct Table {
  Heap heap;
  QuiescentStates states{1};
  RouteTable routes{heap, states, 1};
  Table(std::uint32_t filters, std::uint32_t tenths) {
    for (std::uint32_t i = 0; i < filters; ++i) routes.add(filter_of(i, tenths), place_of(i));
    states.reclaim();
    states.passed(0);
    states.reclaim();
  }
};

/// Benchmarks run several times to find their number of iterations: the table is built once for each size.
const Table& table_of(std::uint32_t filters, std::uint32_t tenths) {
  static std::uint64_t key = 0;
  static std::unique_ptr<Table> table;
  const std::uint64_t wanted = std::uint64_t{tenths} << 32 | filters;
  if (key != wanted) {
    table = nullptr;
    table = std::make_unique<Table>(filters, tenths);
    key = wanted;
  }
  return *table;
}

std::uint64_t fold(std::uint64_t hash, std::uint32_t value) { return mix64(hash + value + 1); }

std::uint64_t expected_hash(std::uint32_t filters) {
  Rng rng(1);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < kTopics; ++i) {
    const Place p = place_of(static_cast<std::uint32_t>(rng.below(filters)));
    hash = fold(hash, p.node * 3u + p.shard);
  }
  return hash;
}

void match(benchmark::State& state, std::uint32_t tenths) {
  const auto filters = static_cast<std::uint32_t>(state.range(0));
  const Table& table = table_of(filters, tenths);
  const std::vector<std::string> topics = topics_among(filters, tenths);
  PlaceSet places;
  std::size_t next = 0;
  for (auto _ : state) {
    table.routes.match(topics[next++ % kTopics], places);
    benchmark::DoNotOptimize(places.span().data());
  }
  std::uint64_t hash = 0;
  for (const std::string& topic : topics) {
    table.routes.match(topic, places);
    for (const Place& p : places) hash = fold(hash, p.node * 3u + p.shard);
  }
  state.counters["B/filter"] = static_cast<double>(table.heap.bytes_in_use()) / filters;
  check_hash(state, hash, expected_hash(filters));
}

void BM_MatchExact(benchmark::State& state) { match(state, 0); }
void BM_MatchMixed(benchmark::State& state) { match(state, 1); }
void BM_MatchWildcard(benchmark::State& state) { match(state, 10); }

/// Adding `range(0)` rows to an empty table.
void BM_Add(benchmark::State& state) {
  const auto filters = static_cast<std::uint32_t>(state.range(0));
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < filters; ++i) names.push_back(filter_of(i, 0));
  std::uint32_t rows = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    Heap heap;
    QuiescentStates states(0);
    RouteTable routes(heap, states, 1);
    for (std::uint32_t i = 0; i < filters; ++i) routes.add(names[i], place_of(i));
    rows = routes.rows();
    bytes = heap.bytes_in_use();
  }
  state.SetItemsProcessed(state.iterations() * filters);
  state.counters["B/filter"] = static_cast<double>(bytes) / filters;
  check_hash(state, rows, filters);
}

/// A row goes and another comes, among `range(0)`.
void BM_Replace(benchmark::State& state) {
  const auto filters = static_cast<std::uint32_t>(state.range(0));
  Table table(filters, 0);
  std::uint32_t oldest = 0;
  for (auto _ : state) {
    table.routes.remove(filter_of(oldest, 0), place_of(oldest));
    table.routes.add(filter_of(oldest + filters, 0), place_of(oldest + filters));
    ++oldest;
    table.states.passed(0);
    table.states.reclaim();
  }
  check_hash(state, table.routes.rows(), filters);
}

/// The textbook way: each node of the trie has a map of its children.
struct LevelMaps {
  std::unordered_map<std::string, std::unique_ptr<LevelMaps>> children;
  std::vector<Place> places;
};

void BM_LevelMapsMatchExact(benchmark::State& state) {
  const auto filters = static_cast<std::uint32_t>(state.range(0));
  LevelMaps root;
  const auto walk = [&](std::string_view topic, bool make) -> LevelMaps* {
    LevelMaps* node = &root;
    for (Levels levels(topic); node != nullptr && !levels.done();) {
      const std::string level(levels.next());
      const auto child = node->children.find(level);
      if (child != node->children.end()) {
        node = child->second.get();
      } else {
        node = make ? (node->children[level] = std::make_unique<LevelMaps>()).get() : nullptr;
      }
    }
    return node;
  };
  for (std::uint32_t i = 0; i < filters; ++i) walk(filter_of(i, 0), true)->places.push_back(place_of(i));
  const std::vector<std::string> topics = topics_among(filters, 0);
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(walk(topics[next++ % kTopics], false));
  std::uint64_t hash = 0;
  for (const std::string& topic : topics) {
    const Place p = walk(topic, false)->places.front();
    hash = fold(hash, p.node * 3u + p.shard);
  }
  check_hash(state, hash, expected_hash(filters));
}

// What has to build a table of its own for each run has a fixed number of iterations, so that there is one run.
#define ORRERY_SIZES Arg(1000)->Arg(100'000)->Arg(1'000'000)
BENCHMARK(BM_MatchExact)->ORRERY_SIZES;
BENCHMARK(BM_MatchMixed)->ORRERY_SIZES;
BENCHMARK(BM_MatchWildcard)->ORRERY_SIZES;
BENCHMARK(BM_Add)->ORRERY_SIZES->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Replace)->ORRERY_SIZES->Iterations(50'000);
BENCHMARK(BM_LevelMapsMatchExact)->ORRERY_SIZES->Iterations(50'000);

}  // namespace
}  // namespace orrery::routing

// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/run.h"

#include <algorithm>
#include <memory>

#include "sim/crowd/crowd.h"
#include "sim/oracle/counters.h"

namespace orrery::sim {
namespace {

constexpr int kProgressSteps = 400;

WorldOptions world_options(const Scenario& s, const RunOptions& o, std::uint32_t clients) {
  WorldOptions w;
  w.seed = s.crowd.seed;
  w.members = s.members();
  w.factory = o.factory;
  w.clients = clients;
  w.network = s.network;
  w.machines = s.machines();
  w.costs = o.costs;
  w.queue = o.queue;
  w.hash_interval = o.hash_interval;
  return w;
}

ShardStats total_stats(const World& world, NodeId node) {
  ShardStats all = world.stats(node);
  const ShardStats former = world.former_stats(node);
  for (int i = 0; i < kCounters; ++i) all.counters[i] += former.counters[i];
  return all;
}

std::uint64_t per_second(std::uint64_t count, Nanos window) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(static_cast<Wide>(count) * kSecond / static_cast<std::uint64_t>(window));
}

/// One run in progress: the pieces, and the phases in their order.
class Run {
 public:
  Run(const Scenario& s, const RunOptions& o)
      : scenario_(s),
        options_(o),
        crowd_(s.crowd, result_.verdicts),
        world_(world_options(s, o, crowd_.layout().clients()), crowd_) {}

  RunResult go() {
    const Layout& l = crowd_.layout();
    if (options_.trace_to) world_.trace(options_.trace_from, options_.trace_to, options_.trace);
    world_.trace_notes(options_.trace_note);
    world_.plan(scenario_.faults);
    crowd_.start(world_);
    run_to(l.ramp_end(), "ramp");
    run_to(l.steady_begin(), "settle");
    const std::vector<NodeUsage> before = usage();
    run_to(l.steady_end(), "steady");
    note_steady(before);
    run_to(l.end(), "drain");
    crowd_.finish(world_.now());
    note_end();
    return std::move(result_);
  }

 private:
  void run_to(Nanos end, const char* phase);
  std::vector<NodeUsage> usage() const;
  void note_steady(const std::vector<NodeUsage>& before);
  void note_end();
  void judge_counters();
  void judge_liveness();
  void judge_expectations();
  void expect_at_most(const char* what, std::uint64_t value, std::uint64_t max);
  void expect_at_least(const char* what, std::uint64_t value, std::uint64_t min);
  bool disturbed() const;

  const Scenario& scenario_;
  const RunOptions& options_;
  RunResult result_;
  Crowd crowd_;
  World world_;
};

void Run::run_to(Nanos end, const char* phase) {
  const Nanos whole = crowd_.layout().end();
  const Nanos step = std::max<Nanos>(1, whole / kProgressSteps);
  while (world_.now() < end) {
    world_.run_until(std::min(end, world_.now() + step));
    if (options_.progress)
      options_.progress(
          {world_.now(), whole, world_.events_handled(), crowd_.tally().live, crowd_.tally().received, phase});
  }
}

std::vector<NodeUsage> Run::usage() const {
  std::vector<NodeUsage> all;
  for (NodeId n = 0; n < world_.nodes(); ++n) all.push_back(world_.usage(n));
  return all;
}

void Run::note_steady(const std::vector<NodeUsage>& before) {
  const Nanos window = scenario_.crowd.steady;
  for (NodeId n = 0; n < world_.nodes(); ++n) {
    const NodeSpec& spec = scenario_.nodes[n];
    const NodeUsage u = world_.usage(n);
    NodeResult r;
    r.name = spec.name;
    r.role = spec.role;
    r.vcpus = spec.vcpus;
    r.ram_total = spec.ram_bytes;
    r.up = u.up;
    r.cpu_per_million = static_cast<std::uint64_t>((u.cpu_busy - before[n].cpu_busy) / spec.vcpus) * 1'000'000 /
                        static_cast<std::uint64_t>(window);
    r.broker_bytes = u.broker_bytes;
    r.kernel_bytes = u.kernel_bytes;
    r.rx_bits_per_second = per_second((u.rx_bytes - before[n].rx_bytes) * 8, window);
    r.tx_bits_per_second = per_second((u.tx_bytes - before[n].tx_bytes) * 8, window);
    result_.nodes_bytes += u.broker_bytes;
    result_.nodes.push_back(r);
  }
  for (const Client& c : crowd_.clients())
    if (c.phase == Phase::kLive) ++result_.nodes[c.node].connections;
  result_.connections = crowd_.tally().live;
}

void Run::note_end() {
  judge_counters();
  for (const NodeDeath& d : world_.deaths())
    result_.deaths.push_back({d.at, scenario_.nodes[d.node].name + ", status " + std::to_string(d.status) +
                                        (d.last_words.empty() ? "" : ": " + d.last_words)});
  result_.seed = scenario_.crowd.seed;
  result_.scenario = scenario_.name;
  result_.cost_table = options_.costs.id;
  result_.run_hash = world_.hash().value();
  result_.events = world_.events_handled();
  result_.checkpoints = world_.hash().checkpoints();
  result_.virtual_time = world_.now();
  result_.notes = world_.notes();
  result_.steady = scenario_.crowd.steady;
  result_.clients = crowd_.layout().clients();
  result_.live_at_end = crowd_.tally().live;
  result_.tally = crowd_.tally();
  result_.sim_bytes = world_.memory_bytes() + crowd_.memory_bytes();
  judge_liveness();
  judge_expectations();
}

/// True when something happened that the clients' view of the counters cannot account for.
bool Run::disturbed() const {
  const Tally& t = crowd_.tally();
  const bool wills = std::any_of(scenario_.crowd.groups.begin(), scenario_.crowd.groups.end(),
                                 [](const GroupSpec& g) { return g.will; });
  return wills || !scenario_.faults.empty() || t.connections_lost || t.connects_failed || t.connects_refused ||
         t.publishes_refused || result_.verdicts.count(Rule::kProtocol);
}

void Run::judge_counters() {
  std::vector<ShardStats> all;
  for (NodeId n = 0; n < world_.nodes(); ++n) {
    all.push_back(total_stats(world_, n));
    result_.nodes[n].stats = all.back();
    check_node_counters(scenario_.nodes[n].name, all.back(), world_.now(), result_.verdicts);
  }
  if (disturbed()) return;
  ClientView view;
  view.connects_accepted = crowd_.tally().connects_accepted;
  view.messages_accepted = crowd_.tally().published;
  view.messages_received = crowd_.tally().received;
  for (const Client& c : crowd_.clients()) view.subscriptions += c.is(kSubscribed);
  check_cluster_counters(all, view, world_.now(), result_.verdicts);
}

/// After faults and traffic have ended, everybody must be back and nothing may hang.
void Run::judge_liveness() {
  std::uint64_t away = 0;
  for (const Client& c : crowd_.clients()) {
    // One that resets its connections may be between two of them; one that came back once must be there.
    const Misbehaviour kind = scenario_.crowd.groups[c.group].misbehave.kind;
    if (c.is(kMisbehaves) && kind != Misbehaviour::kReconnectStorm) continue;
    ++result_.expected_live;
    away += c.phase != Phase::kLive;
  }
  if (away)
    result_.liveness_failures.push_back(std::to_string(away) + " of " + std::to_string(result_.expected_live) +
                                        " well-behaved clients are not connected at the end");
  if (result_.tally.unfinished)
    result_.liveness_failures.push_back(std::to_string(result_.tally.unfinished) +
                                        " messages are still neither acknowledged nor delivered at the end");
}

void Run::expect_at_most(const char* what, std::uint64_t value, std::uint64_t max) {
  if (value > max)
    result_.broken_expectations.push_back(std::string(what) + ": " + std::to_string(value) + ", at most " +
                                          std::to_string(max));
}
void Run::expect_at_least(const char* what, std::uint64_t value, std::uint64_t min) {
  if (value < min)
    result_.broken_expectations.push_back(std::string(what) + ": " + std::to_string(value) + ", at least " +
                                          std::to_string(min));
}

void Run::judge_expectations() {
  const Expectations& e = scenario_.expect;
  const Tally& t = result_.tally;
  expect_at_most("lost", t.lost, e.lost_max);
  expect_at_most("lost in fault windows", t.lost_in_faults, e.lost_in_faults_max);
  expect_at_most("duplicated", t.duplicated, e.duplicated_max);
  expect_at_most("reordered", t.reordered, e.reordered_max);
  expect_at_least("wills", t.received_wills, e.wills_min);
  expect_at_least("retained messages", t.received_retained, e.retained_min);
  if (e.latency_p99_max)
    expect_at_most("latency p99 (ns)", t.latency_ns.at(990'000), static_cast<std::uint64_t>(*e.latency_p99_max));
  if (t.published == 0) result_.broken_expectations.push_back("no message was published at all");
}

}  // namespace

std::uint64_t RunResult::messages_in_per_second() const { return per_second(tally.published_window, steady); }
std::uint64_t RunResult::messages_out_per_second() const { return per_second(tally.received_window, steady); }
std::uint64_t RunResult::cross_node_per_million() const {
  return tally.received == 0 ? 0 : tally.received_across * 1'000'000 / tally.received;
}

RunResult run_scenario(const Scenario& scenario, const RunOptions& options) { return Run(scenario, options).go(); }

}  // namespace orrery::sim

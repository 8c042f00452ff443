// SPDX-License-Identifier: Apache-2.0
#include "sim/app/run_command.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>

#include "base/strict_json.h"
#include "base/version.h"
#include "broker/node/broker_node.h"
#include "broker/seam/note_text.h"
#include "sim/app/crash.h"
#include "sim/app/exit_codes.h"
#include "sim/app/progress_bar.h"
#include "sim/app/wall_clock.h"
#include "sim/app/world_directories.h"
#include "sim/plug/load_plugin.h"
#include "sim/plug/plugin_node.h"
#include "sim/report/figures.h"
#include "sim/report/report.h"

namespace orrery::sim {
namespace {

/// A complaint about the input, for standard error.
struct BadInput {
  std::string sentence;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw BadInput{"cannot read the scenario file '" + path + "'"};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string quoted(const std::string& word) {
  const bool plain =
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,") == word.npos;
  return plain && !word.empty() ? word : "'" + word + "'";
}

/// Everything that a run needs, checked before anything is started.
class Prepared {
 public:
  explicit Prepared(const RunCommand& c) : command_(c) {
    const auto scale = parse_scale(c.scale);
    if (!scale) throw BadInput{"--scale '" + c.scale + "' is neither a number nor a fraction such as 1/20"};
    scenario = read_scenario(read_file(c.scenario), c.scenario, *scale);
    if (c.seed) scenario.crowd.seed = *c.seed;
    if (!c.placement.empty())
      scenario.crowd.placement = c.placement == "random" ? Placement::kRandom : Placement::kPaired;
    options.queue = c.queue == "heap" ? QueueKind::kHeap : QueueKind::kWheel;
    prepare_broker();
    prepare_trace();
    if (!c.json.empty()) {
      json.open(c.json, std::ios::binary | std::ios::trunc);
      if (!json) throw BadInput{"cannot write the file '" + c.json + "'"};
    }
  }

  std::string replay() const {
    std::string out = "orrery-sim run " + quoted(command_.scenario) + " --seed " + std::to_string(scenario.crowd.seed);
    out += std::string(" --placement ") + placement();
    if (command_.queue != "wheel") out += " --queue " + command_.queue;
    if (scenario.scale != "1") out += " --scale " + scenario.scale;
    if (plugin_) out += " --broker " + quoted(command_.broker);
    if (!command_.broker_options.empty()) out += " --broker-options " + quoted(command_.broker_options);
    if (command_.check) out += " --check";
    return out;
  }
  const char* placement() const { return scenario.crowd.placement == Placement::kRandom ? "random" : "paired"; }
  const char* broker_name() const { return plugin_ ? plugin_->table().broker.name : "orrery"; }

  Scenario scenario;
  RunOptions options;
  std::ofstream json;
  WorldDirectories directories;

 private:
  void prepare_broker() {
    if (command_.broker.empty()) {
      if (!command_.broker_options.empty()) throw BadInput{"--broker-options is for a broker that --broker loads"};
      options.factory = node::make_broker_node({});
      return;
    }
    std::string error;
    plugin_ = Plugin::load(command_.broker, error);
    if (!plugin_) throw BadInput{error};
    const PlugOptions plug{.options = command_.broker_options,
                           .directory = [this](const std::string& member) { return directories.of(member); }};
    NodeSetup setup;
    setup.members = scenario.members();
    for (setup.self = 0; setup.self < setup.members.size(); ++setup.self)
      if (const std::string refusal = try_plugin(plugin_->table(), plug, setup); !refusal.empty())
        throw BadInput{"the broker '" + command_.broker + "' refuses: " + refusal};
    options.factory = make_plugin_factory(plugin_->table(), plug);
  }

  void prepare_trace() {
    if (command_.trace.empty()) return;
    const std::string& t = command_.trace;
    const std::size_t colon = t.find(':');
    const auto number = [](const char* from, const char* to, std::uint64_t& out) {
      const auto [end, failed] = std::from_chars(from, to, out);
      return failed == std::errc{} && end == to && from != to;
    };
    if (colon == t.npos || !number(t.data(), t.data() + colon, options.trace_from) ||
        !number(t.data() + colon + 1, t.data() + t.size(), options.trace_to) || options.trace_from >= options.trace_to)
      throw BadInput{"--trace '" + t + "' is not FROM:TO with FROM below TO"};
  }

  const RunCommand& command_;
  std::unique_ptr<Plugin> plugin_;
};

void print_head(const Prepared& p) {
  const Scenario& s = p.scenario;
  const CrowdSpec& c = s.crowd;
  std::uint64_t clients = 0;
  for (const GroupSpec& g : c.groups) clients += std::uint64_t{g.publishers} + g.subscribers;
  std::printf("seed %" PRIu64 "\ncommit %s\nscenario %s, scale %s\n", c.seed, commit(), s.name.c_str(),
              s.scale.c_str());
  std::printf(
      "options placement %s, queue %s, broker %s, nodes %zu, clients %s, connects/s %s, settle %s s, steady %s s, "
      "drain %s s, faults %zu\n",
      p.placement(), p.options.queue == QueueKind::kHeap ? "heap" : "wheel", p.broker_name(), s.nodes.size(),
      grouped(clients).c_str(), grouped(c.connects_per_second).c_str(),
      decimal(static_cast<std::uint64_t>(c.settle), 9, 1).c_str(),
      decimal(static_cast<std::uint64_t>(c.steady), 9, 1).c_str(),
      decimal(static_cast<std::uint64_t>(c.drain), 9, 1).c_str(), s.faults.size());
  std::printf("cost table %s\n", p.options.costs.id.c_str());
  std::fflush(stdout);
}

const char* kind_name(EventKind kind) {
  static constexpr const char* kNames[] = {"fault",   "boot", "arrival", "drained",      "end_closed",
                                           "timeout", "post", "wake",    "client_timer", "give_up"};
  return kNames[static_cast<int>(kind)];
}

void print_trace(const TraceEntry& t) {
  std::printf("event %" PRIu64 " at %" PRId64 " ns %s index %" PRIu32 " arg %" PRIu32 " digest %016" PRIx64 "\n",
              t.number, t.event.time, kind_name(t.event.kind()), t.event.index(), t.event.arg, t.digest);
}

void print_note(const NoteEntry& n) {
  std::string words;
  append_note_text(n.note, {}, words);
  std::printf("note in event %" PRIu64 " at %" PRId64 " ns node %u shard %u %s: %s\n", n.number, n.at, n.place.node,
              n.place.shard, note_row(n.note.kind).name, words.c_str());
}

RunResult run_once(Prepared& p, const char* label, bool quiet) {
  RunOptions options = p.options;
  ProgressBar bar(label);
  if (!quiet) options.progress = [&](const Progress& at) { bar.update(at); };
  if (options.trace_to) options.trace = print_trace;
  if (options.trace_to) options.trace_note = print_note;
  p.directories.next_world();
  RunResult result = run_scenario(p.scenario, options);
  if (!quiet) bar.finish();
  return result;
}

std::vector<TraceEntry> traced(Prepared& p, Stretch stretch) {
  std::vector<TraceEntry> entries;
  RunOptions options = p.options;
  options.trace_from = stretch.from;
  options.trace_to = stretch.to;
  options.trace = [&](const TraceEntry& t) { entries.push_back(t); };
  p.directories.next_world();
  run_scenario(p.scenario, options);
  return entries;
}

/// Two runs differ: runs both once more with a trace of the stretch in which they part, and shows the first event.
void show_difference(Prepared& p, const RunResult& a, const RunResult& b) {
  std::printf("\n  NOT DETERMINISTIC: run hash %016" PRIx64 " and %016" PRIx64 ", events %" PRIu64 " and %" PRIu64 "\n",
              a.run_hash, b.run_hash, a.events, b.events);
  Stretch stretch = first_difference(a.checkpoints, b.checkpoints);
  if (stretch.from == stretch.to) {
    stretch.from = std::min(a.checkpoints.size(), b.checkpoints.size()) * RunHash::kDefaultInterval;
    stretch.to = stretch.from + RunHash::kDefaultInterval;
  }
  std::printf("  the runs part between event %" PRIu64 " and %" PRIu64 "\n", stretch.from, stretch.to);
  const std::vector<TraceEntry> first = traced(p, stretch);
  const std::vector<TraceEntry> second = traced(p, stretch);
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    if (first[i].event == second[i].event && first[i].digest == second[i].digest) continue;
    std::printf("  first divergent event, in two further runs:\n");
    print_trace(first[i]);
    print_trace(second[i]);
    return;
  }
  std::printf("  two further runs were equal there\n");
}

int exit_code(const RunResult& r) {
  switch (verdict_of(r)) {
    case Verdict::kPass:
      return kExitPass;
    case Verdict::kInvariantBroken:
      return kExitInvariantBroken;
    case Verdict::kLivenessFailed:
      return kExitLivenessFailed;
    case Verdict::kBrokerDied:
      return kExitCrash;
  }
  return kExitCrash;
}

int run_prepared(Prepared& p, const RunCommand& command) {
  report_crashes_with(p.replay());
  print_head(p);
  const std::uint64_t began = wall_nanos();
  const RunResult result = run_once(p, p.scenario.name.c_str(), command.quiet);
  RunContext context;
  context.wall_nanos = wall_nanos() - began;
  context.process_bytes = peak_process_bytes();
  context.version = version();
  context.commit = commit();
  context.scenario_file = command.scenario;
  context.broker = p.broker_name();
  context.placement = p.placement();
  context.queue = command.queue;
  context.replay = p.replay();
  std::fputs(report_text(p.scenario, result, context).c_str(), stdout);
  std::fflush(stdout);
  if (p.json.is_open()) {
    p.json << report_json(p.scenario, result, context);
    p.json.close();
    if (!p.json) throw BadInput{"writing '" + command.json + "' failed"};
  }
  if (command.check) {
    const RunResult again = run_once(p, "again", command.quiet);
    const bool same = again.run_hash == result.run_hash && again.checkpoints == result.checkpoints;
    if (!same) {
      show_difference(p, result, again);
      std::printf("\n  replay: %s\n", p.replay().c_str());
      return kExitNonDeterminism;
    }
    std::printf("  %-24sthe second run is the same, event for event\n", "checked");
  }
  return exit_code(result);
}

}  // namespace

int run(const RunCommand& command) {
  try {
    Prepared prepared(command);
    return run_prepared(prepared, command);
  } catch (const BadInput& bad) {
    std::fprintf(stderr, "orrery-sim: %s\n", bad.sentence.c_str());
  } catch (const ConfigError& bad) {
    std::fprintf(stderr, "orrery-sim: %s\n", bad.what());
  }
  return kExitBadInput;
}

}  // namespace orrery::sim

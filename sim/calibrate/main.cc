// SPDX-License-Identifier: Apache-2.0
// orrery-calibrate: measures the cost table on this machine and prints it as JSON.
#include <CLI/CLI.hpp>
#include <cinttypes>
#include <cstdio>
#include <fstream>

#include "base/rng.h"
#include "base/strict_json.h"
#include "base/version.h"
#include "broker/node/broker_node.h"
#include "sim/calibrate/kernel_costs.h"
#include "sim/calibrate/load.h"
#include "sim/calibrate/stopwatch_node.h"
#include "sim/scenario/run.h"

namespace orrery::sim {
namespace {

std::uint32_t whole(double nanos) { return nanos < 1 ? 1 : static_cast<std::uint32_t>(nanos + 0.5); }

/// The kernel's part and the broker's part of each row. A row whose broker part never occurred keeps that of the
/// built-in table.
CostTable make_table(const KernelCosts& kernel, const Fit& fit) {
  CostTable table = default_cost_table();
  const auto set = [&](Cost row, double nanos) { table.nanos[static_cast<std::size_t>(row)] = whole(nanos); };
  const auto price = [&](Feature f) { return fit.prices[static_cast<std::size_t>(f)]; };
  set(Cost::kEvent, kernel.event);
  set(Cost::kLinkOpen, kernel.link_open + price(Feature::kLinkOpen));
  set(Cost::kLinkClosed, kernel.link_closed + price(Feature::kLinkClosed));
  set(Cost::kDial, kernel.dial + price(Feature::kDial));
  set(Cost::kDialFailed, kernel.link_closed + price(Feature::kDialFailed));
  set(Cost::kDrained, kernel.drained + price(Feature::kDrained));
  set(Cost::kWake, kernel.wake + price(Feature::kWake));
  set(Cost::kPost, kernel.post + price(Feature::kPost));
  set(Cost::kMessage, kernel.message + price(Feature::kMessage));
  for (int c = 0; c < kSizeClassCount; ++c) {
    set(static_cast<Cost>(static_cast<int>(Cost::kReceive) + c),
        kernel.receive[static_cast<std::size_t>(c)] + price(Feature::kBytes));
    set(static_cast<Cost>(static_cast<int>(Cost::kSend) + c), kernel.send[static_cast<std::size_t>(c)]);
  }
  for (int w = 0; w < kWorkKinds; ++w)
    if (const std::size_t f = static_cast<std::size_t>(Feature::kWork) + static_cast<std::size_t>(w); fit.seen[f])
      set(static_cast<Cost>(static_cast<int>(Cost::kWork) + w), fit.prices[f]);
  std::uint64_t digest = 0;
  for (const std::uint32_t nanos : table.nanos) digest = mix64(digest + nanos + 1);
  char id[32];
  std::snprintf(id, sizeof id, "measured-%08" PRIx64, digest & 0xffffffff);
  table.id = id;
  return table;
}

void print_json(std::FILE* out, const CostTable& table) {
  std::fprintf(out, "{\n  \"id\": \"%s\",\n  \"nanos\": {", table.id.c_str());
  for (int row = 0; row < kCostRows; ++row)
    std::fprintf(out, "%s\n    \"%s\": %" PRIu32, row == 0 ? "" : ",", cost_row_name(row).c_str(),
                 table.nanos[static_cast<std::size_t>(row)]);
  std::fprintf(out, "\n  }\n}\n");
}

int calibrate(Scale scale, int rounds, const std::string& json) {
  KernelCosts kernel;
  if (const std::string problem = measure_kernel(rounds, kernel); !problem.empty()) {
    std::fprintf(stderr, "orrery-calibrate: %s\n", problem.c_str());
    return 1;
  }
  Samples samples;
  RunOptions options;
  options.factory = stopwatch_factory(node::make_broker_node({}), samples);
  const RunResult run = run_scenario(read_scenario(kCalibrationLoad, "calibration", scale), options);
  const Fit fit = fit_prices(samples.groups());
  const CostTable table = make_table(kernel, fit);
  std::fprintf(stderr,
               "%" PRIu64 " clients, %" PRIu64 " events measured in %zu groups, mean error of the fit %.1f %%\n",
               run.clients, samples.events(), samples.groups().size(), fit.mean_error * 100);
  std::FILE* out = json.empty() ? stdout : std::fopen(json.c_str(), "w");
  if (out == nullptr) {
    std::fprintf(stderr, "orrery-calibrate: cannot write the file '%s'\n", json.c_str());
    return 1;
  }
  print_json(out, table);
  if (out != stdout) std::fclose(out);
  return 0;
}

}  // namespace
}  // namespace orrery::sim

int main(int argc, char** argv) {
  CLI::App app("Measures what the broker and the kernel cost on this machine: the simulator's cost table, as JSON.");
  app.set_version_flag("--version",
                       std::string("orrery-calibrate ") + orrery::version() + " (" + orrery::commit() + ")");
  std::string scale_text = "1";
  std::string json;
  int rounds = 50;
  app.add_option("--scale", scale_text, "Share of the load's 34,120 clients, such as 1/20")->capture_default_str();
  app.add_option("--rounds", rounds, "Rounds of the kernel's measurements; the least counts")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--json", json, "Write the table to this file instead of standard output");
  CLI11_PARSE(app, argc, argv);
  const auto scale = orrery::sim::parse_scale(scale_text);
  if (!scale) {
    std::fprintf(stderr, "orrery-calibrate: --scale '%s' is neither a number nor a fraction such as 1/20\n",
                 scale_text.c_str());
    return 2;
  }
  return orrery::sim::calibrate(*scale, rounds, json);
}

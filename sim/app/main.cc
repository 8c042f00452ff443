// SPDX-License-Identifier: Apache-2.0
// orrery-sim: runs a scenario in the simulator and prints what happened. Exit codes are in exit_codes.h.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/version.h"
#include "sim/app/exit_codes.h"
#include "sim/app/run_command.h"

int main(int argc, char** argv) {
  using namespace orrery::sim;
  CLI::App app{"Runs a broker through virtual clusters with a virtual crowd, the same way every time.", "orrery-sim"};
  app.set_version_flag("--version", std::string("orrery-sim ") + orrery::version() + " " + orrery::commit());
  app.footer(
      "Exit codes: 0 pass, 2 bad input, 3 an invariant or expectation is broken, 4 liveness failed,\n"
      "5 not deterministic (--check), 6 crash.");
  app.require_subcommand(1);

  RunCommand command;
  std::uint64_t seed = 0;
  CLI::App* run_app = app.add_subcommand("run", "Run one scenario and print its report");
  run_app->add_option("scenario", command.scenario, "Scenario file (JSON with comments)")->required();
  CLI::Option* seed_option =
      run_app->add_option("--seed", seed, "Seed of everything random; the scenario's by default");
  run_app->add_option("--json", command.json, "Also write the report as JSON (schema/run-report.schema.json)");
  run_app->add_option("--placement", command.placement, "Where clients connect; the scenario's by default")
      ->check(CLI::IsMember({"paired", "random"}));
  run_app->add_option("--queue", command.queue, "Event queue: both give the same run")
      ->check(CLI::IsMember({"wheel", "heap"}))
      ->capture_default_str();
  run_app->add_option("--broker", command.broker,
                      "Shared object to run in place of the full broker (docs/broker-plug.md)");
  run_app->add_option("--broker-options", command.broker_options, "Text that is handed to that broker");
  run_app->add_option("--scale", command.scale, "Multiply clients and connect rate, for instance 1/20")
      ->capture_default_str();
  run_app->add_option("--trace", command.trace, "Print the events with numbers FROM to TO - 1, as FROM:TO");
  run_app->add_flag("--check", command.check, "Run twice and compare every event");
  run_app->add_flag("--quiet", command.quiet, "No progress on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? kExitPass : kExitBadInput;
  }
  if (*seed_option) command.seed = seed;
  return run(command);
}

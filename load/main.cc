// SPDX-License-Identifier: Apache-2.0
// orrery-load: command line in, report out.
#include <sys/random.h>

#include <cstdio>
#include <fstream>

#include "load/options.h"
#include "load/preflight.h"
#include "load/run.h"

namespace {

using namespace orrery::load;

constexpr int kCannotStart = 2;

int refuse(const std::string& why) {
  std::fprintf(stderr, "orrery-load: %s\n", why.c_str());
  return kCannotStart;
}

int run(const Options& options) {
  if (const auto why = check_resources(options)) return refuse(*why);
  Plan plan;
  plan.options = options;
  if (const auto why = find_target(options, plan.target)) return refuse(*why);
  std::ofstream json;
  if (!options.json_file.empty()) json.open(options.json_file);
  if (!json) return refuse("cannot write " + options.json_file);
  if (getrandom(&plan.run, sizeof plan.run, 0) != sizeof plan.run) return refuse("the system gives no random numbers");
  char prefix[16];
  std::snprintf(prefix, sizeof prefix, "load-%08x", plan.run);
  plan.prefix = options.prefix.empty() ? prefix : options.prefix;

  const Report report = Run(plan, stdout).execute();
  if (json.is_open()) {
    json << to_json(report);
    json.close();
    if (!json) return refuse("cannot write " + options.json_file);
  }
  return report.exit_code();
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = 0;
  const std::optional<Options> options = parse_options(argc, argv, exit_code);
  return options ? run(*options) : exit_code;
}

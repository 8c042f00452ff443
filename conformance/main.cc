// SPDX-License-Identifier: Apache-2.0
// orrery-conformance: runs the suite on a broker and says what it found.
//
// Exit codes: 0 everything passed (known deviations are shown and do not count), 1 something failed, 2 the command line, a
// driver file or the target was no good.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "broker/base/strict_json.h"
#include "broker/base/version.h"
#include "broker/node/broker_node.h"
#include "conformance/cases/all.h"
#include "conformance/driver/process.h"
#include "conformance/driver/sim.h"
#include "conformance/report/requirements.h"
#include "conformance/report/runner.h"
#include "conformance/report/write.h"
#include "sim/plug/load_plugin.h"
#include "sim/plug/plugin_node.h"

namespace orrery::conformance {
namespace {

struct Arguments {
  std::vector<std::string> brokers;
  std::vector<std::string> drivers;
  std::vector<std::string> simulated;
  std::string plug;
  std::string known;
  std::uint64_t seed = 1;
  std::string transport;
  std::vector<std::string> filters;
  std::string mqtt;
  unsigned jobs = 0;
  bool verbose = false;
  std::string junit;
  std::string json;
  std::string html;
  bool list = false;
  bool uncovered = false;
  bool requirements = false;
};

/// Wrong use or an unusable target: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw UsageError("\"" + path + "\" cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw UsageError("\"" + path + "\" cannot be written");
}

std::string run_tag() {
  static constexpr char kLetters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  auto n = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count() / 1000);
  std::string tag;
  for (int i = 0; i < 4; ++i, n /= 36) tag += kLetters[n % 36];
  return tag;
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::tm parts{};
  std::strftime(text, sizeof text, "%Y-%m-%d", gmtime_r(&now, &parts));
  return text;
}

class Session {
 public:
  Session(const Arguments& arguments, const Cases& cases) : arguments_(arguments) {
    plan_.cases = &cases;
    plan_.filters = arguments.filters;
    plan_.jobs = arguments.jobs;
    plan_.keep_logs = arguments.verbose;
    plan_.tag = run_tag();
    plan_.capabilities = usual_capabilities();
    for (const Version v : {Version::k31, Version::k311, Version::k5})
      if (arguments.mqtt == version_name(v)) only_ = bit(v);
    plan_.versions = only_;
    if (arguments.known.empty()) return;
    DriverFile file = parse_driver_file(read_file(arguments.known), arguments.known);
    use(file, plan_);
    plan_.capabilities &= ~bit(Capability::kRestart);
  }

  void run_url(const std::string& address) {
    const Url url = parse_url(address);
    LiveTarget target(to_text(url), url);
    open_tcp(url, target.patience())->close(HowToClose::kReset);
    run(target, plan_);
  }

  void run_driver(const std::string& path) {
    const DriverFile file = parse_driver_file(read_file(path), path);
    Plan plan = plan_;
    use(file, plan);
    const auto process = std::make_shared<BrokerProcess>(file, std::filesystem::read_symlink("/proc/self/exe").parent_path());
    for (const Url& url : process->urls()) {
      if (!wanted(url.transport)) continue;
      ProcessTarget target(process, url);
      run(target, plan);
    }
  }

  /// `kind`: "sim" for one node, "cluster" for a core and two replicants.
  void run_simulated(const std::string& kind) {
    Plan plan = plan_;
    SimSetup setup;
    setup.seed = arguments_.seed;
    setup.members = {{"node", Role::kCore, 2}};
    if (kind == "cluster") setup.members = {{"core", Role::kCore, 1}, {"one", Role::kReplicant, 2}, {"two", Role::kReplicant, 1}};
    std::unique_ptr<sim::Plugin> plugin;
    if (arguments_.plug.empty()) {
      setup.factory = node::make_broker_node({});
      setup.name = kind == "cluster" ? "simulated cluster" : "simulated broker";
    } else {
      std::string error;
      plugin = sim::Plugin::load(arguments_.plug, error);
      if (plugin) error = sim::check_plugin(plugin->broker());
      if (!error.empty()) throw UsageError(error);
      setup.factory = sim::make_plugin_factory(plugin->broker(), "");
      setup.name = std::string("simulated ") + plugin->broker().name;
    }
    for (const Transport transport : {Transport::kTcp, Transport::kWebSocket}) {
      if (!wanted(transport)) continue;
      setup.transport = transport;
      SimTarget target(setup);
      run(target, plan);
    }
  }

  const Report& report() const { return report_; }

 private:
  void use(const DriverFile& file, Plan& plan) const {
    plan.capabilities = file.capabilities;
    plan.versions = file.versions & only_;
    plan.strict = file.strict;
    plan.deviations = file.deviations;
  }

  bool wanted(Transport t) const { return arguments_.transport.empty() || arguments_.transport == transport_name(t); }

  void run(Target& target, const Plan& plan) {
    Column column = run_cases(target, plan, [this](const Result& r) {
      const std::string line = result_line(r);
      if (!line.empty()) std::cout << line << "\n";
      if (line.empty() && arguments_.verbose) std::cout << outcome_name(r.outcome) << "      " << r.name() << "\n";
      if (r.outcome == Outcome::kFail || arguments_.verbose)
        for (const std::string& log : r.log) std::cout << "    " << log << "\n";
      std::cout << std::flush;
    });
    if (column.results.empty()) throw UsageError("no case is left by --filter and --mqtt: see \"orrery-conformance list\"");
    report_.columns.push_back(std::move(column));
  }

  const Arguments& arguments_;
  Plan plan_;
  Versions only_ = kAllVersions;
  Report report_{std::string("orrery-conformance ") + version(), commit(), today(), {}};
};

void list_cases(const Cases& cases) {
  for (const Case& c : cases) {
    std::string versions;
    for (const Version v : {Version::k31, Version::k311, Version::k5})
      if ((c.versions & bit(v)) != 0) versions += std::string(versions.empty() ? "" : ", ") + version_name(v);
    fmt::print("{}  ({}; {})\n    {}\n    Expected: {}\n", c.id, level_name(c.level), versions, c.what, c.expect);
  }
  fmt::print("{} cases\n", cases.size());
}

void list_uncovered(const Cases& cases) {
  const Coverage coverage(cases);
  std::size_t n = 0;
  for (const Requirement& r : all_requirements()) {
    if (!coverage.of(r).empty()) continue;
    ++n;
    fmt::print("{:6} {:14} {:7} testable: {:7} {}{}\n", r.version, r.id, r.binds, r.testable, r.text,
               r.untested.empty() ? "" : " (" + r.untested + ")");
  }
  fmt::print("{} of {} statements have no case\n", n, all_requirements().size());
}

int run(const Arguments& a) {
  const Cases cases = all_cases();
  if (a.list || a.uncovered || a.requirements) {
    if (a.uncovered)
      list_uncovered(cases);
    else if (a.requirements)
      fmt::print("{}", requirements_text(cases));
    else
      list_cases(cases);
    return 0;
  }
  if (a.brokers.empty() && a.drivers.empty() && a.simulated.empty())
    throw UsageError("nothing to test: give --broker URL, --driver FILE or --target sim");
  // A report that cannot be written is said before minutes of work, not after.
  for (const std::string& path : {a.junit, a.json, a.html}) write_file(path, "");
  Session session(a, cases);
  for (const std::string& kind : a.simulated) session.run_simulated(kind);
  for (const std::string& url : a.brokers) session.run_url(url);
  for (const std::string& path : a.drivers) session.run_driver(path);
  write_file(a.junit, junit_xml(session.report()));
  write_file(a.json, report_json(session.report()));
  write_file(a.html, report_html(session.report(), cases));
  std::cout << summary_text(session.report());
  return session.report().green() ? 0 : 1;
}

}  // namespace
}  // namespace orrery::conformance

int main(int argc, char** argv) {
  using orrery::conformance::Arguments;
  Arguments a;
  CLI::App app("Checks an MQTT broker against the standard's statements, over the wire.", "orrery-conformance");
  app.set_version_flag("--version", fmt::format("orrery-conformance {} ({})", orrery::version(), orrery::commit()));
  app.add_option("--broker", a.brokers, "test what listens at tcp://host:port or ws://host:port/path");
  app.add_option("--driver", a.drivers, "start and test the broker that a JSON file describes");
  app.add_option("--target", a.simulated, "test the simulated broker in virtual time: sim for one node, cluster for three")
      ->check(CLI::IsMember({"sim", "cluster"}));
  app.add_option("--known", a.known, "a driver file whose capabilities and deviations hold for --broker and --target");
  app.add_option("--plug", a.plug, "the shared object of another broker for --target (docs/broker-plug.md)");
  app.add_option("--seed", a.seed, "seed of the simulated world");
  app.add_option("--transport", a.transport, "only this kind of listener of --driver and --target")->check(CLI::IsMember({"tcp", "ws"}));
  app.add_option("--filter", a.filters, "only cases whose name, such as connect-second[5], contains this text");
  app.add_option("--mqtt", a.mqtt, "only this protocol version")->check(CLI::IsMember({"3.1", "3.1.1", "5"}));
  app.add_option("--jobs", a.jobs, "cases at once; a target has its own default")->check(CLI::Range(1, 64));
  app.add_flag("--verbose", a.verbose, "show every case with its wire log");
  app.add_option("--junit", a.junit, "write the results as JUnit XML");
  app.add_option("--json", a.json, "write the results as JSON (schema/conformance-report.schema.json)");
  app.add_option("--html", a.html, "write the results as one HTML page");
  app.add_flag("--list", a.list, "print the cases and run none");
  CLI::App* list = app.add_subcommand("list", "print the cases and run none");
  list->add_flag("--uncovered", a.uncovered, "print the statements without a case");
  list->add_flag("--requirements", a.requirements, "print conformance/requirements.tsv afresh");
  try {
    app.parse(argc, argv);
    a.list = a.list || list->parsed();
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    return orrery::conformance::run(a);
  } catch (const std::exception& e) {
    std::cerr << "orrery-conformance: " << e.what() << "\n";
    return 2;
  }
}

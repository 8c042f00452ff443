// SPDX-License-Identifier: Apache-2.0
// orrery-conformance: runs the suite on a broker and says what it found.
//
// Exit codes: 0 everything passed (known deviations are shown and do not count), 1 something failed, or a broker that
// --driver started crashed or ended with an error, 2 the command line, a driver file or the target was no good.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "base/strict_json.h"
#include "base/version.h"
#include "conformance/cases/all.h"
#include "conformance/driver/process.h"
#include "conformance/driver/sim_kinds.h"
#include "conformance/mutants/score.h"
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
  std::string page;
  std::string markdown;
  bool list = false;
  bool uncovered = false;
  bool requirements = false;
  bool mutants = false;
};

/// The share of mutants, in per cent, below which the suite is not good enough.
constexpr std::size_t kScoreWanted = 98;

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
    open_stream(url, target.patience())->close(HowToClose::kReset);
    run(target, plan_);
  }

  void run_driver(const std::string& path) {
    const DriverFile file = parse_driver_file(read_file(path), path);
    Plan plan = plan_;
    use(file, plan);
    const auto process =
        std::make_shared<BrokerProcess>(file, std::filesystem::read_symlink("/proc/self/exe").parent_path());
    for (const Url& url : process->urls()) {
      if (!wanted(url.transport)) continue;
      ProcessTarget target(process, url);
      run(target, plan);
    }
    if (const std::string ending = process->end(); !ending.empty()) endings_.push_back(ending);
  }

  void run_simulated(const std::string& kind) {
    SimSetup setup = sim_setup(kind, arguments_.seed);
    Plan plan = plan_;
    set_up(setup, plan);
    std::unique_ptr<sim::Plugin> plugin;
    if (!arguments_.plug.empty()) {
      std::string error;
      plugin = sim::Plugin::load(arguments_.plug, error);
      for (NodeId self = 0; error.empty() && self < setup.members.size(); ++self)
        error = sim::try_plugin(plugin->table(), {}, {.members = setup.members, .self = self});
      if (!error.empty()) throw UsageError(error);
      setup.factory = sim::make_plugin_factory(plugin->table(), {});
      setup.name = std::string("simulated ") + plugin->table().broker.name;
      plan = plan_;
    }
    for (const Transport transport : setup.listeners) {
      if (!wanted(transport)) continue;
      setup.transport = transport;
      SimTarget target(setup);
      run(target, plan);
    }
  }

  /// The suite's own score, on the simulated brokers. True when at least kScoreWanted per cent are noticed.
  bool run_mutants() {
    Mutants mutants = all_mutants();
    std::erase_if(mutants, [this](const Mutant& m) {
      bool wanted = arguments_.filters.empty();
      for (const std::string& f : arguments_.filters) wanted = wanted || m.id.find(f) != std::string::npos;
      return !wanted;
    });
    if (mutants.empty()) throw UsageError("no mutant is left by --filter");
    std::vector<std::string> left_out;
    std::size_t noticed = 0;
    std::size_t elsewhere = 0;
    const auto show = [this, &noticed, &elsewhere](const Verdict& v) {
      noticed += v.noticed_by.empty() ? 0 : 1;
      elsewhere += v.noticed_by.empty() || v.for_its_statement ? 0 : 1;
      fmt::print("{:9} {:34} {:24} {}\n",
                 v.noticed_by.empty()  ? "ESCAPED"
                 : v.for_its_statement ? "noticed"
                                       : "elsewhere",
                 v.mutant->id, v.mutant->statement,
                 v.noticed_by.empty() ? v.mutant->what : v.noticed_by + (arguments_.verbose ? ": " + v.reason : ""));
      std::fflush(stdout);
    };
    for (const std::string& kind : sim_kinds()) {
      const SimSetup setup = sim_setup(kind, arguments_.seed);
      SimTarget target(setup);
      Plan plan = plan_;
      plan.filters.clear();
      set_up(setup, plan);
      Mutants of_kind;
      for (const Mutant& m : mutants)
        if (m.target == kind) of_kind.push_back(m);
      score(target, plan, of_kind, left_out, show);
    }
    for (const std::string& name : left_out) fmt::print("left out, since it fails without a mutant: {}\n", name);
    fmt::print("{} of {} mutants noticed ({} of them by a case about something else), {:.1f} %\n", noticed,
               mutants.size(), elsewhere, 100.0 * static_cast<double>(noticed) / static_cast<double>(mutants.size()));
    return noticed * 100 >= mutants.size() * kScoreWanted;
  }

  const Report& report() const { return report_; }
  /// Of brokers that --driver started and that did not end as they should.
  const std::vector<std::string>& endings() const { return endings_; }

 private:
  void use(const DriverFile& file, Plan& plan) const {
    plan.capabilities = file.capabilities;
    plan.versions = file.versions & only_;
    plan.strict = file.strict;
    plan.deviations = file.deviations;
    plan.homepage = file.homepage;
    plan.access = file.access;
  }

  static void set_up(const SimSetup& setup, Plan& plan) {
    plan.capabilities |= setup.claims;
    plan.access = setup.access;
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
    if (column.results.empty())
      throw UsageError("no case is left by --filter and --mqtt: see \"orrery-conformance list\"");
    report_.columns.push_back(std::move(column));
  }

  const Arguments& arguments_;
  Plan plan_;
  Versions only_ = kAllVersions;
  std::vector<std::string> endings_;
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
  if (!a.mutants && a.brokers.empty() && a.drivers.empty() && a.simulated.empty())
    throw UsageError("nothing to test: give --broker URL, --driver FILE or --target sim");
  // A report that cannot be written is said before minutes of work, not after.
  for (const std::string& path : {a.junit, a.json, a.html, a.page, a.markdown}) write_file(path, "");
  Session session(a, cases);
  if (a.mutants) return session.run_mutants() ? 0 : 1;
  for (const std::string& kind : a.simulated) session.run_simulated(kind);
  for (const std::string& url : a.brokers) session.run_url(url);
  for (const std::string& path : a.drivers) session.run_driver(path);
  if (session.report().columns.empty()) throw UsageError("no listener is left by --transport");
  write_file(a.junit, junit_xml(session.report()));
  write_file(a.json, report_json(session.report()));
  write_file(a.html, report_html(session.report(), cases, Sections::kAllCases));
  write_file(a.page, report_html(session.report(), cases, Sections::kNotPassed));
  write_file(a.markdown, report_markdown(session.report()));
  std::cout << summary_text(session.report());
  for (const std::string& ending : session.endings()) std::cout << "BROKER    " << ending;
  return session.report().green() && session.endings().empty() ? 0 : 1;
}

}  // namespace
}  // namespace orrery::conformance

int main(int argc, char** argv) {
  using orrery::conformance::Arguments;
  Arguments a;
  CLI::App app("Checks an MQTT broker against the standard's statements, over the wire.", "orrery-conformance");
  app.set_version_flag("--version", fmt::format("orrery-conformance {} ({})", orrery::version(), orrery::commit()));
  app.add_option("--broker", a.brokers,
                 "test what listens at tcp://host:port, tls://..., ws://host:port/path or wss://...");
  app.add_option("--driver", a.drivers, "start and test the broker that a JSON file describes");
  app.add_option("--target", a.simulated,
                 "test the simulated broker in virtual time: one node (alone: with one shard), a cluster of three, "
                 "with few capabilities, with users, "
                 "or one that names another server; or an echo behind our WebSocket codec")
      ->check(CLI::IsMember(orrery::conformance::sim_kinds()));
  app.add_option("--known", a.known, "a driver file whose capabilities and deviations hold for --broker and --target");
  app.add_option("--plug", a.plug, "the shared object of another broker for --target (docs/broker-plug.md)");
  app.add_option("--seed", a.seed, "seed of the simulated world");
  app.add_option("--transport", a.transport, "only this kind of listener of --driver and --target")
      ->check(CLI::IsMember({"tcp", "tls", "ws", "wss"}));
  app.add_option("--filter", a.filters, "only cases whose name, such as connect-second[5], contains this text");
  app.add_option("--mqtt", a.mqtt, "only this protocol version")->check(CLI::IsMember({"3.1", "3.1.1", "5"}));
  app.add_option("--jobs", a.jobs, "cases at once; a target has its own default")->check(CLI::Range(1, 64));
  app.add_flag("--verbose", a.verbose, "show every case with its wire log");
  app.add_option("--junit", a.junit, "write the results as JUnit XML");
  app.add_option("--json", a.json, "write the results as JSON (schema/conformance-report.schema.json)");
  app.add_option("--html", a.html, "write the results as one HTML page");
  app.add_option("--page", a.page, "the same without the cases that all targets pass: the page to publish");
  app.add_option("--markdown", a.markdown, "write counts and known deviations as Markdown");
  app.add_flag("--list", a.list, "print the cases and run none");
  CLI::App* list = app.add_subcommand("list", "print the cases and run none");
  list->add_flag("--uncovered", a.uncovered, "print the statements without a case");
  list->add_flag("--requirements", a.requirements, "print conformance/requirements.tsv afresh");
  CLI::App* mutants =
      app.add_subcommand("mutants", "run the suite on deliberately wrong brokers and print how many it notices");
  mutants->add_option("--filter", a.filters, "only mutants whose name contains this text");
  mutants->add_flag("--verbose", a.verbose, "say why each was noticed");
  try {
    app.parse(argc, argv);
    a.list = a.list || list->parsed();
    a.mutants = mutants->parsed();
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

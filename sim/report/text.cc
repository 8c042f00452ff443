// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>
#include <vector>

#include "sim/report/figures.h"
#include "sim/report/report.h"

namespace orrery::sim {
namespace {

/// Columns of a monospaced terminal; "µ" is two bytes and one column.
std::size_t width(std::string_view s) {
  return static_cast<std::size_t>(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

class Table {
 public:
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// The first column to the left, the others to the right; a rule under the first row.
  void write(std::string& out) const {
    std::vector<std::size_t> widths;
    for (const auto& r : rows_)
      for (std::size_t i = 0; i < r.size(); ++i) {
        if (widths.size() <= i) widths.push_back(0);
        widths[i] = std::max(widths[i], width(r[i]));
      }
    for (std::size_t n = 0; n < rows_.size(); ++n) {
      std::string line = " ";
      for (std::size_t i = 0; i < rows_[n].size(); ++i) {
        const std::string pad(widths[i] - width(rows_[n][i]), ' ');
        line += " " + (i == 0 ? rows_[n][i] + pad : pad + rows_[n][i]) + " ";
      }
      while (line.back() == ' ') line.pop_back();
      out += line + "\n";
      if (n == 0) {
        std::string rule = " ";
        for (std::size_t w : widths) rule += " " + std::string(w, '-') + " ";
        rule.pop_back();
        out += rule + "\n";
      }
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// The lowest and the highest of a figure among the nodes of a role, as one text.
template <class Figure, class Format>
std::string range_of(const RunResult& r, Role role, Figure figure, Format format) {
  std::uint64_t low = UINT64_MAX;
  std::uint64_t high = 0;
  for (const NodeResult& n : r.nodes) {
    if (n.role != role) continue;
    low = std::min<std::uint64_t>(low, figure(n));
    high = std::max<std::uint64_t>(high, figure(n));
  }
  const std::string a = format(low);
  const std::string b = format(high);
  return a == b ? a : a + " to " + b;
}

bool has_role(const RunResult& r, Role role) {
  return std::any_of(r.nodes.begin(), r.nodes.end(), [&](const NodeResult& n) { return n.role == role; });
}

std::string our_figure(std::string_view key, const RunResult& r) {
  const auto ends_with_replicant = key.ends_with("_replicant");
  const Role role = ends_with_replicant ? Role::kReplicant : Role::kCore;
  if ((ends_with_replicant || key.ends_with("_core")) && !has_role(r, role)) return "";
  const auto ram = [](const NodeResult& n) { return n.ram_total ? n.ram_bytes() * 100 / (n.ram_total / 10'000) : 0; };
  if (key == "connections") return grouped(r.connections);
  if (key == "messages_in") return grouped(r.messages_in_per_second());
  if (key == "messages_out") return grouped(r.messages_out_per_second());
  if (key.starts_with("cpu_")) return range_of(r, role, [](const NodeResult& n) { return n.cpu_per_million; }, percent);
  if (key.starts_with("ram_")) return range_of(r, role, ram, percent);
  if (key.starts_with("rx_"))
    return range_of(r, role, [](const NodeResult& n) { return n.rx_bits_per_second; }, megabits);
  if (key.starts_with("tx_"))
    return range_of(r, role, [](const NodeResult& n) { return n.tx_bits_per_second; }, megabits);
  const Histogram& h = r.tally.latency_ns;
  if (key == "latency_p50") return micros(h.at(500'000));
  if (key == "latency_p95") return micros(h.at(950'000));
  if (key == "latency_p99") return micros(h.at(990'000));
  if (key == "latency_p999") return micros(h.at(999'000));
  return micros(h.max());
}

void write_comparison(const Scenario& s, const RunResult& r, std::string& out) {
  const bool compare = !s.published.rows.empty();
  Table t;
  t.row(compare
            ? std::vector<std::string>{"", s.published.source.empty() ? "published" : s.published.source, "this run"}
            : std::vector<std::string>{"", "this run"});
  for (const PublishedKey& k : kPublishedKeys) {
    const std::string ours = our_figure(k.key, r);
    if (ours.empty()) continue;
    std::string theirs = "-";
    for (const auto& [key, value] : s.published.rows)
      if (key == k.key) theirs = value;
    t.row(compare ? std::vector<std::string>{std::string(k.label), theirs, ours}
                  : std::vector<std::string>{std::string(k.label), ours});
  }
  const auto count = [&](const char* label, std::uint64_t n) {
    t.row(compare ? std::vector<std::string>{label, "-", grouped(n)} : std::vector<std::string>{label, grouped(n)});
  };
  count("lost", r.tally.lost + r.tally.lost_in_faults);
  count("duplicated", r.tally.duplicated);
  count("reordered", r.tally.reordered);
  t.write(out);
}

void write_nodes(const RunResult& r, std::string& out) {
  Table t;
  t.row({"node", "role", "clients", "CPU", "broker", "kernel", "RAM", "RX", "TX"});
  for (const NodeResult& n : r.nodes)
    t.row({n.name + (n.up ? "" : " (down)"), n.role == Role::kCore ? "core" : "replicant", grouped(n.connections),
           percent(n.cpu_per_million), binary_size(n.broker_bytes), binary_size(n.kernel_bytes),
           n.ram_total ? percent(n.ram_bytes() * 100 / (n.ram_total / 10'000)) : "-", megabits(n.rx_bits_per_second),
           megabits(n.tx_bits_per_second)});
  t.write(out);
}

void line(std::string& out, const std::string& label, const std::string& value) {
  out += "  " + label + std::string(label.size() < 24 ? 24 - label.size() : 1, ' ') + value + "\n";
}

void write_run(const RunResult& r, const RunContext& c, std::string& out) {
  const std::uint64_t wall = std::max<std::uint64_t>(1, c.wall_nanos);
  line(out, "wall time",
       decimal(c.wall_nanos, 9, 1) + " s for " + decimal(static_cast<std::uint64_t>(r.virtual_time), 9, 1) +
           " s of virtual time");
  line(
      out, "events",
      grouped(r.events) + ", " + grouped(r.events * 1000 / std::max<std::uint64_t>(1, wall / 1'000'000)) + " a second");
  line(out, "process memory",
       binary_size(c.process_bytes) + ", " + grouped(c.process_bytes / std::max<std::uint64_t>(1, r.clients)) +
           " bytes a client");
  line(out, "run hash", hex(r.run_hash));
  line(out, "seed", std::to_string(r.seed));
  line(out, "messages across nodes", percent(r.cross_node_per_million()) + " (placement " + c.placement + ")");
}

/// What nodes told, those kinds that were reached.
void write_notes(const RunResult& r, std::string& out) {
  Table t;
  t.row({"note", "times", "first at", "first where"});
  for (std::size_t k = 0; k < kNoteKinds; ++k) {
    const auto kind = static_cast<NoteKind>(k);
    const NoteMark& mark = r.notes[kind];
    if (mark.count == 0) continue;
    const Place at = mark.first_place;
    t.row({note_row(kind).name, grouped(mark.count), decimal(static_cast<std::uint64_t>(mark.first_at), 9, 6) + " s",
           (at.node < r.nodes.size() ? r.nodes[at.node].name : "?") + "/" + std::to_string(at.shard)});
  }
  t.write(out);
}

void write_verdict(const RunResult& r, const RunContext& c, std::string& out) {
  const Verdict v = verdict_of(r);
  line(out, "verdict", verdict_name(v));
  const auto also = [&](const char* label, std::uint64_t n) {
    if (n) line(out, label, grouped(n));
  };
  also("lost in fault windows", r.tally.lost_in_faults);
  also("in doubt", r.tally.in_doubt);
  also("unfinished", r.tally.unfinished);
  also("connections lost", r.tally.connections_lost);
  also("sessions resumed", r.tally.sessions_resumed);
  also("retained received", r.tally.received_retained);
  also("wills received", r.tally.received_wills);
  for (int i = 0; i < kRules; ++i) {
    const Rule rule = static_cast<Rule>(i);
    if (r.verdicts.count(rule) == 0) continue;
    out += "\n  BROKEN " + std::string(rule_name(rule)) + ": " + grouped(r.verdicts.count(rule)) +
           " findings, the first are\n";
    for (const Finding& f : r.verdicts.findings(rule))
      out += "    at " + decimal(static_cast<std::uint64_t>(f.at), 9, 6) + " s  " + f.what + "\n";
  }
  for (const std::string& e : r.broken_expectations) out += "\n  EXPECTED OTHERWISE " + e + "\n";
  for (const Finding& f : r.deaths)
    out += "\n  DIED at " + decimal(static_cast<std::uint64_t>(f.at), 9, 6) + " s: " + f.what + "\n";
  for (const std::string& e : r.liveness_failures) out += "\n  NOT LIVE " + e + "\n";
  if (v != Verdict::kPass) out += "\n  replay: " + c.replay + "\n";
}

}  // namespace

Verdict verdict_of(const RunResult& r) {
  if (!r.deaths.empty()) return Verdict::kBrokerDied;
  if (!r.verdicts.green() || !r.broken_expectations.empty()) return Verdict::kInvariantBroken;
  return r.liveness_failures.empty() ? Verdict::kPass : Verdict::kLivenessFailed;
}

const char* verdict_name(Verdict v) {
  switch (v) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kInvariantBroken:
      return "invariant broken";
    case Verdict::kLivenessFailed:
      return "liveness failed";
    case Verdict::kBrokerDied:
      return "broker died";
  }
  return "?";
}

std::string report_text(const Scenario& scenario, const RunResult& result, const RunContext& context) {
  std::string out = "\n" + scenario.name + (scenario.scale == "1" ? "" : " at scale " + scenario.scale) +
                    (scenario.description.empty() ? "" : ": " + scenario.description) + "\n\n";
  write_comparison(scenario, result, out);
  out += "\n";
  write_nodes(result, out);
  out += "\n";
  write_notes(result, out);
  out += "\n";
  write_run(result, context, out);
  write_verdict(result, context, out);
  return out;
}

}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/report/figures.h"
#include "sim/report/report.h"

namespace orrery::sim {
namespace {

using Json = nlohmann::ordered_json;

/// A decimal fraction as a JSON number: its text is what decimal() writes.
Json number(std::uint64_t value, int shift, int digits) { return Json::parse(decimal(value, shift, digits)); }

Json latency(const Histogram& h) {
  const auto us = [&](std::uint64_t nanos) { return number(nanos, 3, 1); };
  return {{"count", h.count()},         {"mean", us(h.mean())},     {"p50", us(h.at(500'000))},
          {"p95", us(h.at(950'000))},   {"p99", us(h.at(990'000))}, {"p999", us(h.at(999'000))},
          {"p9999", us(h.at(999'900))}, {"max", us(h.max())}};
}

Json node(const NodeResult& n) {
  Json j = {{"name", n.name},
            {"role", n.role == Role::kCore ? "core" : "replicant"},
            {"up", n.up},
            {"vcpus", n.vcpus},
            {"connections", n.connections},
            {"cpu", number(n.cpu_per_million, 6, 6)},
            {"ram_bytes", n.ram_bytes()},
            {"ram_total_bytes", n.ram_total},
            {"broker_bytes", n.broker_bytes},
            {"kernel_bytes", n.kernel_bytes},
            {"rx_bits_per_second", n.rx_bits_per_second},
            {"tx_bits_per_second", n.tx_bits_per_second}};
  for (int i = 0; i < kCounters; ++i) j["counters"][counter_name(static_cast<Counter>(i))] = n.stats.counters[i];
  return j;
}

Json crowd(const Tally& t) {
  return {{"connects_accepted", t.connects_accepted},
          {"connects_refused", t.connects_refused},
          {"connects_failed", t.connects_failed},
          {"connections_lost", t.connections_lost},
          {"sessions_resumed", t.sessions_resumed},
          {"published", t.published},
          {"published_again", t.published_again},
          {"publishes_refused", t.publishes_refused},
          {"received", t.received},
          {"received_across", t.received_across},
          {"received_retained", t.received_retained},
          {"received_wills", t.received_wills}};
}

/// Every kind, also those that were never told: a reader asks which were not reached.
Json notes(const RunResult& r) {
  Json out = Json::object();
  for (std::size_t k = 0; k < kNoteKinds; ++k) {
    const auto kind = static_cast<NoteKind>(k);
    const NoteMark& mark = r.notes[kind];
    Json& j = out[note_row(kind).name];
    j = {{"count", mark.count}};
    if (mark.count == 0) continue;
    j["first_at_ns"] = mark.first_at;
    j["first_node"] = mark.first_place.node < r.nodes.size() ? r.nodes[mark.first_place.node].name : "?";
    j["first_shard"] = mark.first_place.shard;
  }
  return out;
}

Json rules(const Verdicts& v) {
  Json out = Json::object();
  for (int i = 0; i < kRules; ++i) {
    Json findings = Json::array();
    for (const Finding& f : v.findings(static_cast<Rule>(i))) findings.push_back({{"at_ns", f.at}, {"what", f.what}});
    out[rule_name(static_cast<Rule>(i))] = {{"violations", v.count(static_cast<Rule>(i))}, {"findings", findings}};
  }
  return out;
}

}  // namespace

std::string report_json(const Scenario& s, const RunResult& r, const RunContext& c) {
  const std::uint64_t wall_ms = std::max<std::uint64_t>(1, c.wall_nanos / 1'000'000);
  Json j = {{"seed", r.seed},
            {"commit", c.commit},
            {"version", c.version},
            {"scenario", r.scenario},
            {"scenario_file", c.scenario_file},
            {"scale", s.scale},
            {"broker", c.broker},
            {"placement", c.placement},
            {"queue", c.queue},
            {"cost_table", r.cost_table},
            {"run_hash", hex(r.run_hash)},
            {"events", r.events},
            {"events_per_second", r.events * 1000 / wall_ms},
            {"wall_seconds", number(c.wall_nanos, 9, 3)},
            {"virtual_seconds", number(static_cast<std::uint64_t>(r.virtual_time), 9, 3)},
            {"process_bytes", c.process_bytes},
            {"bytes_per_client", c.process_bytes / std::max<std::uint64_t>(1, r.clients)},
            {"clients", r.clients},
            {"cross_node_share", number(r.cross_node_per_million(), 6, 6)},
            {"connections", r.connections},
            {"connections_at_end", r.live_at_end},
            {"messages_in_per_second", r.messages_in_per_second()},
            {"messages_out_per_second", r.messages_out_per_second()},
            {"lost", r.tally.lost + r.tally.lost_in_faults},
            {"lost_in_faults", r.tally.lost_in_faults},
            {"duplicated", r.tally.duplicated},
            {"reordered", r.tally.reordered},
            {"in_doubt", r.tally.in_doubt},
            {"unfinished", r.tally.unfinished},
            {"latency_us", latency(r.tally.latency_ns)},
            {"verdict", verdict_name(verdict_of(r))},
            {"broken_expectations", r.broken_expectations},
            {"liveness_failures", r.liveness_failures},
            {"replay", c.replay}};
  j["deaths"] = Json::array();
  for (const Finding& f : r.deaths)
    j["deaths"].push_back({{"at", number(static_cast<std::uint64_t>(f.at), 9, 6)}, {"what", f.what}});
  j["nodes"] = Json::array();
  for (const NodeResult& n : r.nodes) j["nodes"].push_back(node(n));
  j["crowd"] = crowd(r.tally);
  j["notes"] = notes(r);
  j["rules"] = rules(r.verdicts);
  j["published"] = {{"source", s.published.source}};
  for (const auto& [key, value] : s.published.rows) j["published"][key] = value;
  return j.dump(2) + "\n";
}

}  // namespace orrery::sim

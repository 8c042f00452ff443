// SPDX-License-Identifier: Apache-2.0
// The top of a scenario file: nodes, network, phases, faults, expectations. The crowd's groups are read in
// read_group.cc.
#include <algorithm>
#include <charconv>
#include <map>

#include "base/strict_json.h"
#include "sim/scenario/read_parts.h"

namespace orrery::sim {
namespace {

constexpr Nanos kPhaseMax = 24 * 3600 * kSecond;
/// A message on its way when a fault strikes was due a little before it.
constexpr Nanos kFaultLead = kSecond;

void read_latency(JsonObject& o, Latency& l) {
  o.duration("latency", l.base, 0, 10 * kSecond);
  o.duration("tail", l.tail_mean, 0, kSecond);
}

void read_path(JsonObject& parent, const char* key, PathModel& p) {
  parent.object(key, [&](JsonObject& o) {
    read_latency(o, p.latency);
    o.number("loss_per_million", p.loss_per_million, 0u, 500'000u);
    o.duration("retransmit", p.retransmit_delay, kMillisecond, 10 * kSecond);
    std::uint64_t window = p.window_bytes;
    o.size("window", window, 4096, 1u << 30);
    p.window_bytes = static_cast<std::uint32_t>(window);
    o.number("segment_bytes", p.segment_bytes, 1u, kSegmentBytesMax);
    o.number("cut_per_million", p.cut_per_million, 0u, 1'000'000u);
  });
}

void read_network(JsonObject& o, NetworkModel& n) {
  read_path(o, "client", n.client);
  read_path(o, "peer", n.peer);
  o.object("post", [&](JsonObject& p) { read_latency(p, n.post); });
  o.duration("connect_timeout", n.connect_timeout, 100 * kMillisecond, 600 * kSecond);
  o.duration("give_up", n.give_up, kSecond, 3600 * kSecond);
}

void read_node(JsonItem& item, std::vector<NodeSpec>& nodes) {
  item.object([&](JsonObject& o) {
    NodeSpec node;
    std::uint32_t count = 1;
    std::uint64_t megabits = node.machine.nic_bits_per_second / 1'000'000;
    o.text("name", node.name);
    o.number("count", count, 1u, std::uint32_t{kNodesMax});
    o.choice("role", node.role, {{"core", Role::kCore}, {"replicant", Role::kReplicant}});
    o.number("vcpus", node.vcpus, 1, 256);
    o.size("ram", node.ram_bytes, 1u << 20);
    o.number("nic_megabits_per_second", megabits, 1u, 1'000'000u);
    std::uint32_t speed_percent = 100;
    o.number("speed_percent", speed_percent, 1u, 10'000u);
    node.machine.speed_per_mille = speed_percent * 10;
    const bool given = o.with("clients", [&](JsonItem& i) { i.boolean(node.carries_clients); });
    o.require("name");
    o.finish();
    if (node.name.empty()) o.fail("name", "a node needs a name");
    node.machine.nic_bits_per_second = megabits * 1'000'000;
    if (!given) node.carries_clients = node.role == Role::kReplicant;
    for (std::uint32_t i = 1; i <= count; ++i) {
      NodeSpec one = node;
      if (count > 1) one.name += std::to_string(i);
      if (std::any_of(nodes.begin(), nodes.end(), [&](const NodeSpec& n) { return n.name == one.name; }))
        o.fail("name", "there are two nodes named '" + one.name + "'");
      nodes.push_back(one);
    }
  });
}

void check_nodes(JsonObject& o, const Scenario& s) {
  if (s.nodes.empty()) o.fail("nodes", "at least one node is needed");
  if (s.nodes.size() > kNodesMax) o.fail("nodes", "more than " + std::to_string(kNodesMax) + " nodes");
  if (std::none_of(s.nodes.begin(), s.nodes.end(), [](const NodeSpec& n) { return n.role == Role::kCore; }))
    o.fail("nodes", "at least one node of the role \"core\" is needed");
}

/// Without replicants, and without an explicit choice, the cores carry the clients.
void choose_carriers(Scenario& s) {
  if (std::none_of(s.nodes.begin(), s.nodes.end(), [](const NodeSpec& n) { return n.carries_clients; }))
    for (NodeSpec& n : s.nodes) n.carries_clients = true;
  for (std::size_t i = 0; i < s.nodes.size(); ++i)
    if (s.nodes[i].carries_clients) s.crowd.carriers.push_back(static_cast<NodeId>(i));
}

void check_crowd(JsonObject& o, const CrowdSpec& crowd) {
  if (crowd.groups.empty()) o.fail("crowd", "at least one group of clients is needed");
  const CrowdSize size = measure(crowd);
  if (size.clients > kCrowdMax) o.fail("crowd", "more than " + std::to_string(kCrowdMax) + " clients");
  if (size.flows > kFlowsMax)
    o.fail("crowd", "more than " + std::to_string(kFlowsMax) + " pairs of a publisher and a subscriber");
}

void read_phases(JsonObject& o, CrowdSpec& c) {
  o.number("connects_per_second", c.connects_per_second, 1u, 10'000'000u);
  o.duration("settle", c.settle, 0, kPhaseMax);
  o.duration("steady", c.steady, kMillisecond, kPhaseMax);
  o.duration("drain", c.drain, 0, kPhaseMax);
  o.duration("route_grace", c.route_grace, 0, kPhaseMax);
}

void read_expectations(JsonObject& o, Expectations& e) {
  o.number("lost_max", e.lost_max, 0u, UINT64_MAX);
  o.number("lost_in_faults_max", e.lost_in_faults_max, 0u, UINT64_MAX);
  o.number("duplicated_max", e.duplicated_max, 0u, UINT64_MAX);
  o.number("reordered_max", e.reordered_max, 0u, UINT64_MAX);
  o.number("wills_min", e.wills_min, 0u, UINT64_MAX);
  o.number("retained_min", e.retained_min, 0u, UINT64_MAX);
  Nanos p99 = 0;
  if (o.duration("latency_p99_max", p99, 1)) e.latency_p99_max = p99;
}

void read_published(JsonObject& o, Published& p) {
  o.text("source", p.source);
  for (const PublishedKey& k : kPublishedKeys) {
    std::string text;
    if (o.text(k.key, text)) p.rows.emplace_back(std::string(k.key), text);
  }
}

// ---- faults ----

PlaceSet read_places(JsonObject& o, const char* key, const Scenario& s) {
  PlaceSet set;
  o.array(key, [&](JsonItem& item) {
    std::string name;
    item.text(name);
    if (name == "clients")
      set.clients = true;
    else
      set.nodes |= std::uint64_t{1} << find_node(item, name, s);
  });
  o.require(key);
  return set;
}

void read_fault(JsonItem& item, Scenario& s) {
  item.object([&](JsonObject& o) {
    Fault f;
    Nanos at = 0;
    o.duration("at", at, 0, kPhaseMax);
    o.require("at");
    o.choice("kind", f.kind,
             {{"crash", FaultKind::kCrash},
              {"power_loss", FaultKind::kPowerLoss},
              {"restart", FaultKind::kRestart},
              {"pause", FaultKind::kPause},
              {"slow_cpu", FaultKind::kSlowCpu},
              {"partition", FaultKind::kPartition},
              {"heal", FaultKind::kHeal},
              {"slow_path", FaultKind::kSlowPath}});
    o.require("kind");
    f.at = at;  // made absolute when the crowd, and with it the ramp's length, is known
    if (f.kind == FaultKind::kPartition || f.kind == FaultKind::kHeal) {
      f.from = read_places(o, "from", s);
      f.to = read_places(o, "to", s);
      bool one_way = false;
      o.boolean("one_way", one_way);
      f.both_ways = !one_way;
    } else {
      o.with("node", [&](JsonItem& i) {
        std::string name;
        i.text(name);
        f.node = find_node(i, name, s);
      });
      o.require("node");
    }
    if (f.kind == FaultKind::kPause || f.kind == FaultKind::kSlowPath) {
      o.duration("for", f.duration, f.kind == FaultKind::kPause ? 1 : 0, kPhaseMax);
      o.require("for");
    }
    if (f.kind == FaultKind::kSlowCpu) {
      std::uint32_t percent = 100;
      o.number("percent", percent, 100u, 100'000u);
      o.require("percent");
      f.per_mille = percent * 10;
    }
    s.faults.push_back(f);
  });
}

void place_faults(Scenario& s, Nanos steady_begin, Nanos recovery) {
  if (s.faults.empty()) return;
  std::vector<Fault> in_time;
  for (Fault f : s.faults) {
    f.at += steady_begin;
    in_time.insert(
        std::upper_bound(in_time.begin(), in_time.end(), f.at, [](Nanos at, const Fault& g) { return at < g.at; }), f);
  }
  s.faults = std::move(in_time);
  Nanos end = 0;
  for (const Fault& f : s.faults) end = std::max(end, f.at + (f.kind == FaultKind::kPause ? f.duration : 0));
  s.crowd.fault_windows = {{s.faults.front().at - kFaultLead, end + recovery}};
}

}  // namespace

NodeId find_node(JsonItem& item, const std::string& name, const Scenario& s) {
  std::string known;
  for (std::size_t i = 0; i < s.nodes.size(); ++i) {
    if (s.nodes[i].name == name) return static_cast<NodeId>(i);
    known += (i ? ", " : "") + s.nodes[i].name;
  }
  item.fail("there is no node '" + name + "' (nodes: " + known + ")");
}

std::optional<Scale> parse_scale(std::string_view text) {
  Scale scale;
  const auto number = [](std::string_view t, std::uint32_t& out) {
    const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), out);
    return error == std::errc{} && end == t.data() + t.size() && out > 0;
  };
  const std::size_t slash = text.find('/');
  if (!number(text.substr(0, slash), scale.numerator)) return std::nullopt;
  if (slash != text.npos && !number(text.substr(slash + 1), scale.denominator)) return std::nullopt;
  return scale;
}

Scenario read_scenario(std::string_view text, std::string_view file, Scale scale) {
  Scenario s;
  Nanos recovery = 10 * kSecond;
  const JsonDocument document = JsonDocument::parse(text, file);
  document.root().object([&](JsonObject& o) {
    o.text("name", s.name);
    o.text("description", s.description);
    o.number("seed", s.crowd.seed, 0u, UINT64_MAX);
    o.array("nodes", [&](JsonItem& item) { read_node(item, s.nodes); });
    o.object("network", [&](JsonObject& n) { read_network(n, s.network); });
    o.choice("placement", s.crowd.placement, {{"paired", Placement::kPaired}, {"random", Placement::kRandom}});
    o.object("phases", [&](JsonObject& p) { read_phases(p, s.crowd); });
    o.array("crowd", [&](JsonItem& item) { read_group(item, s.crowd.groups); });
    o.object("faults", [&](JsonObject& f) {
      f.duration("recovery", recovery, 0, kPhaseMax);
      f.array("plan", [&](JsonItem& item) { read_fault(item, s); });
      f.require("plan");
    });
    o.object("expect", [&](JsonObject& e) { read_expectations(e, s.expect); });
    o.object("published", [&](JsonObject& p) { read_published(p, s.published); });
    for (const char* key : {"name", "nodes", "crowd"}) o.require(key);
    // A misspelt key first: what is missing may be missing because of it.
    o.finish();
    check_nodes(o, s);
    scale_crowd(s.crowd, scale);
    check_crowd(o, s.crowd);
  });
  choose_carriers(s);
  const Nanos ramp = static_cast<Nanos>(measure(s.crowd).clients) * kSecond / s.crowd.connects_per_second;
  place_faults(s, ramp + s.crowd.settle, recovery);
  s.scale = std::to_string(scale.numerator);
  if (scale.denominator != 1) s.scale += "/" + std::to_string(scale.denominator);
  return s;
}

std::vector<ClusterMember> Scenario::members() const {
  std::vector<ClusterMember> out;
  for (const NodeSpec& n : nodes) out.push_back({n.name, n.role, n.vcpus});
  return out;
}
std::vector<MachineModel> Scenario::machines() const {
  std::vector<MachineModel> out;
  for (const NodeSpec& n : nodes) out.push_back(n.machine);
  return out;
}

}  // namespace orrery::sim

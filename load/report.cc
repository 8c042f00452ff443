// SPDX-License-Identifier: Apache-2.0
#include "load/report.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "base/version.h"

namespace orrery::load {
namespace {

using Json = nlohmann::ordered_json;

struct Percentile {
  const char* name;
  std::uint64_t per_million;
};
constexpr Percentile kPercentiles[] = {{"p50", 500'000},  {"p95", 950'000},   {"p99", 990'000},
                                       {"p999", 999'000}, {"p9999", 999'900}, {"max", 1'000'000}};

double ms(std::uint64_t us) { return static_cast<double>(us) / 1000.0; }
double seconds(Nanos duration) { return static_cast<double>(duration) / 1e9; }

std::string percentiles_text(const Histogram& us) {
  std::string text;
  for (const Percentile& p : kPercentiles) text += fmt::format("  {} {:.2f}", p.name, ms(us.at(p.per_million)));
  return text;
}

Json percentiles_json(const Histogram& us) {
  Json json = {{"count", us.count()}, {"min", us.min()}, {"mean", us.mean()}};
  for (const Percentile& p : kPercentiles) json[p.name] = us.at(p.per_million);
  return json;
}

std::string messages_text(const Report& r) {
  std::string text;
  if (r.options.publishes()) {
    text += fmt::format("sent {}", r.sent);
    if (r.options.qos > 0) text += fmt::format("  acknowledged {}  not accepted {}", r.acknowledged, r.not_accepted);
    if (r.unsent > 0) text += fmt::format("  not sent, connection gone {}", r.unsent);
    text += r.traffic > 0 ? fmt::format("  ({:.1f}/s)\n", static_cast<double>(r.sent) / seconds(r.traffic)) : "\n";
  }
  if (r.options.subscribes()) {
    text += fmt::format("received {}  lost {}  duplicated {}  reordered {}", r.received, r.messages_lost, r.duplicates,
                        r.reordered);
    if (r.foreign > 0) text += fmt::format("  foreign {}", r.foreign);
    text += "\n";
    if (r.latency_us.count() > 0) text += "latency ms, from the intended time:" + percentiles_text(r.latency_us) + "\n";
  }
  if (r.options.publishes())
    text += fmt::format(
        "generator: {} of {} messages more than 1 ms late (ms: p99 {:.2f}  max {:.2f}), {} waited for the window\n",
        r.sent_late, r.late_us.count(), ms(r.late_us.at(990'000)), ms(r.late_us.max()), r.sent_waited);
  return text;
}

Json command_json(const Options& o) {
  Json json = {{"mode", mode_name(o.mode)},
               {"url", o.url()},
               {"count", o.count},
               {"mqtt_version", o.version},
               {"keep_alive_seconds", o.keep_alive},
               {"clean_start", o.clean_start},
               {"session_expiry_seconds", o.session_expiry},
               {"threads", o.threads}};
  if (o.mode != Mode::kConnect) {
    json["topic"] = o.topic;
    json["qos"] = o.qos;
  }
  if (o.publishes()) {
    json["payload_bytes"] = o.payload_size;
    json["publish_interval_ms"] = o.publish_interval_ms;
    json["inflight"] = o.inflight_max();
  }
  return json;
}

Json seconds_json(const Report& r) {
  Json lines = Json::array();
  for (const SecondLine& s : r.seconds)
    lines.push_back({{"second", s.second},
                     {"connected", s.ready},
                     {"sent", s.sent},
                     {"received", s.received},
                     {"latency_us", percentiles_json(s.latency_us)}});
  return lines;
}

}  // namespace

std::vector<std::string> Report::doubts() const {
  std::vector<std::string> doubts;
  if (sent_late * kLateShareMax > late_us.count())
    doubts.push_back(
        fmt::format("the generator could not keep up: {} of {} messages had their turn more than 1 ms late", sent_late,
                    late_us.count()));
  if (unsent > 0) doubts.push_back(fmt::format("{} messages were never sent since their connection was gone", unsent));
  if (foreign > 0) doubts.push_back(fmt::format("{} messages on the topic were not from this program", foreign));
  return doubts;
}

int Report::exit_code() const {
  return connections_good() && (options.mode != Mode::kPair || messages_lost == 0) ? 0 : 1;
}

std::string heading(const Report& report) {
  const Options& o = report.options;
  std::string text =
      fmt::format("orrery-load {} {}: {} connections, MQTT {}", mode_name(o.mode), o.url(), o.connections(),
                  o.version == 3   ? "3.1"
                  : o.version == 4 ? "3.1.1"
                                   : "5.0");
  if (o.mode != Mode::kConnect) text += fmt::format(", topic {}, QoS {}", o.topic, o.qos);
  if (o.publishes())
    text += fmt::format(", {} B every {} ms from each publisher", o.payload_size, o.publish_interval_ms);
  return text + fmt::format(", run {:08x}\n", report.run);
}

std::string second_header(const Options& o) {
  std::string text = fmt::format("{:>6} {:>9}", "second", "connected");
  if (o.publishes()) text += fmt::format(" {:>9}", "sent");
  if (o.subscribes()) text += fmt::format(" {:>9} {:>9} {:>9} {:>9}", "received", "p50 ms", "p99 ms", "max ms");
  return text + "\n";
}

std::string second_text(const Options& o, const SecondLine& line) {
  std::string text = fmt::format("{:>6} {:>9}", line.second, line.ready);
  if (o.publishes()) text += fmt::format(" {:>9}", line.sent);
  if (o.subscribes())
    text += fmt::format(" {:>9} {:>9.2f} {:>9.2f} {:>9.2f}", line.received, ms(line.latency_us.at(500'000)),
                        ms(line.latency_us.at(990'000)), ms(line.latency_us.max()));
  return text + "\n";
}

std::string summary(const Report& r) {
  std::string text =
      fmt::format("connected {} of {} in {:.2f} s ({} per second)  refused {}  lost later {}\n", r.ready,
                  r.options.connections(), seconds(r.connecting), r.connections_per_second, r.refused, r.lost);
  if (r.ready > 0) text += "connect ms:" + percentiles_text(r.connect_us) + "\n";
  for (const auto& [why, times] : r.failures) text += fmt::format("  {} x {}\n", times, why);
  text += messages_text(r);
  if (r.ready > 0) text += fmt::format("memory of this process: {} B for each client\n", r.memory_bytes / r.ready);
  for (const std::string& doubt : r.doubts()) text += "DO NOT TRUST THIS RUN: " + doubt + "\n";
  return text;
}

std::string to_json(const Report& r) {
  Json failures = Json::object();
  for (const auto& [why, times] : r.failures) failures[why] = times;
  const Json json = {
      {"schema", "orrery/load-report/1"},
      {"version", version()},
      {"commit", commit()},
      {"run", fmt::format("{:08x}", r.run)},
      {"command", command_json(r.options)},
      {"connections",
       {{"wanted", r.options.connections()},
        {"connected", r.ready},
        {"refused", r.refused},
        {"lost", r.lost},
        {"connecting_ns", r.connecting},
        {"per_second", r.connections_per_second},
        {"connect_us", percentiles_json(r.connect_us)},
        {"failures", failures},
        {"memory_bytes", r.memory_bytes}}},
      {"messages",
       {{"traffic_ns", r.traffic},
        {"sent", r.sent},
        {"not_sent", r.unsent},
        {"acknowledged", r.acknowledged},
        {"not_accepted", r.not_accepted},
        {"received", r.received},
        {"lost", r.messages_lost},
        {"duplicated", r.duplicates},
        {"reordered", r.reordered},
        {"foreign", r.foreign}}},
      {"latency_us", percentiles_json(r.latency_us)},
      {"generator",
       {{"late", r.sent_late}, {"waited_for_window", r.sent_waited}, {"late_us", percentiles_json(r.late_us)}}},
      {"seconds", seconds_json(r)},
      {"interrupted", r.interrupted},
      {"doubts", r.doubts()},
      {"exit_code", r.exit_code()}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace orrery::load

// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/metrics_page.h"

#include "broker/admin/prometheus_text.h"

namespace orrery::admin {
namespace {

/// Those that have several rows in counter_list.h, told apart by labels; any other metric's text is its row's.
struct Family {
  std::string_view metric;
  std::string_view help;
};
constexpr Family kFamilies[] = {
    {"mqtt_messages_dropped_total", "Messages accepted from clients and delivered to nobody."},
    {"mqtt_deliveries_dropped_total", "Deliveries that were asked for and did not reach the client."},
    {"mqtt_deliveries_withheld_total", "Deliveries that a subscription's options kept back."},
    {"orrery_forwards_dropped_total", "Messages that did not reach another shard or node."},
    {"mqtt_packets_received_total", "MQTT packets received from clients."},
    {"mqtt_packets_sent_total", "MQTT packets sent to clients."},
};

const CounterInfo& info(int i) { return counter_info(static_cast<Counter>(i)); }

/// Whether row i is the first of its metric.
bool is_first(int i) {
  for (int before = 0; before < i; ++before)
    if (std::string_view(info(before).metric) == info(i).metric) return false;
  return true;
}

}  // namespace

std::string_view metric_help(std::string_view metric) {
  for (const Family& family : kFamilies)
    if (family.metric == metric) return family.help;
  for (int i = 0; i < kCounters; ++i)
    if (info(i).metric == metric) return info(i).text;
  return {};
}

std::string missing_shards_remark(const NodeFigures& figures) {
  if (figures.answered == figures.shards) return {};
  return std::to_string(figures.shards - figures.answered) + " of " + std::to_string(figures.shards) +
         " shards did not answer in time: their part is what they said last.";
}

std::string metrics_page(const NodeFigures& figures, const NodeIdentity& identity, bool takes_clients) {
  PrometheusText page;
  if (const std::string remark = missing_shards_remark(figures); !remark.empty()) page.remark(remark);
  page.begin("orrery_build_info", MetricKind::kGauge, "Always 1; the version is in the label.");
  page.sample_with("version", identity.version, 1);
  page.begin("orrery_node_info", MetricKind::kGauge, "Always 1; the node's name is in the label.");
  page.sample_with("node", identity.name, 1);
  page.begin("orrery_uptime_seconds", MetricKind::kGauge, "Whole seconds since the node started.");
  page.sample({}, static_cast<std::uint64_t>(figures.uptime / kSecond));
  page.begin("orrery_takes_clients", MetricKind::kGauge, "1 when GET /status answers 200, otherwise 0.");
  page.sample({}, takes_clients ? 1 : 0);
  page.begin("orrery_shards", MetricKind::kGauge, "Shards of this node.");
  page.sample({}, figures.shards);
  page.begin("orrery_shards_answered", MetricKind::kGauge, "Shards whose figures are of now and not older.");
  page.sample({}, figures.answered);
  for (int i = 0; i < kCounters; ++i) {
    if (!is_first(i)) continue;
    const std::string_view metric = info(i).metric;
    page.begin(metric, info(i).kind, metric_help(metric));
    for (int row = i; row < kCounters; ++row)
      if (info(row).metric == metric) page.sample(info(row).labels, figures.values[row]);
  }
  page.begin("orrery_notes_total", MetricKind::kCounter,
             "What was told to the log, by kind (docs/log.md), written or not.");
  for (std::size_t k = 0; k < kNoteKinds; ++k)
    page.sample_with("kind", note_row(static_cast<NoteKind>(k)).name, figures.notes.values[k]);
  return page.take();
}

}  // namespace orrery::admin

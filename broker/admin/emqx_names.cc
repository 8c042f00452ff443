// SPDX-License-Identifier: Apache-2.0
// A sum without terms is always 0: EMQX has the thing and Orrery has not, and a dashboard shall not find a hole.
#include "broker/admin/emqx_names.h"

#include "broker/admin/metrics_page.h"
#include "broker/admin/prometheus_text.h"

namespace orrery::admin {
namespace {

using enum Counter;
constexpr MetricKind kGauge = MetricKind::kGauge;
constexpr MetricKind kCounter = MetricKind::kCounter;

constexpr Sum kDeliveriesDropped = {kDroppedQueueFull, kDroppedSlowConsumer, kDroppedTooLarge,     kDroppedExpired,
                                    kDroppedOffline,   kDroppedDuplicate,    kDroppedSessionEnded, kWithheldNoLocal};

constexpr EmqxName kNames[] = {
    {"emqx_connections_count", kGauge, {kConnected}, false, "Sessions that have a connection now."},
    {"emqx_connections_max", kGauge, {kConnected}, true, "The most of them."},
    {"emqx_sessions_count", kGauge, {kSessions}, false, "Sessions, connected or not."},
    {"emqx_sessions_max", kGauge, {kSessions}, true, "The most of them."},
    {"emqx_topics_count", kGauge, {kRouteFilters}, false, "Topic filters in the route table."},
    {"emqx_routes_count", kGauge, {kRoutes}, false, "Rows of the route table."},
    {"emqx_routes_max", kGauge, {kRoutes}, true, "The most of them."},
    {"emqx_suboptions_count", kGauge, {kSubscriptions}, false, "Subscriptions with their options."},
    {"emqx_suboptions_max", kGauge, {kSubscriptions}, true, "The most of them."},
    {"emqx_subscribers_count", kGauge, {kSubscriptions}, false, "Pairs of a subscriber and a topic filter."},
    {"emqx_subscribers_max", kGauge, {kSubscriptions}, true, "The most of them."},
    {"emqx_subscriptions_count", kGauge, {kSubscriptions}, false, "Subscriptions, shared ones included."},
    {"emqx_subscriptions_max", kGauge, {kSubscriptions}, true, "The most of them."},
    {"emqx_subscriptions_shared_count", kGauge, {kSubscriptionsShared}, false, "Shared subscriptions."},
    {"emqx_subscriptions_shared_max", kGauge, {kSubscriptionsShared}, true, "The most of them."},
    {"emqx_retained_count", kGauge, {kRetained}, false, "Retained messages."},
    {"emqx_retained_max", kGauge, {kRetained}, true, "The most of them."},

    {"emqx_bytes_received", kCounter, {kBytesIn}, false, "Bytes from clients."},
    {"emqx_bytes_sent", kCounter, {kBytesOut}, false, "Bytes to clients."},
    {"emqx_client_connected", kCounter, {kConnectsAccepted}, false, "Clients that came."},
    {"emqx_client_disconnected", kCounter, {kDisconnected}, false, "Clients that left."},
    {"emqx_messages_received",
     kCounter,
     {kPacketsInPublish0, kPacketsInPublish1, kPacketsInPublish2},
     false,
     "Messages from clients."},
    {"emqx_messages_sent",
     kCounter,
     {kPacketsOutPublish0, kPacketsOutPublish1, kPacketsOutPublish2},
     false,
     "Messages to clients."},
    {"emqx_messages_delayed", kCounter, {}, false, "Always 0: there is no delayed publish."},
    {"emqx_messages_dropped",
     kCounter,
     {kDroppedNoSubscriber, kDroppedNotAuthorized},
     false,
     "Messages from clients that were delivered to nobody."},
    {"emqx_messages_dropped_expired", kCounter, {}, false, "Always 0: a QoS 2 message does not wait for its PUBREL."},
    {"emqx_messages_dropped_no_subscribers", kCounter, {kDroppedNoSubscriber}, false, "No subscription matched."},
    {"emqx_messages_forward", kCounter, {kMessagesForwarded}, false, "Messages to other shards and nodes."},
    {"emqx_messages_retained", kCounter, {kRetainedIn}, false, "Messages from clients with the RETAIN flag."},
    {"emqx_messages_qos0_received", kCounter, {kPacketsInPublish0}, false, "Messages from clients at QoS 0."},
    {"emqx_messages_qos1_received", kCounter, {kPacketsInPublish1}, false, "Messages from clients at QoS 1."},
    {"emqx_messages_qos2_received", kCounter, {kPacketsInPublish2}, false, "Messages from clients at QoS 2."},
    {"emqx_messages_qos0_sent", kCounter, {kPacketsOutPublish0}, false, "Messages to clients at QoS 0."},
    {"emqx_messages_qos1_sent", kCounter, {kPacketsOutPublish1}, false, "Messages to clients at QoS 1."},
    {"emqx_messages_qos2_sent", kCounter, {kPacketsOutPublish2}, false, "Messages to clients at QoS 2."},
    {"emqx_delivery_dropped", kCounter, kDeliveriesDropped, false, "Deliveries that did not reach the client."},
    {"emqx_delivery_dropped_expired", kCounter, {kDroppedExpired}, false, "The message had expired."},
    {"emqx_delivery_dropped_no_local", kCounter, {kWithheldNoLocal}, false, "The publisher's own, with No Local."},
    {"emqx_delivery_dropped_qos0_msg",
     kCounter,
     {kDroppedSlowConsumer, kDroppedOffline},
     false,
     "QoS 0 to a client that is slow or away."},
    {"emqx_delivery_dropped_queue_full", kCounter, {kDroppedQueueFull}, false, "The session's queue was full."},
    {"emqx_delivery_dropped_too_large", kCounter, {kDroppedTooLarge}, false, "Above the Maximum Packet Size."},

    {"emqx_packets_connect", kCounter, {kPacketsInConnect}, false, "CONNECT."},
    {"emqx_packets_connack_sent", kCounter, {kPacketsOutConnack}, false, "CONNACK."},
    {"emqx_packets_connack_error", kCounter, {kConnectsRefused}, false, "CONNECT packets that were refused."},
    {"emqx_packets_connack_auth_error", kCounter, {kConnectsNotAuthorized}, false, "Refused for who they are."},
    {"emqx_packets_disconnect_sent", kCounter, {kPacketsOutDisconnect}, false, "DISCONNECT to clients."},
    {"emqx_packets_disconnect_received", kCounter, {kPacketsInDisconnect}, false, "DISCONNECT from clients."},
    {"emqx_packets_publish_received",
     kCounter,
     {kPacketsInPublish0, kPacketsInPublish1, kPacketsInPublish2},
     false,
     "PUBLISH from clients."},
    {"emqx_packets_publish_sent",
     kCounter,
     {kPacketsOutPublish0, kPacketsOutPublish1, kPacketsOutPublish2},
     false,
     "PUBLISH to clients."},
    {"emqx_packets_puback_received", kCounter, {kPacketsInPuback}, false, "PUBACK from clients."},
    {"emqx_packets_puback_sent", kCounter, {kPacketsOutPuback}, false, "PUBACK to clients."},
    {"emqx_packets_pubrec_received", kCounter, {kPacketsInPubrec}, false, "PUBREC from clients."},
    {"emqx_packets_pubrec_sent", kCounter, {kPacketsOutPubrec}, false, "PUBREC to clients."},
    {"emqx_packets_pubrel_received", kCounter, {kPacketsInPubrel}, false, "PUBREL from clients."},
    {"emqx_packets_pubrel_sent", kCounter, {kPacketsOutPubrel}, false, "PUBREL to clients."},
    {"emqx_packets_pubcomp_received", kCounter, {kPacketsInPubcomp}, false, "PUBCOMP from clients."},
    {"emqx_packets_pubcomp_sent", kCounter, {kPacketsOutPubcomp}, false, "PUBCOMP to clients."},
    {"emqx_packets_subscribe_received", kCounter, {kPacketsInSubscribe}, false, "SUBSCRIBE."},
    {"emqx_packets_subscribe_error", kCounter, {kSubscriptionsRefused}, false, "Topic filters that were refused."},
    {"emqx_packets_subscribe_auth_error", kCounter, {kNotAuthorized}, false, "Refused for want of a permission."},
    {"emqx_packets_suback_sent", kCounter, {kPacketsOutSuback}, false, "SUBACK."},
    {"emqx_packets_unsubscribe_received", kCounter, {kPacketsInUnsubscribe}, false, "UNSUBSCRIBE."},
    {"emqx_packets_unsubscribe_error", kCounter, {}, false, "Always 0: an UNSUBSCRIBE is never refused."},
    {"emqx_packets_unsuback_sent", kCounter, {kPacketsOutUnsuback}, false, "UNSUBACK."},
    {"emqx_packets_pingreq_received", kCounter, {kPacketsInPingreq}, false, "PINGREQ."},
    {"emqx_packets_pingresp_sent", kCounter, {kPacketsOutPingresp}, false, "PINGRESP."},
    {"emqx_packets_auth_received", kCounter, {kPacketsInAuth}, false, "AUTH from clients."},
    {"emqx_packets_auth_sent", kCounter, {kPacketsOutAuth}, false, "AUTH to clients."},
};

}  // namespace

std::span<const EmqxName> emqx_names() { return kNames; }

std::uint64_t emqx_value(const EmqxName& name, const NodeFigures& figures) {
  return name.sum.of(name.highest ? figures.highest : figures.values);
}

std::string emqx_page(const NodeFigures& figures) {
  PrometheusText page;
  if (const std::string remark = missing_shards_remark(figures); !remark.empty()) page.remark(remark);
  for (const EmqxName& name : kNames) {
    page.begin(name.name, name.kind, name.text);
    page.sample({}, emqx_value(name, figures));
  }
  return page.take();
}

}  // namespace orrery::admin

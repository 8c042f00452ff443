// SPDX-License-Identifier: Apache-2.0
// The one list of what a shard counts: the enum, names in reports, GET /metrics and docs/metrics.md are visits of it.
//
// A row: id, name in reports, kind, metric of GET /metrics, its labels, text. A kCounter only grows; a kGauge is what
// there is now. Rows with the same metric differ in their labels (its own text is in broker/admin/metrics_page.cc).
// New rows go to the end: the plug's ABI numbers the first ones (sim/plug/abi.h).
//
// Messages balance. For every shard at any time
//   matched + taken over = out + queued + handed over + the deliveries dropped (but not withheld) below,
// and over all nodes, when nothing is on its way, forwarded = received. The oracles of the simulator check both.
#pragma once

// clang-format off
#define ORRERY_COUNTERS(X) \
  X(kLinksOpened, "links_opened", kCounter, "mqtt_connections_opened_total", "", \
    "Clients' network connections taken.") \
  X(kLinksClosed, "links_closed", kCounter, "mqtt_connections_closed_total", "", \
    "Clients' network connections that have ended.") \
  X(kConnectsAccepted, "connects_accepted", kCounter, "mqtt_connects_accepted_total", "", \
    "CONNECT packets answered with success.") \
  X(kConnectsRefused, "connects_refused", kCounter, "mqtt_connects_refused_total", "", \
    "CONNECT packets refused, for any reason.") \
  X(kTakeovers, "takeovers", kCounter, "mqtt_sessions_taken_over_total", "", \
    "Sessions given up to a newer connection of the same client.") \
  X(kSubscriptions, "subscriptions", kGauge, "mqtt_subscriptions", "", \
    "Subscriptions that exist now, shared ones included.") \
  X(kSessions, "sessions", kGauge, "mqtt_sessions", "", "Sessions that exist now, connected or not.") \
  X(kMessagesIn, "messages_in", kCounter, "mqtt_messages_received_total", "", \
    "PUBLISH packets accepted from clients (a QoS 2 repeat is not one), and wills.") \
  X(kMessagesMatched, "messages_matched", kCounter, "mqtt_deliveries_matched_total", "", \
    "Deliveries asked for: one for each session with a matching subscription, and each retained message for a " \
    "new one.") \
  X(kMessagesOut, "messages_out", kCounter, "mqtt_deliveries_sent_total", "", \
    "Deliveries sent to clients; repeats after a resume are not counted.") \
  X(kMessagesQueued, "messages_queued", kGauge, "mqtt_deliveries_queued", "", \
    "Deliveries that wait for a session or a window.") \
  X(kMessagesHandedOver, "messages_handed_over", kCounter, "mqtt_deliveries_handed_over_total", "", \
    "Queued deliveries that left with a session for another shard or node.") \
  X(kMessagesTakenOver, "messages_taken_over", kCounter, "mqtt_deliveries_taken_over_total", "", \
    "Queued deliveries that came with a session from another shard or node.") \
  X(kMessagesForwarded, "messages_forwarded", kCounter, "orrery_messages_forwarded_total", "", \
    "Messages sent to other shards and nodes, one for each destination.") \
  X(kMessagesReceived, "messages_received", kCounter, "orrery_messages_taken_total", "", \
    "Messages taken from other shards and nodes.") \
  X(kDroppedNoSubscriber, "dropped_no_subscriber", kCounter, "mqtt_messages_dropped_total", "reason=no_subscriber", \
    "Accepted, and no subscription anywhere matched.") \
  X(kDroppedQueueFull, "dropped_queue_full", kCounter, "mqtt_deliveries_dropped_total", "reason=queue_full", \
    "Matched, and the session's queue was full.") \
  X(kDroppedSlowConsumer, "dropped_slow_consumer", kCounter, "mqtt_deliveries_dropped_total", "reason=slow_consumer", \
    "Matched at QoS 0, and the link's output was above its limit.") \
  X(kDroppedTooLarge, "dropped_too_large", kCounter, "mqtt_deliveries_dropped_total", "reason=too_large", \
    "Matched, and larger than the client's Maximum Packet Size.") \
  X(kDroppedExpired, "dropped_expired", kCounter, "mqtt_deliveries_dropped_total", "reason=expired", \
    "Matched, and the Message Expiry Interval passed while it waited.") \
  X(kDroppedOffline, "dropped_offline", kCounter, "mqtt_deliveries_dropped_total", "reason=offline", \
    "Matched at QoS 0 while the session had no connection.") \
  X(kDroppedDuplicate, "dropped_duplicate", kCounter, "mqtt_deliveries_dropped_total", "reason=duplicate", \
    "Matched at two places while its session moved from one to the other.") \
  X(kDroppedSessionEnded, "dropped_session_ended", kCounter, "mqtt_deliveries_dropped_total", "reason=session_ended", \
    "Was queued when its session ended.") \
  X(kDroppedPeerUnreachable, "dropped_peer_unreachable", kCounter, "orrery_forwards_dropped_total", \
    "reason=peer_unreachable", "A destination's lane was full or its node gone.") \
  X(kBytesIn, "bytes_in", kCounter, "mqtt_bytes_received_total", "", \
    "Bytes from clients, with WebSocket frames and HTTP upgrades, without TLS.") \
  X(kBytesOut, "bytes_out", kCounter, "mqtt_bytes_sent_total", "", \
    "Bytes to clients, with WebSocket frames and HTTP upgrades, without TLS.") \
  X(kProtocolErrors, "protocol_errors", kCounter, "mqtt_protocol_errors_total", "", \
    "Connections closed because the client broke the protocol.") \
  X(kDroppedNotAuthorized, "dropped_not_authorized", kCounter, "mqtt_messages_dropped_total", "reason=not_authorized", \
    "From a client that may not publish to the topic, $SYS included.") \
  X(kNotAuthorized, "not_authorized", kCounter, "mqtt_not_authorized_total", "", \
    "Subscriptions denied, and exchanges of enhanced authentication that failed.") \
  X(kPacketsInConnect, "packets_in_connect", kCounter, "mqtt_packets_received_total", "type=connect", "") \
  X(kPacketsInPublish0, "packets_in_publish_qos0", kCounter, "mqtt_packets_received_total", "type=publish,qos=0", \
    "") \
  X(kPacketsInPublish1, "packets_in_publish_qos1", kCounter, "mqtt_packets_received_total", "type=publish,qos=1", \
    "") \
  X(kPacketsInPublish2, "packets_in_publish_qos2", kCounter, "mqtt_packets_received_total", "type=publish,qos=2", \
    "") \
  X(kPacketsInPuback, "packets_in_puback", kCounter, "mqtt_packets_received_total", "type=puback", "") \
  X(kPacketsInPubrec, "packets_in_pubrec", kCounter, "mqtt_packets_received_total", "type=pubrec", "") \
  X(kPacketsInPubrel, "packets_in_pubrel", kCounter, "mqtt_packets_received_total", "type=pubrel", "") \
  X(kPacketsInPubcomp, "packets_in_pubcomp", kCounter, "mqtt_packets_received_total", "type=pubcomp", "") \
  X(kPacketsInSubscribe, "packets_in_subscribe", kCounter, "mqtt_packets_received_total", "type=subscribe", "") \
  X(kPacketsInUnsubscribe, "packets_in_unsubscribe", kCounter, "mqtt_packets_received_total", "type=unsubscribe", \
    "") \
  X(kPacketsInPingreq, "packets_in_pingreq", kCounter, "mqtt_packets_received_total", "type=pingreq", "") \
  X(kPacketsInDisconnect, "packets_in_disconnect", kCounter, "mqtt_packets_received_total", "type=disconnect", "") \
  X(kPacketsInAuth, "packets_in_auth", kCounter, "mqtt_packets_received_total", "type=auth", "") \
  X(kPacketsInOther, "packets_in_other", kCounter, "mqtt_packets_received_total", "type=other", \
    "Types that no client may send.") \
  X(kPacketsOutConnack, "packets_out_connack", kCounter, "mqtt_packets_sent_total", "type=connack", "") \
  X(kPacketsOutPublish0, "packets_out_publish_qos0", kCounter, "mqtt_packets_sent_total", "type=publish,qos=0", \
    "") \
  X(kPacketsOutPublish1, "packets_out_publish_qos1", kCounter, "mqtt_packets_sent_total", "type=publish,qos=1", \
    "") \
  X(kPacketsOutPublish2, "packets_out_publish_qos2", kCounter, "mqtt_packets_sent_total", "type=publish,qos=2", \
    "") \
  X(kPacketsOutPuback, "packets_out_puback", kCounter, "mqtt_packets_sent_total", "type=puback", "") \
  X(kPacketsOutPubrec, "packets_out_pubrec", kCounter, "mqtt_packets_sent_total", "type=pubrec", "") \
  X(kPacketsOutPubrel, "packets_out_pubrel", kCounter, "mqtt_packets_sent_total", "type=pubrel", "") \
  X(kPacketsOutPubcomp, "packets_out_pubcomp", kCounter, "mqtt_packets_sent_total", "type=pubcomp", "") \
  X(kPacketsOutSuback, "packets_out_suback", kCounter, "mqtt_packets_sent_total", "type=suback", "") \
  X(kPacketsOutUnsuback, "packets_out_unsuback", kCounter, "mqtt_packets_sent_total", "type=unsuback", "") \
  X(kPacketsOutPingresp, "packets_out_pingresp", kCounter, "mqtt_packets_sent_total", "type=pingresp", "") \
  X(kPacketsOutDisconnect, "packets_out_disconnect", kCounter, "mqtt_packets_sent_total", "type=disconnect", "") \
  X(kPacketsOutAuth, "packets_out_auth", kCounter, "mqtt_packets_sent_total", "type=auth", "") \
  X(kPayloadBytesIn, "payload_bytes_in", kCounter, "mqtt_payload_bytes_received_total", "", \
    "Payload bytes of the messages accepted from clients.") \
  X(kPayloadBytesOut, "payload_bytes_out", kCounter, "mqtt_payload_bytes_sent_total", "", \
    "Payload bytes of the PUBLISH packets sent to clients.") \
  X(kConnected, "connected", kGauge, "mqtt_sessions_connected", "", "Sessions that have a connection now.") \
  X(kDisconnected, "disconnected", kCounter, "mqtt_sessions_disconnected_total", "", \
    "Connections of sessions that have ended.") \
  X(kSessionsExpired, "sessions_expired", kCounter, "mqtt_sessions_expired_total", "", \
    "Sessions that ended because their expiry interval had passed.") \
  X(kConnectsNotAuthorized, "connects_not_authorized", kCounter, "mqtt_connects_not_authorized_total", "", \
    "CONNECT packets refused for their user name, password or authentication; refused ones count them too.") \
  X(kSubscriptionsShared, "subscriptions_shared", kGauge, "mqtt_subscriptions_shared", "", \
    "Shared subscriptions that exist now.") \
  X(kSubscriptionsRefused, "subscriptions_refused", kCounter, "mqtt_subscriptions_refused_total", "", \
    "Topic filters of SUBSCRIBE packets that were answered with an error.") \
  X(kWithheldNoLocal, "withheld_no_local", kCounter, "mqtt_deliveries_withheld_total", "reason=no_local", \
    "Not delivered to their own publisher, who had asked for that with No Local.") \
  X(kRetainedIn, "retained_in", kCounter, "mqtt_retained_received_total", "", \
    "Messages accepted with the RETAIN flag.") \
  X(kRetained, "retained", kGauge, "mqtt_retained", "", \
    "Retained messages that this node has, without those of $SYS.") \
  X(kRetainedBytes, "retained_bytes", kGauge, "mqtt_retained_bytes", "", "Bytes of their topics and values.") \
  X(kRoutes, "routes", kGauge, "orrery_routes", "", \
    "Rows of this node's route table: a topic filter and a shard of the cluster that has subscribers for it.") \
  X(kRouteFilters, "route_filters", kGauge, "orrery_route_filters", "", \
    "Different topic filters in this node's route table.") \
  X(kHeapBytes, "heap_bytes", kGauge, "orrery_heap_bytes", "", "Bytes in use in the node's own heaps.") \
  X(kAdminRequests, "admin_requests", kCounter, "orrery_admin_requests_total", "", \
    "HTTP requests on the admin's port.") \
  X(kAdminRefused, "admin_refused", kCounter, "orrery_admin_refused_total", "", \
    "Of these, and of what was no request, those answered with a status of 400 or more.") \
  X(kSubacksEarly, "subacks_early", kCounter, "orrery_subacks_early_total", "", \
    "SUBACKs sent before a core knew of the routes: too many waited for one.") \
  X(kLinksHeldBack, "links_held_back", kCounter, "mqtt_connections_held_back_total", "", \
    "Times that a client's connection was not read any more until it had taken what was sent to it.")
// clang-format on

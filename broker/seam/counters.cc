// SPDX-License-Identifier: Apache-2.0
#include "broker/seam/counters.h"

namespace orrery {

const char* counter_name(Counter c) {
  switch (c) {
    case Counter::kLinksOpened:
      return "links_opened";
    case Counter::kLinksClosed:
      return "links_closed";
    case Counter::kConnectsAccepted:
      return "connects_accepted";
    case Counter::kConnectsRefused:
      return "connects_refused";
    case Counter::kTakeovers:
      return "takeovers";
    case Counter::kSubscriptions:
      return "subscriptions";
    case Counter::kSessions:
      return "sessions";
    case Counter::kMessagesIn:
      return "messages_in";
    case Counter::kMessagesMatched:
      return "messages_matched";
    case Counter::kMessagesOut:
      return "messages_out";
    case Counter::kMessagesQueued:
      return "messages_queued";
    case Counter::kMessagesHandedOver:
      return "messages_handed_over";
    case Counter::kMessagesTakenOver:
      return "messages_taken_over";
    case Counter::kMessagesForwarded:
      return "messages_forwarded";
    case Counter::kMessagesReceived:
      return "messages_received";
    case Counter::kDroppedNoSubscriber:
      return "dropped_no_subscriber";
    case Counter::kDroppedQueueFull:
      return "dropped_queue_full";
    case Counter::kDroppedSlowConsumer:
      return "dropped_slow_consumer";
    case Counter::kDroppedTooLarge:
      return "dropped_too_large";
    case Counter::kDroppedExpired:
      return "dropped_expired";
    case Counter::kDroppedOffline:
      return "dropped_offline";
    case Counter::kDroppedDuplicate:
      return "dropped_duplicate";
    case Counter::kDroppedSessionEnded:
      return "dropped_session_ended";
    case Counter::kDroppedPeerUnreachable:
      return "dropped_peer_unreachable";
    case Counter::kBytesIn:
      return "bytes_in";
    case Counter::kBytesOut:
      return "bytes_out";
    case Counter::kProtocolErrors:
      return "protocol_errors";
    case Counter::kDroppedNotAuthorized:
      return "dropped_not_authorized";
    case Counter::kNotAuthorized:
      return "not_authorized";
    case Counter::kCount:
      break;
  }
  return "unknown";
}

}  // namespace orrery

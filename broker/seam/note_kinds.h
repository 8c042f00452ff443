// SPDX-License-Identifier: Apache-2.0
// The closed list of everything that a node or its world tells: one row for each kind, visited by the enum, the log,
// the counters, the simulator's reached-marks and the test of docs/log.md.
//
// A row: the kind, its name (in logs and metrics, never changed once published), its level, its text, and what its
// numbers are called. Placeholders of the text: {client} {address} {name} {text} are the note's views, any other is one
// of the row's numbers, with ":x" written as 0x... . A placeholder in quotes may hold anything, the others hold what we
// or the operator wrote; all are escaped (note_text.h). A new kind needs an entry in docs/log.md.
#pragma once

// clang-format off
#define ORRERY_NOTE_KINDS(X) \
  /* the process */ \
  X(kStarted, "started", kInfo, "{text}") \
  X(kStopping, "stopping", kInfo, "told to end by {text}") \
  X(kStopped, "stopped", kInfo, "the process ends") \
  X(kGivesUp, "gives_up", kError, "the node gives up with status {status}: {text}", "status") \
  X(kDataDirectory, "data_directory", kInfo, "what this node remembers is in {name}") \
  X(kRemembersNothing, "remembers_nothing", kInfo, \
    "node.data_dir is not set: this node remembers nothing between its starts") \
  X(kStorageFull, "storage_full", kError, \
    "the disk of {name} is full, nothing is stored until there is room: {text}") \
  X(kStorageFailed, "storage_failed", kError, \
    "storing in {name} failed, nothing more is stored until this node starts again: {text}") \
  X(kStorageResumes, "storage_resumes", kInfo, "there is room in {name} again, and what comes is stored") \
  X(kListenerRests, "listener_rests", kWarning, "{name} takes no connections for now: {text}") \
  X(kListenerResumes, "listener_resumes", kInfo, "{name} takes connections again") \
  X(kTlsFailed, "tls_failed", kInfo, "{name}: a connection from {address} failed in TLS: {text}") \
  /* clients */ \
  X(kUpgradeRefused, "upgrade_refused", kInfo, "the request for WebSocket from {address} is refused: {text}") \
  X(kWebSocketError, "websocket_error", kInfo, \
    "the client at {address} broke the rules of WebSocket: {text} (close code {code})", "code") \
  X(kConnectRefused, "connect_refused", kInfo, \
    "client \"{client}\" at {address} is refused: {text} (reason {reason:x})", "reason") \
  X(kProtocolError, "protocol_error", kInfo, \
    "client \"{client}\" at {address} broke the protocol: {text} (reason {reason:x})", "reason") \
  X(kClientConnected, "client_connected", kDebug, \
    "client \"{client}\" at {address} is connected (protocol level {level}, keep alive {keep_alive} s, " \
    "session present {session_present})", "level", "keep_alive", "session_present") \
  X(kClientGone, "client_gone", kDebug, "client \"{client}\" at {address} is gone: {text}") \
  X(kClientTimedOut, "client_timed_out", kInfo, "client \"{client}\" at {address} is disconnected: {text}") \
  X(kClientTakenOver, "client_taken_over", kInfo, \
    "client \"{client}\" at {address} is disconnected: its client identifier connected again") \
  X(kNotAuthorized, "not_authorized", kInfo, "client \"{client}\" at {address} may not {text}") \
  X(kSubscriptionLimit, "subscription_limit", kInfo, \
    "client \"{client}\" at {address} may not subscribe more: it has {limit} subscriptions, the limit", "limit") \
  X(kLinkHeldBack, "link_held_back", kInfo, \
    "the client at {address} is not read for now: more than {limit} bytes wait until it takes them", "limit") \
  X(kSubackEarly, "suback_early", kWarning, \
    "a SUBSCRIBE is acknowledged before every node knows of it: {limit} bytes of them wait already, the limit", \
    "limit") \
  X(kShardBehind, "shard_behind", kWarning, \
    "shard {shard} is behind: more than {limit} bytes from this shard wait there, which reads no clients meanwhile", \
    "shard", "limit") \
  X(kRetainRefused, "retain_refused", kInfo, \
    "a message of client \"{client}\" at {address} is refused: larger than the {limit} bytes that can be retained", \
    "limit") \
  X(kAdminRefused, "admin_refused", kInfo, \
    "an HTTP request from {address} to the admin's port is refused with status {status}: {text}", "status") \
  /* messages */ \
  X(kSlowConsumer, "slow_consumer", kInfo, \
    "client \"{client}\" at {address} is slow: more than {limit} bytes wait for it; until it takes them QoS 0 is " \
    "dropped and QoS 1 and 2 wait", "limit") \
  X(kDroppedSlowConsumer, "dropped_slow_consumer", kInfo, \
    "a message for client \"{client}\" at {address} is dropped: QoS 0, and the client does not take what was sent") \
  X(kDroppedQueueFull, "dropped_queue_full", kWarning, \
    "a message for client \"{client}\" is dropped: {limit} messages wait for it, the limit", "limit") \
  X(kDroppedTooLarge, "dropped_too_large", kInfo, \
    "a message for client \"{client}\" at {address} is dropped: larger than the {limit} bytes that the " \
    "client takes", "limit") \
  X(kDroppedExpired, "dropped_expired", kDebug, \
    "{count} messages for client \"{client}\" are dropped: they expired while they waited", "count") \
  X(kDroppedSessionEnded, "dropped_session_ended", kInfo, \
    "{count} messages for client \"{client}\" are dropped: its session ended", "count") \
  X(kDroppedPeerUnreachable, "dropped_peer_unreachable", kWarning, \
    "a message for shard {shard} of {name} is dropped: {text}", "shard") \
  X(kMessagesLost, "messages_lost", kWarning, \
    "{count} messages for shard {shard} of {name} may be lost: it ended before it accepted them", "count", "shard") \
  /* sessions that move */ \
  X(kSessionMoved, "session_moved", kDebug, \
    "the session of client \"{client}\" came from shard {shard} of node {node}", "shard", "node") \
  X(kSessionUnreadable, "session_unreadable", kWarning, \
    "client \"{client}\" begins anew: its session came in a form that cannot be read") \
  /* other members */ \
  X(kPeerUnreachable, "peer_unreachable", kWarning, \
    "{name} cannot be reached (shard {shard} to shard {peer_shard}): {text}", "shard", "peer_shard") \
  X(kPeerRefused, "peer_refused", kWarning, "the stream of {name} at {address} is refused: {text}") \
  X(kRefusedByPeer, "refused_by_peer", kWarning, "{name} at {address} refuses this node: {text}") \
  X(kPeerUp, "peer_up", kInfo, "member {name} is up") \
  X(kPeerDown, "peer_down", kWarning, "member {name} is down: {text}") \
  X(kLaneUp, "lane_up", kDebug, \
    "the lane between shard {shard} and shard {peer_shard} of {name} is up", "shard", "peer_shard") \
  X(kLaneDown, "lane_down", kDebug, \
    "the lane between shard {shard} and shard {peer_shard} of {name} is down: {text}", "shard", "peer_shard") \
  X(kMemberMasked, "member_masked", kWarning, \
    "member {name} is masked: nobody has heard it for {seconds} s, nothing is sent to it meanwhile", "seconds") \
  X(kMemberUnmasked, "member_unmasked", kInfo, "member {name} is heard again: what it subscribes is in force") \
  X(kMemberGone, "member_gone", kWarning, \
    "member {name} is gone: nobody has heard it for {seconds} s, what waited for it is given up", "seconds") \
  X(kMemberBack, "member_back", kInfo, "member {name} is back") \
  X(kCoresLost, "cores_lost", kWarning, \
    "no core is heard: clients stay and known routes serve, no client can connect and no new route is learned") \
  X(kCoresHeard, "cores_heard", kInfo, "cores are heard again") \
  X(kAttached, "attached", kInfo, "attached to core {name}")
// clang-format on

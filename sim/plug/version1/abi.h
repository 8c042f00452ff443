/* SPDX-License-Identifier: Apache-2.0
 *
 * The plug: what a broker in a shared object must export so that `orrery-sim run SCENARIO --broker path.so` can drive
 * it.
 *
 * This is broker/seam/node.h and broker/seam/effects.h in C, one to one: the world calls the broker with events (each
 * with the time), the broker answers through a table of effects. The rules of the seam hold: an event runs to
 * completion, never blocks, and reaches the outside only through its effects; no clock, no thread, no random source but
 * `seed`; no effect calls back into the broker. Bytes that either side gets are valid until the call returns and belong
 * to the caller. docs/broker-plug.md explains every call with a worked example; sim/plug/small_broker is a whole broker
 * behind it.
 *
 * Compatibility: the loader asks for the symbol orrery_broker_v1 and refuses another abi_version. Within a version
 * nothing is reordered; new fields go to the end of orrery_broker and of orrery_setup, whose `size` says what the other
 * side knows.
 */
#ifndef ORRERY_SIM_PLUG_ABI_H
#define ORRERY_SIM_PLUG_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORRERY_ABI_VERSION 1u
#define ORRERY_NEVER INT64_MAX

/* What a link speaks (orrery::LinkKind). */
enum orrery_link_kind {
  ORRERY_LINK_TCP = 0,
  ORRERY_LINK_WEBSOCKET = 1, /* the first bytes are the HTTP request */
  ORRERY_LINK_PEER_IN = 2,
  ORRERY_LINK_PEER_OUT = 3
};

/* How close() ends a link (orrery::CloseHow). */
enum orrery_close_how {
  ORRERY_CLOSE_FLUSH = 0, /* what was sent still goes out, then a FIN */
  ORRERY_CLOSE_ABORT = 1  /* a reset; what is queued is dropped */
};

/* Units of work that the cost model charges (orrery::Work). */
enum orrery_work {
  ORRERY_WORK_HTTP_UPGRADE = 0,
  ORRERY_WORK_WEBSOCKET_FRAME = 1,
  ORRERY_WORK_MQTT_CONNECT = 2,
  ORRERY_WORK_MQTT_SUBSCRIBE = 3,
  ORRERY_WORK_MQTT_PUBLISH = 4,
  ORRERY_WORK_MQTT_DELIVER = 5,
  ORRERY_WORK_MQTT_ACKNOWLEDGE = 6,
  ORRERY_WORK_MQTT_OTHER = 7,
  ORRERY_WORK_ROUTE_APPLIED = 8,
  ORRERY_WORK_REGISTRAR_CLAIM = 9,
  ORRERY_WORK_FORWARD = 10,
  ORRERY_WORK_TIMER = 11
};

/* Positions in orrery_stats.counters (broker/seam/counters.h says what each counts and how they must balance). */
enum orrery_counter {
  ORRERY_LINKS_OPENED = 0,
  ORRERY_LINKS_CLOSED,
  ORRERY_CONNECTS_ACCEPTED,
  ORRERY_CONNECTS_REFUSED,
  ORRERY_TAKEOVERS,
  ORRERY_SUBSCRIPTIONS,
  ORRERY_SESSIONS,
  ORRERY_MESSAGES_IN,
  ORRERY_MESSAGES_MATCHED,
  ORRERY_MESSAGES_OUT,
  ORRERY_MESSAGES_QUEUED,
  ORRERY_MESSAGES_HANDED_OVER,
  ORRERY_MESSAGES_TAKEN_OVER,
  ORRERY_MESSAGES_FORWARDED,
  ORRERY_MESSAGES_RECEIVED,
  ORRERY_DROPPED_NO_SUBSCRIBER,
  ORRERY_DROPPED_QUEUE_FULL,
  ORRERY_DROPPED_SLOW_CONSUMER,
  ORRERY_DROPPED_TOO_LARGE,
  ORRERY_DROPPED_EXPIRED,
  ORRERY_DROPPED_OFFLINE,
  ORRERY_DROPPED_DUPLICATE,
  ORRERY_DROPPED_SESSION_ENDED,
  ORRERY_DROPPED_PEER_UNREACHABLE,
  ORRERY_BYTES_IN,
  ORRERY_BYTES_OUT,
  ORRERY_PROTOCOL_ERRORS,
  ORRERY_COUNTERS /* how many there are */
};

/* One shard's way out. `world` is given back in every call. */
typedef struct orrery_effects {
  void* world;
  /* Queues bytes on an open link; returns what the transport has not taken yet, 0 while it keeps up. */
  size_t (*send)(void* world, uint32_t link, const uint8_t* bytes, size_t size);
  /* Ends a link; one link_closed event follows. */
  void (*close)(void* world, uint32_t link, uint8_t how);
  /* Opens a stream to a shard of another node; link_open (PEER_OUT, tag) or dial_failed (tag) follows. */
  void (*dial)(void* world, uint32_t tag, uint16_t node, uint16_t shard);
  /* Asks for one wake event at or after `when`; replaces the wish before; ORRERY_NEVER withdraws it. */
  void (*wake_at)(void* world, int64_t when);
  /* Hands bytes to another shard of this node: one message event there. */
  void (*post)(void* world, uint16_t to, const uint8_t* bytes, size_t size);
  /* Tells the cost model what was done. A broker that never calls it costs the kernel's share only. */
  void (*work)(void* world, uint8_t kind, uint32_t units);
} orrery_effects;

typedef struct orrery_member {
  const char* name;
  uint8_t role; /* 0 core, 1 replicant */
  uint16_t shards;
} orrery_member;

/* orrery::NodeSetup. Everything is valid only during create(). */
typedef struct orrery_setup {
  size_t size; /* of this struct, as the caller knows it */
  const orrery_member* members;
  size_t member_count;
  uint16_t self;
  uint64_t incarnation;
  uint64_t seed;
  const char* options; /* the text of --broker-options, never null; its meaning is the broker's own */
} orrery_setup;

typedef struct orrery_stats {
  uint64_t counters[ORRERY_COUNTERS];
  uint64_t memory_bytes;
} orrery_stats;

/* What the broker makes of itself; the caller never looks inside. */
typedef struct orrery_node orrery_node;

typedef struct orrery_broker {
  size_t size; /* of this struct, as the broker knows it */
  uint32_t abi_version;
  const char* name; /* for the report, for instance "small-broker 0.1" */

  /* `effects` has one entry for each shard of members[self] and outlives the node. On failure returns null and writes a
   * sentence with its terminating zero into error[0 .. error_size). */
  orrery_node* (*create)(const orrery_setup* setup, const orrery_effects* effects, char* error, size_t error_size);
  void (*destroy)(orrery_node* node);

  /* Events, all for one shard; `now` never goes back. */
  void (*start)(orrery_node* node, uint16_t shard, int64_t now);
  void (*link_open)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link, uint8_t kind, uint32_t dial_tag);
  void (*bytes)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link, uint8_t* bytes, size_t size);
  void (*drained)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link);
  void (*link_closed)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link);
  void (*dial_failed)(orrery_node* node, uint16_t shard, int64_t now, uint32_t tag);
  void (*wake)(orrery_node* node, uint16_t shard, int64_t now);
  void (*message)(orrery_node* node, uint16_t shard, int64_t now, uint16_t from, const uint8_t* bytes, size_t size);

  /* Not an event: fills what the shard counts. The oracle of the counters reads it. */
  void (*stats)(const orrery_node* node, uint16_t shard, orrery_stats* out);
} orrery_broker;

/* The one symbol to export. The result lives as long as the shared object. */
const orrery_broker* orrery_broker_v1(void);

#ifdef __cplusplus
}
#endif
#endif

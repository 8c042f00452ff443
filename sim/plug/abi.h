/* SPDX-License-Identifier: Apache-2.0
 *
 * The plug: what a broker in a shared object must export so that `orrery-sim run SCENARIO --broker path.so` can drive
 * it. Version 2.
 *
 * This is broker/seam in C: the world calls the broker with events (each with the time), the broker answers through a
 * table of effects. The rules of the seam hold: an event runs to completion, never blocks, and reaches the outside only
 * through its effects; no clock, no thread, no random source but `seed`; no effect calls back into the broker. Bytes
 * and structs that either side gets are valid until the call returns and belong to the caller. docs/broker-plug.md
 * explains every call with a worked example; sim/plug/small_broker is a whole broker behind it.
 *
 * How it grows. Every struct begins with its `size` as its maker knows it; new fields go to the end. Whoever reads a
 * struct looks only at what `size` covers (ORRERY_HAS), and everything that is not there has the default that is said
 * beside it. Arrays of structs come with the stride from one element to the next. So a broker that was built against an
 * older header runs under a newer program, and the other way round; `abi_version` changes only when something that
 * exists changes its meaning. An event whose entry is null, or that the table is too short for, is left out.
 * Brokers of version 1 (orrery_broker_v1) are still taken.
 */
#ifndef ORRERY_SIM_PLUG_ABI_H
#define ORRERY_SIM_PLUG_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORRERY_ABI_VERSION 2u
#define ORRERY_NEVER INT64_MAX

/* Whether the struct behind `pointer` has the field, and has it set if it is a function. */
#define ORRERY_HAS(pointer, field) \
  ((pointer)->size >= (size_t)((const char*)(&(pointer)->field + 1) - (const char*)(pointer)) && (pointer)->field)

/* The plug's one symbol must be seen from outside, and need be the only one. */
#if defined(__GNUC__)
#define ORRERY_EXPORT __attribute__((visibility("default")))
#else
#define ORRERY_EXPORT
#endif

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

/* Positions in orrery_stats.counters (broker/seam/counter_list.h says what each counts and how they must balance). */
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

/* One shard's way out. `world` is given back in every call. The first six are always there. */
typedef struct orrery_effects {
  size_t size;
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
  /* Tells the cost model what was done. A broker that tells nothing costs the kernel's share only. */
  void (*work)(void* world, uint8_t kind, uint32_t units);
  /* Tells the cost model CPU time in nanoseconds that the broker knows itself. */
  void (*cost)(void* world, uint64_t nanoseconds);
  /* Stops and resumes reading a link: what its peer sends waits in the network, so that the peer feels it. */
  void (*stop_reading)(void* world, uint32_t link);
  void (*resume_reading)(void* world, uint32_t link);
  /* The broker has died: the node ends when this event's work is done, as by a crash. The report shows the status and
   * the last words (one line, ending in zero; may be null), and the run ends with exit code 6. */
  void (*died)(void* world, int status, const char* last_words);
} orrery_effects;

typedef struct orrery_member {
  size_t size;
  const char* name;
  uint8_t role; /* 0 core, 1 replicant */
  uint16_t shards;
} orrery_member;

/* Everything is valid only during create(), but `effects`, which outlives the node. */
typedef struct orrery_setup {
  size_t size;
  const orrery_member* members; /* orrery_member_at() */
  size_t member_count;
  size_t member_stride;
  uint16_t self;
  uint64_t incarnation; /* larger at each start of the same node */
  uint64_t seed;
  const char* options;           /* the text of --broker-options, never null; its meaning is the broker's own */
  const orrery_effects* effects; /* one for each shard of members[self]: orrery_effects_at() */
  size_t effects_count;
  size_t effects_stride;
  /* A directory for this node alone, in this world alone: it exists, stays from one life of the node to the next, and
   * is removed after the run. For brokers that keep files of their own; what they do there the simulator does not see.
   * Null where the world has none. */
  const char* directory;
} orrery_setup;

static inline const orrery_member* orrery_member_at(const orrery_setup* setup, size_t i) {
  return (const orrery_member*)(const void*)((const char*)setup->members + i * setup->member_stride);
}
static inline const orrery_effects* orrery_effects_at(const orrery_setup* setup, size_t shard) {
  return (const orrery_effects*)(const void*)((const char*)setup->effects + shard * setup->effects_stride);
}

/* What link_open tells. */
typedef struct orrery_link {
  size_t size;
  uint32_t link;
  uint32_t dial_tag;
  uint8_t kind;
  const char* peer; /* the other end as "address:port", ending in zero; never null, may be empty */
} orrery_link;

/* Filled in by stats(): the broker sets counters[i] for each i below counter_count that it knows. All are 0 before. */
typedef struct orrery_stats {
  size_t size;
  uint64_t* counters;
  size_t counter_count;
  uint64_t memory_bytes;
} orrery_stats;

/* What the broker makes of itself; the caller never looks inside. */
typedef struct orrery_node orrery_node;

/* The broker's table. name, create, destroy, link_open, bytes and link_closed must be there; all others may be null. */
typedef struct orrery_broker {
  size_t size;
  uint32_t abi_version;
  const char* name; /* for the report, for instance "small-broker 0.1" */

  /* On failure returns null and writes a sentence with its terminating zero into error[0 .. error_size). No effect may
   * be called yet. */
  orrery_node* (*create)(const orrery_setup* setup, char* error, size_t error_size);
  /* The node is gone: it crashed, or the run is over. No effect may be called. */
  void (*destroy)(orrery_node* node);

  /* Events, all for one shard; `now` never goes back. */
  void (*start)(orrery_node* node, uint16_t shard, int64_t now);
  void (*link_open)(orrery_node* node, uint16_t shard, int64_t now, const orrery_link* link);
  void (*bytes)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link, uint8_t* bytes, size_t size);
  void (*drained)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link);
  /* The link is gone: the broker closed it, or the peer did and half_closed is null. */
  void (*link_closed)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link);
  void (*dial_failed)(orrery_node* node, uint16_t shard, int64_t now, uint32_t tag);
  void (*wake)(orrery_node* node, uint16_t shard, int64_t now);
  void (*message)(orrery_node* node, uint16_t shard, int64_t now, uint16_t from, const uint8_t* bytes, size_t size);

  /* Not an event: fills in what the shard counts. The oracle of the counters reads it. */
  void (*stats)(const orrery_node* node, uint16_t shard, orrery_stats* out);

  /* In the place of link_closed when the peer reset the link; null: link_closed comes for that, too. */
  void (*link_reset)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link);
  /* The peer has sent its last byte and may still read; the link goes on until the broker closes it. Null: such a link
   * ends at once with link_closed. */
  void (*half_closed)(orrery_node* node, uint16_t shard, int64_t now, uint32_t link);
} orrery_broker;

/* The one symbol to export. The result lives as long as the shared object. */
ORRERY_EXPORT const orrery_broker* orrery_broker_v2(void);

#ifdef __cplusplus
}
#endif
#endif

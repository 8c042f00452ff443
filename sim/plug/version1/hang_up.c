/* SPDX-License-Identifier: Apache-2.0
 * A broker as it was written for version 1 of the plug: it takes clients and hangs up on what they say next. Built
 * against version 1's header, so that a test sees that such shared objects still run.
 */
#include <stdlib.h>

#include "sim/plug/version1/abi.h"

struct orrery_node {
  const orrery_effects* out;
  uint64_t opened, closed;
};

static orrery_node* refuse(const char* why, char* error, size_t size) {
  size_t i = 0;
  for (; size > 0 && why[i] != 0 && i + 1 < size; ++i) error[i] = why[i];
  if (size > 0) error[i] = 0;
  return NULL;
}
static orrery_node* create(const orrery_setup* setup, const orrery_effects* effects, char* error, size_t size) {
  if (setup->options[0] != 0) return refuse("it takes no options", error, size);
  if (setup->member_count != 1 || setup->members[0].shards != 1)
    return refuse("one node with one shard, please", error, size);
  orrery_node* n = calloc(1, sizeof *n);
  n->out = effects;
  return n;
}
static void destroy(orrery_node* n) { free(n); }
static void start(orrery_node* n, uint16_t s, int64_t now) { (void)n, (void)s, (void)now; }
static void link_open(orrery_node* n, uint16_t s, int64_t now, uint32_t link, uint8_t kind, uint32_t tag) {
  (void)s, (void)now, (void)link, (void)kind, (void)tag;
  n->opened++;
}
static void bytes(orrery_node* n, uint16_t s, int64_t now, uint32_t link, uint8_t* b, size_t size) {
  (void)s, (void)now;
  static const uint8_t connack[] = {0x20, 2, 0, 0};
  if (size > 0 && b[0] == 0x10)
    n->out->send(n->out->world, link, connack, sizeof connack);
  else
    n->out->close(n->out->world, link, ORRERY_CLOSE_FLUSH);
}
static void drained(orrery_node* n, uint16_t s, int64_t now, uint32_t link) { (void)n, (void)s, (void)now, (void)link; }
static void link_closed(orrery_node* n, uint16_t s, int64_t now, uint32_t link) {
  (void)s, (void)now, (void)link;
  n->closed++;
}
static void dial_failed(orrery_node* n, uint16_t s, int64_t now, uint32_t tag) {
  (void)n, (void)s, (void)now, (void)tag;
}
static void wake(orrery_node* n, uint16_t s, int64_t now) { (void)n, (void)s, (void)now; }
static void message(orrery_node* n, uint16_t s, int64_t now, uint16_t from, const uint8_t* b, size_t size) {
  (void)n, (void)s, (void)now, (void)from, (void)b, (void)size;
}
static void stats(const orrery_node* n, uint16_t s, orrery_stats* out) {
  (void)s;
  out->counters[ORRERY_LINKS_OPENED] = n->opened;
  out->counters[ORRERY_LINKS_CLOSED] = n->closed;
  out->memory_bytes = sizeof *n;
}
const orrery_broker* orrery_broker_v1(void) {
  static const orrery_broker table = {
      sizeof table, ORRERY_ABI_VERSION, "hang-up",   create, destroy, start, link_open, bytes,
      drained,      link_closed,        dial_failed, wake,   message, stats};
  return &table;
}

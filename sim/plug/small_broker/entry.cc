// SPDX-License-Identifier: Apache-2.0
#include "sim/plug/small_broker/entry.h"

#include <algorithm>
#include <cstring>

namespace orrery::sim::small {
namespace {

Broker& broker_of(orrery_node* node) { return *reinterpret_cast<Broker*>(node); }

}  // namespace

orrery_node* create_node(const orrery_setup& setup, char* error, std::size_t error_size, MakeBroker make) {
  std::string sentence = "the small broker runs alone: the scenario must have one node with one shard";
  std::unique_ptr<Broker> broker;
  if (setup.member_count == 1 && orrery_member_at(&setup, 0)->shards == 1)
    broker = make(setup, *orrery_effects_at(&setup, 0), sentence);
  if (!broker && error_size > 0) {
    const std::size_t n = std::min(sentence.size(), error_size - 1);
    std::memcpy(error, sentence.data(), n);
    error[n] = 0;
  }
  return reinterpret_cast<orrery_node*>(broker.release());
}

orrery_broker table_of_events() {
  orrery_broker t{};
  t.size = sizeof t;
  t.abi_version = ORRERY_ABI_VERSION;
  t.destroy = [](orrery_node* n) { delete &broker_of(n); };
  t.link_open = [](orrery_node* n, uint16_t, int64_t now, const orrery_link* link) {
    broker_of(n).link_open(now, link->link, link->kind == ORRERY_LINK_WEBSOCKET);
  };
  t.bytes = [](orrery_node* n, uint16_t, int64_t now, uint32_t link, uint8_t* bytes, size_t size) {
    broker_of(n).bytes(now, link, {reinterpret_cast<const char*>(bytes), size});
  };
  t.drained = [](orrery_node* n, uint16_t, int64_t now, uint32_t link) { broker_of(n).drained(now, link); };
  t.link_closed = [](orrery_node* n, uint16_t, int64_t now, uint32_t link) { broker_of(n).link_closed(now, link); };
  t.wake = [](orrery_node* n, uint16_t, int64_t now) { broker_of(n).wake(now); };
  t.stats = [](const orrery_node* n, uint16_t, orrery_stats* out) { reinterpret_cast<const Broker*>(n)->stats(*out); };
  return t;
}

}  // namespace orrery::sim::small

// SPDX-License-Identifier: Apache-2.0
// What clients ask of the world.
#include <utility>

#include "sim/world/engine.h"

namespace orrery::sim {
namespace {

constexpr std::uint64_t kClientKeys = 21;
constexpr std::uint64_t kAcceptDraws = 22;

}  // namespace

void Engine::connect(ClientId client, NodeId node, LinkKind kind) {
  Client& c = clients[client];
  ORRERY_ASSERT(c.link == kNoLink);
  ORRERY_ASSERT(node < machines.size());
  ORRERY_ASSERT(kind == LinkKind::kTcp || kind == LinkKind::kWebSocket);
  const std::uint32_t index = links.allocate_for(client);
  Link& link = links[index];
  link.key = draw(options.seed, kClientKeys, client, c.connects++);
  link.kind = kind;
  link.owner[0] = client;
  link.owner[1] = machines[node].first_shard +
                  static_cast<std::uint32_t>(below(mix64(link.key + kAcceptDraws), machines[node].shards));
  link.state[0] = EndState::kDialling;
  c.link = index;
  wire.append(index * 2, ItemKind::kOpen);
  flush_outside();
}

std::size_t Engine::client_send(ClientId client, Bytes bytes) {
  const std::uint32_t index = clients[client].link;
  if (index == kNoLink) return 0;
  if (links[index].state[0] != EndState::kOpen) return 0;
  const std::size_t backlog = wire.send(index * 2, bytes);
  flush_outside();
  return backlog;
}

void Engine::client_close(ClientId client, CloseHow how) {
  const std::uint32_t index = std::exchange(clients[client].link, kNoLink);
  if (index == kNoLink) return;
  read_again(index * 2 + 1);
  Link& link = links[index];
  const bool answered = std::exchange(link.state[0], EndState::kGone) == EndState::kOpen;
  if (link.over()) {
    wire.drop_unsent(index * 2, now);
  } else if (answered && how == CloseHow::kFlush) {
    wire.append(index * 2, ItemKind::kClose);
  } else {
    wire.drop_unsent(index * 2, now);
    wire.append(index * 2, ItemKind::kReset);
  }
  release_if_over(index);
  flush_outside();
}

void Engine::client_finish(ClientId client) {
  const std::uint32_t index = clients[client].link;
  if (index == kNoLink || links[index].state[0] != EndState::kOpen) return;
  wire.append(index * 2, ItemKind::kFinish);
  flush_outside();
}

void Engine::client_timer_at(ClientId client, Nanos when, std::uint32_t arg) {
  Client& c = clients[client];
  ++c.timer_generation;
  c.timer_arg = arg;
  if (when == kNever) return;
  ORRERY_ASSERT(when >= now);
  queue.push({when, entity_of(EventKind::kClientTimer, client), c.timer_generation});
}

void Engine::client_timer_event(const Event& event) {
  Client& c = clients[event.index()];
  if (c.timer_generation != event.arg) return;
  account(event, c.timer_arg);
  host.client_timer(now, event.index(), c.timer_arg);
  wire.flush(now, now);
}

void Engine::client_pauses(ClientId client) {
  const std::uint32_t index = clients[client].link;
  if (index != kNoLink) links[index].flags[1] |= Pipe::kPaused;
}

void Engine::client_resumes(ClientId client) {
  if (clients[client].link != kNoLink) read_again(clients[client].link * 2 + 1);
}

}  // namespace orrery::sim

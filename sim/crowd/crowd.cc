// SPDX-License-Identifier: Apache-2.0
#include "sim/crowd/crowd.h"

#include <algorithm>

namespace orrery::sim {
namespace {

std::uint32_t largest_payload(const CrowdSpec& spec) {
  std::uint32_t most = kPayloadBytesMin;
  for (const GroupSpec& g : spec.groups) most = std::max(most, g.payload_bytes);
  return most;
}

}  // namespace

Crowd::Crowd(const CrowdSpec& spec, Verdicts& verdicts)
    : layout_(spec),
      codec_(largest_payload(spec)),
      clients_(layout_.clients()),
      verdicts_(verdicts),
      ledger_(layout_, codec_, clients_, verdicts, tally_) {
  out_.reserve(4096);
  out_.resize(kFrameHeaderMax);
  for (const Group& g : layout_.groups()) {
    for (std::uint32_t i = 0; i < g.clients(); ++i) {
      const ClientId id = g.first + i;
      Client& c = clients_[id];
      c.group = static_cast<std::uint16_t>(&g - layout_.groups().data());
      c.set(kIsPublisher, layout_.is_publisher(g, id));
      c.set(kMisbehaves, layout_.misbehaves(g, id));
      c.phase = Phase::kWaiting;
      c.mark = layout_.connect_time(g, id);
      c.timer = kNever;
      c.in_flight_max = kInFlightMax;
      if (c.is(kIsPublisher))
        c.pub = PublisherState{};
      else
        c.sub = SubscriberState{};
    }
  }
}

void Crowd::start(World& world) {
  world_ = &world;
  for (ClientId id = 0; id < clients_.size(); ++id) arm(id);
}

void Crowd::prefetch(ClientId client) const {
  __builtin_prefetch(&clients_[client], 1);
  ledger_.prefetch(client);
}

std::size_t Crowd::memory_bytes() const { return clients_.capacity() * sizeof(Client) + ledger_.memory_bytes(); }

// ---- the pending timer ----

/// A timer that is pending and earlier than needed is left alone: when it fires, the client looks again.
void Crowd::arm(ClientId id) {
  Client& c = clients_[id];
  const Nanos due = std::max(next_due(id), world_->now());
  if (due >= c.timer) return;
  c.timer = due;
  world_->client_timer_at(id, due, 0);
}

Nanos Crowd::next_due(ClientId id) const {
  const Client& c = clients_[id];
  if (c.phase == Phase::kWaiting) return c.mark;
  if (c.phase != Phase::kLive) return c.mark;
  Nanos due = c.keep_alive_seconds ? c.mark + c.keep_alive_seconds * kSecond : kNever;
  if (c.is(kIsPublisher) && may_publish(c)) {
    const Group& g = group(c);
    const Nanos next = layout_.due(g, id, c.pub.next);
    if (next < layout_.steady_end())
      due = std::min(due, c.is(kHasBlocked) ? std::max(next, c.mark + kBlockedWait) : next);
  }
  return c.is(kMisbehaves) ? std::min(due, next_misbehaviour(id)) : due;
}

void Crowd::client_timer(Nanos now, ClientId id, std::uint32_t) {
  Client& c = clients_[id];
  c.timer = kNever;
  if (c.phase == Phase::kWaiting) {
    if (now >= c.mark) try_connect(now, id);
  } else if (c.phase != Phase::kLive) {
    if (now >= c.mark) give_up(now, id, CloseHow::kAbort);
  } else {
    if (c.is(kMisbehaves)) misbehave(now, id);
    if (c.phase == Phase::kLive && c.is(kIsPublisher)) publish_due(now, id);
    if (c.phase == Phase::kLive) keep_alive(now, id);
    if (c.phase == Phase::kLive) flush(now, id);
  }
  out_.resize(kFrameHeaderMax);
  arm(id);
}

}  // namespace orrery::sim

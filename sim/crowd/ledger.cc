// SPDX-License-Identifier: Apache-2.0
#include "sim/crowd/ledger.h"

#include <algorithm>

namespace orrery::sim {

Ledger::Ledger(const Layout& layout, const PayloadCodec& codec, const std::vector<Client>& clients, Verdicts& verdicts,
               Tally& tally)
    : layout_(layout), codec_(codec), clients_(clients), verdicts_(verdicts), tally_(tally), flows_(layout.flows()) {}

/// Reads nothing that may not be in the cache: the group is looked up by number, not in the client.
void Ledger::prefetch(ClientId client) const {
  const Group& g = layout_.groups()[layout_.group_of(client)];
  const std::uint32_t number = client - g.first;
  if (g.spec.shape != Shape::kPairs || number >= g.spec.subscribers) return;
  __builtin_prefetch(&flows_[g.first_flow + number], 1);
  __builtin_prefetch(&clients_[layout_.publisher(g, number)]);
}

// ---- a message has come ----

void Ledger::received(Nanos now, ClientId subscriber, const ServerPacket& packet) {
  if (!packet.duplicate) {
    ++tally_.received;
    if (now >= layout_.steady_begin() && now < layout_.steady_end()) ++tally_.received_window;
  }
  const Client& c = clients_[subscriber];
  const Group& g = layout_.groups()[c.group];
  if (c.is(kIsPublisher)) return blame(Rule::kSubscription, now, subscriber, "it never subscribed");
  const std::string_view topic = as_text(packet.topic);
  const std::uint32_t number = layout_.number(g, subscriber);
  if (!layout_.filter_catches(g, number, topic, scratch_))
    return blame(Rule::kSubscription, now, subscriber,
                 "topic '" + std::string(topic) + "' does not match its filter '" +
                     std::string(layout_.filter(g, number, scratch_)) + "'");
  if (packet.qos > c.sub.granted_qos)
    return blame(Rule::kSubscription, now, subscriber, "delivered at a higher QoS than was granted");
  check_content(now, subscriber, g, packet);
}

void Ledger::check_content(Nanos now, ClientId subscriber, const Group& g, const ServerPacket& packet) {
  const PayloadHeader h = PayloadCodec::read(packet.payload);
  const auto wrong = [&](const char* what) { blame(Rule::kContent, now, subscriber, what); };
  if (h.magic != kPayloadMagic && h.magic != kWillMagic) return wrong("a payload that nobody published");
  if (h.publisher >= clients_.size() || !clients_[h.publisher].is(kIsPublisher))
    return wrong("a payload of a publisher that does not exist");
  const Client& p = clients_[h.publisher];
  const Group& from = layout_.groups()[p.group];
  if (!layout_.is_topic(from, layout_.number(from, h.publisher), as_text(packet.topic)))
    return wrong("a payload under a topic that its publisher does not use");
  if (h.magic == kWillMagic) return check_will(now, subscriber, h);
  if (packet.payload.size() != from.spec.payload_bytes) return wrong("a payload of another length than was published");
  if (h.number >= p.pub.next) return wrong("a message that has not been sent yet");
  // It is wrong, and yet it is that message's arrival: goes on, so that it is not blamed for missing as well.
  if (h.due != layout_.due(from, h.publisher, h.number) || !codec_.filler_matches(packet.payload, h.number))
    wrong("a payload that differs from what was published");
  if (p.node != clients_[subscriber].node) ++tally_.received_across;
  if (packet.retain) return check_retained(now, subscriber, from, h);
  if (&from == &g) enter(now, subscriber, g, h, packet);
}

void Ledger::check_will(Nanos now, ClientId subscriber, const PayloadHeader& h) {
  ++tally_.received_wills;
  const Client& p = clients_[h.publisher];
  if (h.number > p.lives || (h.number == p.lives && p.phase == Phase::kLive))
    blame(Rule::kContent, now, subscriber, "the will of a connection that has not ended");
}

/// A retained message may be one that was replaced a moment before the subscription, not longer.
void Ledger::check_retained(Nanos now, ClientId subscriber, const Group& from, const PayloadHeader& h) {
  ++tally_.received_retained;
  const std::uint32_t newer_from = layout_.first_due_at(from, h.publisher, now - layout_.spec().route_grace);
  if (h.number + 1 < std::min(newer_from, clients_[h.publisher].pub.next))
    blame(Rule::kRetained, now, subscriber, "not the last retained " + describe(h.publisher, h.number));
}

void Ledger::enter(Nanos now, ClientId subscriber, const Group& g, const PayloadHeader& h, const ServerPacket& packet) {
  const Client& p = clients_[h.publisher];
  Flow& flow = flows_[layout_.flow(g, layout_.number(g, h.publisher), layout_.number(g, subscriber))];
  const Arrival arrival = flow.receive(h.number, [&](std::uint32_t n) { missing(now, g, h.publisher, subscriber, n); });
  if (arrival == Arrival::kFresh) {
    tally_.latency_ns.record(static_cast<std::uint64_t>(now - h.due));
    return;
  }
  if (arrival == Arrival::kLate) {
    ++tally_.reordered;
    return blame(Rule::kOrder, now, subscriber, describe(h.publisher, h.number) + " after a later one");
  }
  ++tally_.duplicated;
  const std::uint8_t published = layout_.publish_qos(g, layout_.number(g, h.publisher));
  // A QoS 1 publisher that lost a connection may have sent it twice itself.
  if (packet.qos == 0 && (published != 1 || p.lives == 1))
    blame(Rule::kQos0AtMostOnce, now, subscriber, describe(h.publisher, h.number) + " came twice");
  if (packet.qos == 2) blame(Rule::kQos2ExactlyOnce, now, subscriber, describe(h.publisher, h.number) + " came twice");
}

// ---- a message is missing ----

bool Ledger::in_fault(Nanos when) const {
  const auto& windows = layout_.spec().fault_windows;
  return std::any_of(windows.begin(), windows.end(),
                     [&](const auto& w) { return when >= w.first && when <= w.second; });
}

void Ledger::missing(Nanos now, const Group& g, ClientId publisher, ClientId subscriber, std::uint32_t number) {
  if (layout_.forfeits(g) && (clients_[subscriber].is(kMisbehaves) || clients_[publisher].is(kMisbehaves))) return;
  const PublisherState& p = clients_[publisher].pub;
  const std::uint8_t qos = std::min(layout_.publish_qos(g, layout_.number(g, publisher)),
                                    layout_.subscribe_qos(g, layout_.number(g, subscriber)));
  const bool open = number >= p.oldest && number - p.oldest < kInFlightMax && (p.open >> (number - p.oldest) & 1);
  if (number >= p.doubt_from && number < p.doubt_to) {
    ++tally_.in_doubt;
  } else if (open) {
    ++tally_.unfinished;
  } else if (in_fault(layout_.due(g, publisher, number))) {
    ++tally_.lost_in_faults;
  } else {
    ++tally_.lost;
    if (qos == 1) blame(Rule::kQos1AtLeastOnce, now, subscriber, describe(publisher, number) + " never came");
    if (qos == 2) blame(Rule::kQos2ExactlyOnce, now, subscriber, describe(publisher, number) + " never came");
  }
}

template <class Visit>
void Ledger::each_publisher(const Group& g, ClientId subscriber, Visit visit) {
  const std::uint32_t number = layout_.number(g, subscriber);
  if (g.spec.shape == Shape::kPairs) return visit(number, layout_.publisher(g, number));
  for (std::uint32_t p = 0; p < g.spec.publishers; ++p) visit(p, layout_.publisher(g, p));
}

void Ledger::restart(Nanos now, const Group& g, ClientId subscriber, Nanos owed_from) {
  each_publisher(g, subscriber, [&](std::uint32_t p, ClientId publisher) {
    const std::uint32_t owed = std::max(clients_[publisher].pub.next, layout_.first_due_at(g, publisher, owed_from));
    flows_[layout_.flow(g, p, layout_.number(g, subscriber))].restart(
        owed, [&](std::uint32_t n) { missing(now, g, publisher, subscriber, n); });
  });
}

void Ledger::subscribed(Nanos now, ClientId subscriber) {
  restart(now, layout_.groups()[clients_[subscriber].group], subscriber, now + layout_.spec().route_grace);
}

void Ledger::finish(Nanos now) {
  for (ClientId c = 0; c < clients_.size(); ++c) {
    if (clients_[c].is(kIsPublisher)) continue;
    const Group& g = layout_.groups()[clients_[c].group];
    // A session that was lost and not renewed is owed nothing more; liveness judges the client.
    if (!clients_[c].is(kSubscribed)) restart(now, g, c, now);
    each_publisher(g, c, [&](std::uint32_t p, ClientId publisher) {
      flows_[layout_.flow(g, p, layout_.number(g, c))].finish(
          clients_[publisher].pub.next, [&](std::uint32_t n) { missing(now, g, publisher, c, n); });
    });
  }
}

// ---- words ----

void Ledger::blame(Rule rule, Nanos now, ClientId subscriber, const std::string& what) {
  const Group& g = layout_.groups()[clients_[subscriber].group];
  std::string who;
  verdicts_.violated(rule, now, std::string(layout_.client_id(g, subscriber, who)) + ": " + what);
}

std::string Ledger::describe(ClientId publisher, std::uint32_t number) const {
  const Group& g = layout_.groups()[clients_[publisher].group];
  std::string who;
  layout_.client_id(g, publisher, who);
  return "message " + std::to_string(number) + " of " + who;
}

}  // namespace orrery::sim

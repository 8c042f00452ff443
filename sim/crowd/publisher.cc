// SPDX-License-Identifier: Apache-2.0
// Messages out: the open loop, and the states of QoS 1 and 2 (MQTT 5.0 section 4.3), two bits for each message in
// flight.
//
// Message n has the packet identifier n % 65535 + 1, so that nothing needs to be stored to repeat or recognise it.
#include <algorithm>
#include <bit>

#include "sim/crowd/crowd.h"

namespace orrery::sim {
namespace {

constexpr std::uint16_t packet_id_of(std::uint32_t number) { return static_cast<std::uint16_t>(number % 65535 + 1); }

/// How far behind `oldest` the message with this packet identifier is.
constexpr std::uint32_t distance(std::uint32_t oldest, std::uint16_t packet_id) {
  return (packet_id - 1u + 65535u - oldest % 65535u) % 65535u;
}

/// One range is remembered. A second one that begins while the flows may not have judged the first yet joins it.
void note_doubt(PublisherState& p, std::uint32_t from, std::uint32_t to) {
  const bool joins = p.doubt_to > p.doubt_from && from < p.doubt_to + Flow::kWindow;
  if (!joins) p.doubt_from = from;
  p.doubt_to = to;
}

}  // namespace

bool Crowd::may_publish(const Client& c) const {
  return c.pub.open == 0 || c.pub.next - c.pub.oldest < c.in_flight_max;
}

void Crowd::publish_due(Nanos now, ClientId id) {
  Client& c = clients_[id];
  const Group& g = group(c);
  if (c.is(kHasBlocked)) {
    if (now < c.mark + kBlockedWait) return;
    c.set(kHasBlocked, false);
  }
  const std::uint8_t qos = layout_.publish_qos(g, layout_.number(g, id));
  for (Nanos due = layout_.due(g, id, c.pub.next), period = layout_.period(g, id);
       due <= now && due < layout_.steady_end() && may_publish(c); due += period) {
    const std::uint32_t number = c.pub.next;
    if (half_packet(now, id, number, due)) return;
    ++c.pub.next;
    if (qos) {
      if (!c.pub.open) c.pub.oldest = number;
      c.pub.open |= 1u << (number - c.pub.oldest);
    }
    write_publish(id, number, due, false);
    ++tally_.published;
    if (now >= layout_.steady_begin() && now < layout_.steady_end()) ++tally_.published_window;
    // One frame for each message: what is due together is rare, and a large frame would be refused.
    flush(now, id);
    if (c.is(kHasBlocked)) return;
  }
}

void Crowd::write_publish(ClientId id, std::uint32_t number, Nanos due, bool duplicate) {
  const Client& c = clients_[id];
  const Group& g = group(c);
  const std::uint32_t publisher = layout_.number(g, id);
  const std::uint8_t qos = layout_.publish_qos(g, publisher);
  writer().publish_header(g.spec.version, layout_.topic(g, publisher, scratch_), qos, g.spec.retain, duplicate,
                          packet_id_of(number), g.spec.payload_bytes);
  codec_.append(out_, {kPayloadMagic, id, number, due}, g.spec.payload_bytes);
}

/// Sends the first half of a PUBLISH and resets the connection. False when this message is not one of those.
bool Crowd::half_packet(Nanos now, ClientId id, std::uint32_t number, Nanos due) {
  Client& c = clients_[id];
  if (!c.is(kMisbehaves) || group(c).spec.misbehave.kind != Misbehaviour::kHalfPacket) return false;
  if (!chance(layout_.drawn(id, Stream::kHalfPacket, key(number, c.lives)), 250'000)) return false;
  write_publish(id, number, due, false);
  const auto mask = static_cast<std::uint32_t>(layout_.drawn(id, Stream::kMask, c.frames++));
  const bool framed = group(c).spec.transport == LinkKind::kWebSocket;
  const Bytes whole = framed ? finish_frame(out_, Opcode::kBinary, mask) : Bytes(out_).subspan(kFrameHeaderMax);
  world_->client_send(id, whole.first(whole.size() / 2));
  give_up(now, id, CloseHow::kAbort);
  return true;
}

/// After a reconnect. With the session everything unfinished goes on where it was (section 4.4). Without it QoS 1 is
/// sent again as new; of QoS 2 nobody can know, so it is left, in doubt.
void Crowd::resend(Nanos now, ClientId id, bool session_present) {
  Client& c = clients_[id];
  PublisherState& p = c.pub;
  if (!p.open) return;
  const Group& g = group(c);
  const bool exactly_once = layout_.publish_qos(g, layout_.number(g, id)) == 2;
  if (exactly_once && !session_present) {
    note_doubt(p, p.oldest, p.next);
    p.open = p.released = 0;
    return;
  }
  for (std::uint32_t bits = p.open; bits; bits &= bits - 1) {
    const auto i = static_cast<std::uint32_t>(std::countr_zero(bits));
    if (p.released >> i & 1) {
      writer().acknowledge(PacketType::kPubrel, packet_id_of(p.oldest + i));
    } else {
      write_publish(id, p.oldest + i, layout_.due(g, id, p.oldest + i), session_present);
      ++tally_.published_again;
    }
    flush(now, id);
  }
}

void Crowd::handle_acknowledge(Nanos now, ClientId id, const ServerPacket& a) {
  Client& c = clients_[id];
  PublisherState& p = c.pub;
  const std::uint32_t i = distance(p.oldest, a.packet_id);
  const std::uint8_t qos = layout_.publish_qos(group(c), layout_.number(group(c), id));
  if (i >= kInFlightMax || !(p.open >> i & 1) || (a.type == PacketType::kPuback) != (qos == 1))
    return broke_protocol(now, id, "an acknowledgement of what was never sent");
  const std::uint32_t bit = 1u << i;
  if (a.type == PacketType::kPubrec && a.reason < 0x80) {
    p.released |= bit;
    return writer().acknowledge(PacketType::kPubrel, a.packet_id);
  }
  if (a.type == PacketType::kPubcomp && !(p.released & bit)) return broke_protocol(now, id, "PUBCOMP before PUBREL");
  if (a.reason >= 0x80 && a.type != PacketType::kPubcomp) {
    ++tally_.publishes_refused;
    note_doubt(p, p.oldest + i, p.oldest + i + 1);
  }
  p.open &= ~bit;
  p.released &= ~bit;
  if (p.open) {
    const auto shift = static_cast<std::uint32_t>(std::countr_zero(p.open));
    p.oldest += shift;
    p.open >>= shift;
    p.released >>= shift;
  }
  publish_due(now, id);
}

}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
// The clients of a run: an array of small structs that speak real bytes to the nodes.
//
// A Crowd is the World's ClientHost. Each client connects at its time of the ramp, subscribes or publishes, answers
// every packet of QoS 1 and 2, pings, and comes back after a lost connection, after a back-off that is drawn by key.
// Publishers are an open loop: a message is sent when it is due, not when the one before is done (up to kInFlightMax),
// and what fell due without a connection is sent after it. Everything received goes to the Ledger. See README.md for
// the files.
#pragma once

#include <vector>

#include "sim/crowd/carry.h"
#include "sim/crowd/client.h"
#include "sim/crowd/layout.h"
#include "sim/crowd/ledger.h"
#include "sim/crowd/mqtt_wire.h"
#include "sim/crowd/payload.h"
#include "sim/crowd/tally.h"
#include "sim/crowd/websocket_wire.h"
#include "sim/world/world.h"

namespace orrery::sim {

/// A connection that is not live after this is given up.
inline constexpr Nanos kConnectPatience = 30 * kSecond;
/// The first wait after a failure; doubled for each further one up to the maximum, then between half and all of it is
/// drawn.
inline constexpr Nanos kBackoffFirst = kSecond;
inline constexpr Nanos kBackoffMax = 32 * kSecond;
/// Unsent output above which a publisher holds its next message back, for kBlockedWait at a time.
inline constexpr std::size_t kClientOutputMax = 256 * 1024;
inline constexpr Nanos kBlockedWait = 100 * kMillisecond;

class Crowd final : public ClientHost {
 public:
  /// `verdicts` outlives the crowd.
  Crowd(const CrowdSpec& spec, Verdicts& verdicts);

  /// Sets every client's first timer. Once, before the world's first event; `world` outlives the crowd's use.
  void start(World& world);
  /// Judges what is missing. Once, after the last event.
  void finish(Nanos now) { ledger_.finish(now); }

  const Layout& layout() const { return layout_; }
  const Tally& tally() const { return tally_; }
  const std::vector<Client>& clients() const { return clients_; }
  std::size_t memory_bytes() const;

  void client_connected(Nanos now, ClientId client) override;
  void client_bytes(Nanos now, ClientId client, MutableBytes bytes) override;
  void client_closed(Nanos now, ClientId client, EndedBy how) override;
  void client_timer(Nanos now, ClientId client, std::uint32_t arg) override;
  void prefetch(ClientId client) const override;

 private:
  const Group& group(const Client& c) const { return layout_.groups()[c.group]; }
  MqttWriter writer() { return MqttWriter(out_); }

  // connection.cc: from the first timer to live, and back
  void arm(ClientId id);
  Nanos next_due(ClientId id) const;
  void try_connect(Nanos now, ClientId id);
  void send_connect(ClientId id);
  void send_subscribe(ClientId id);
  void handle_connack(Nanos now, ClientId id, const ServerPacket& p);
  void handle_suback(Nanos now, ClientId id, const ServerPacket& p);
  void become_live(Nanos now, ClientId id);
  void session_lost(Client& c);
  void ended(Nanos now, ClientId id);
  void give_up(Nanos now, ClientId id, CloseHow how);
  void broke_protocol(Nanos now, ClientId id, const char* what);
  void keep_alive(Nanos now, ClientId id);
  void misbehave(Nanos now, ClientId id);
  Nanos next_misbehaviour(ClientId id) const;
  void flush(Nanos now, ClientId id);
  WebSocketKey key_of(ClientId id) const;

  // inbound.cc: bytes to packets
  std::size_t take_stream(Nanos now, ClientId id, Bytes bytes);
  std::size_t take_frames(Nanos now, ClientId id, Bytes bytes);
  std::size_t take_packets(Nanos now, ClientId id, Bytes bytes);
  bool take_frame(Nanos now, ClientId id, const ServerFrame& frame);
  void send_control(Nanos now, ClientId id, Opcode opcode, Bytes payload);
  void take_framed(Nanos now, ClientId id, Bytes payload);
  void handle_packet(Nanos now, ClientId id, Bytes packet);
  void handle_publish(Nanos now, ClientId id, const ServerPacket& p);
  void handle_pubrel(ClientId id, std::uint16_t packet_id);
  void keep_stream(Client& c, Bytes rest);
  void drop_carry(Client& c);
  Carry& carry_of(Client& c);

  // publisher.cc: messages out and their acknowledgements
  bool may_publish(const Client& c) const;
  void publish_due(Nanos now, ClientId id);
  void write_publish(ClientId id, std::uint32_t number, Nanos due, bool duplicate);
  bool half_packet(Nanos now, ClientId id, std::uint32_t number, Nanos due);
  void resend(Nanos now, ClientId id, bool session_present);
  void handle_acknowledge(Nanos now, ClientId id, const ServerPacket& p);

  Layout layout_;
  PayloadCodec codec_;
  std::vector<Client> clients_;
  Tally tally_;
  Verdicts& verdicts_;
  Ledger ledger_;
  CarryPool pool_;
  World* world_ = nullptr;
  /// What the client of the present event has to say: kFrameHeaderMax bytes of room, then packets.
  std::vector<std::uint8_t> out_;
  std::string scratch_;
};

}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
#include "load/client.h"

#include <algorithm>

#include "load/payload.h"

namespace orrery::load {

using client::Packet;
using client::Type;
using client::Version;

namespace {

const char* kind_name(ClientKind kind) {
  static constexpr const char* kNames[] = {"conn", "pub", "sub"};
  return kNames[static_cast<int>(kind)];
}

}  // namespace

Client::Client(ClientOwner& owner, TransportHost& host, const ClientSetup& setup, ClientKind kind, std::uint32_t index)
    : owner_(owner),
      setup_(setup),
      transport_(make_transport(host, *this)),
      version_(static_cast<Version>(setup.options.version)),
      index_(index),
      window_(setup.options.inflight_max()),
      kind_(kind) {
  const Options& o = setup.options;
  id_ = expand(setup.prefix, number(), {}, {}) + "_" + kind_name(kind) + "_" + std::to_string(number());
  topic_ = expand(o.topic, number(), id_, expand(o.user_name, number(), id_, {}));
  keep_alive_ = o.keep_alive * kSecond;
}

std::uint32_t Client::number() const { return setup_.options.start_number + index_; }

void Client::connect(const std::string& source) {
  state_ = State::kOpening;
  connect_began_ = owner_.now();
  transport_->open(source);
}

void Client::transport_open() {
  const Options& o = setup_.options;
  client::Connect fields;
  fields.level = static_cast<unsigned>(version_);
  if (version_ == Version::k31) fields.protocol_name = "MQIsdp";
  fields.client_id = id_;
  fields.keep_alive = o.keep_alive;
  fields.clean = o.clean_start;
  if (const std::string user_name = expand(o.user_name, number(), id_, {}); !user_name.empty())
    fields.user_name = user_name;
  if (!o.password.empty()) fields.password = o.password;
  client::Properties properties;
  if (version_ == Version::k5 && o.session_expiry != 0)
    properties.push_back(client::number_property(client::PropertyId::kSessionExpiry, o.session_expiry));
  state_ = State::kConnecting;
  send(client::connect_packet(std::move(fields), std::move(properties)));
}

void Client::transport_bytes(Bytes bytes) {
  stream_.feed(as_text(bytes));
  client::Octets whole;
  while (state_ != State::kEnded && stream_.next(whole)) {
    const client::Decoded decoded = client::decode(whole, version_, client::Sender::kServer);
    if (!decoded.complete) return fail("the broker sent a malformed packet: " + decoded.violations.back().what);
    packet(decoded.packet);
  }
  if (state_ != State::kEnded && stream_.broken()) fail("the broker sent a packet that is too long");
}

void Client::transport_closed(std::string_view why) { fail(why); }

void Client::packet(const Packet& packet) {
  if ((packet.type == Type::kConnack) != (state_ == State::kConnecting))
    return fail("the broker sent a packet out of turn");
  switch (packet.type) {
    case Type::kConnack:
      return connack(packet);
    case Type::kSuback:
      return suback(packet);
    case Type::kPublish:
      return publish(packet);
    case Type::kPuback:
    case Type::kPubcomp:
      return acknowledged(packet);
    case Type::kPubrec:
      if (packet.code >= 0x80) return acknowledged(packet);
      return send(client::ack_packet(Type::kPubrel, packet.id));
    case Type::kPubrel:
      return send(client::ack_packet(Type::kPubcomp, packet.id));
    case Type::kPingresp:
      ping_open_ = false;
      return;
    case Type::kDisconnect:
      return fail("disconnected by the broker: " + reason(packet));
    default:
      return fail("the broker sent a packet that only clients send");
  }
}

void Client::connack(const Packet& packet) {
  if (packet.code != 0) return fail("CONNECT refused: " + reason(packet));
  window_ = std::min(window_, client::number_of(packet.properties, client::PropertyId::kReceiveMaximum, window_));
  if (const auto* keep_alive = client::find(packet.properties, client::PropertyId::kServerKeepAlive))
    keep_alive_ = keep_alive->number * kSecond;
  if (kind_ != ClientKind::kSubscriber) return ready_now();
  state_ = State::kSubscribing;
  send(client::subscribe_packet(1, {{topic_, setup_.options.qos}}));
}

void Client::suback(const Packet& packet) {
  if (state_ != State::kSubscribing) return fail("the broker sent a SUBACK out of turn");
  if (packet.codes.empty()) return fail("the broker sent a SUBACK without a code");
  if (packet.codes[0] >= 0x80)
    return fail("SUBSCRIBE refused: " + client::code_name(version_, packet.type, packet.codes[0]));
  ready_now();
}

void Client::ready_now() {
  state_ = State::kReady;
  owner_.client_ready(*this);
}

void Client::publish(const Packet& packet) {
  owner_.client_received(*this, packet);
  if (packet.qos == 0) return;
  send(client::ack_packet(packet.qos == 1 ? Type::kPuback : Type::kPubrec, packet.id));
}

void Client::acknowledged(const Packet& packet) {
  if (in_flight_ == 0) return fail("the broker acknowledged what was not sent");
  --in_flight_;
  owner_.client_acknowledged(*this, packet.code >= 0x80);
  send_waiting(true);
}

void Client::publish_due(const Schedule& schedule) {
  if (state_ != State::kReady) return;
  schedule_ = schedule;
  ++due_;
  send_waiting(due_ - sent_ > 1);
}

void Client::send_waiting(bool was_waiting) {
  while (state_ == State::kReady && sent_ < due_ && transport_->queued() < kQueuedBytesMax &&
         (setup_.options.qos == 0 || in_flight_ < window_))
    send_one(was_waiting);
}

void Client::send_one(bool had_waited) {
  const Options& o = setup_.options;
  client::Octets payload(o.payload_size, 'x');
  write_stamp(reinterpret_cast<std::uint8_t*>(payload.data()),
              {setup_.run, number(), sent_, schedule_.time_of(sent_, index_)});
  const auto packet_id = static_cast<std::uint16_t>(sent_ % 65'535 + 1);
  owner_.client_sent(*this, had_waited);
  ++sent_;
  if (o.qos > 0) ++in_flight_;
  send(client::publish_packet(topic_, payload, o.qos, o.qos == 0 ? 0 : packet_id));
}

void Client::housekeeping() {
  if (state_ == State::kIdle || state_ == State::kEnded) return;
  const Nanos now = owner_.now();
  if (state_ != State::kReady) {
    if (now - connect_began_ > kConnectTimeout) fail("no answer while connecting");
    return;
  }
  send_waiting(true);
  if (keep_alive_ == 0 || now - last_write_ < keep_alive_ - keep_alive_ / 4) return;
  if (ping_open_) return fail("no answer to a ping");
  ping_open_ = true;
  send(client::plain_packet(Type::kPingreq));
}

void Client::stop() {
  const bool connected = state_ > State::kOpening && state_ != State::kEnded;
  state_ = State::kEnded;
  if (connected) transport_->write(as_bytes(client::encode(client::disconnect_packet(), version_)));
  transport_->close();
}

void Client::send(const Packet& packet) {
  last_write_ = owner_.now();
  transport_->write(as_bytes(client::encode(packet, version_)));
}

std::string Client::reason(const Packet& packet) const { return client::code_name(version_, packet.type, packet.code); }

void Client::fail(std::string_view why) {
  if (state_ == State::kEnded) return;
  const std::string text(why);
  owner_.client_failed(*this, text);
  state_ = State::kEnded;
  transport_->close();
}

SequenceCheck& Client::source(std::uint32_t run, std::uint32_t publisher, std::uint32_t first) {
  if (sources_ == nullptr) sources_ = std::make_unique<std::unordered_map<std::uint64_t, SequenceCheck>>();
  const std::uint64_t key = static_cast<std::uint64_t>(run) << 32 | publisher;
  return sources_->try_emplace(key, first).first->second;
}

std::uint64_t Client::missing() const {
  std::uint64_t sum = 0;
  if (sources_ != nullptr)
    for (const auto& [key, check] : *sources_) sum += check.missing();
  return sum;
}

}  // namespace orrery::load

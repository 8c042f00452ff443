// SPDX-License-Identifier: Apache-2.0
#include "load/client.h"

#include <algorithm>

#include "load/payload.h"

namespace orrery::load {
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
      reader_(static_cast<Version>(setup.options.version)),
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
  const std::string user_name = expand(o.user_name, number(), id_, {});
  ConnectFields fields;
  fields.version = static_cast<Version>(o.version);
  fields.client_id = id_;
  fields.user_name = user_name;
  fields.password = o.password;
  fields.keep_alive = o.keep_alive;
  fields.clean_start = o.clean_start;
  fields.session_expiry = o.session_expiry;
  Buffer bytes;
  encode_connect(bytes, fields);
  state_ = State::kConnecting;
  write(bytes);
}

void Client::transport_bytes(Bytes bytes) {
  reader_.feed(bytes);
  Packet next;
  while (state_ != State::kEnded) {
    const PacketReader::Result result = reader_.next(next);
    if (result == PacketReader::Result::kNeedMore) return;
    if (result == PacketReader::Result::kMalformed) return fail("the broker sent a malformed packet");
    packet(next);
  }
}

void Client::transport_closed(std::string_view why) { fail(why); }

void Client::packet(const Packet& packet) {
  if ((packet.type == PacketType::kConnack) != (state_ == State::kConnecting))
    return fail("the broker sent a packet out of turn");
  Buffer answer;
  switch (packet.type) {
    case PacketType::kConnack:
      return connack(packet);
    case PacketType::kSuback:
      return suback(packet);
    case PacketType::kPublish:
      return publish(packet);
    case PacketType::kPuback:
    case PacketType::kPubcomp:
      return acknowledged(packet);
    case PacketType::kPubrec:
      if (packet.reason >= 0x80) return acknowledged(packet);
      encode_acknowledge(answer, PacketType::kPubrel, packet.packet_id);
      return write(answer);
    case PacketType::kPubrel:
      encode_acknowledge(answer, PacketType::kPubcomp, packet.packet_id);
      return write(answer);
    case PacketType::kPingresp:
      ping_open_ = false;
      return;
    case PacketType::kDisconnect:
      return fail("disconnected by the broker: " +
                  reason_text(static_cast<Version>(setup_.options.version), packet.type, packet.reason));
    default:
      return fail("the broker sent a packet that only clients send");
  }
}

void Client::connack(const Packet& packet) {
  const auto version = static_cast<Version>(setup_.options.version);
  if (packet.reason != 0) return fail("CONNECT refused: " + reason_text(version, packet.type, packet.reason));
  window_ = std::min<std::uint32_t>(window_, packet.receive_maximum);
  if (packet.has_server_keep_alive) keep_alive_ = packet.server_keep_alive * kSecond;
  if (kind_ != ClientKind::kSubscriber) return ready_now();
  Buffer bytes;
  encode_subscribe(bytes, version, 1, topic_, static_cast<std::uint8_t>(setup_.options.qos));
  state_ = State::kSubscribing;
  write(bytes);
}

void Client::suback(const Packet& packet) {
  if (state_ != State::kSubscribing) return fail("the broker sent a SUBACK out of turn");
  if (packet.reason >= 0x80)
    return fail("SUBSCRIBE refused: " +
                reason_text(static_cast<Version>(setup_.options.version), packet.type, packet.reason));
  ready_now();
}

void Client::ready_now() {
  state_ = State::kReady;
  owner_.client_ready(*this);
}

void Client::publish(const Packet& packet) {
  owner_.client_received(*this, packet);
  if (packet.qos == 0) return;
  Buffer answer;
  encode_acknowledge(answer, packet.qos == 1 ? PacketType::kPuback : PacketType::kPubrec, packet.packet_id);
  write(answer);
}

void Client::acknowledged(const Packet& packet) {
  if (in_flight_ == 0) return fail("the broker acknowledged what was not sent");
  --in_flight_;
  owner_.client_acknowledged(*this, packet.reason >= 0x80);
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
  Buffer payload(o.payload_size, 'x');
  write_stamp(payload.data(), {setup_.run, number(), sent_, schedule_.time_of(sent_, index_)});
  const auto packet_id = static_cast<std::uint16_t>(sent_ % 65'535 + 1);
  Buffer bytes;
  encode_publish(bytes, static_cast<Version>(o.version), topic_, static_cast<std::uint8_t>(o.qos), packet_id, payload);
  owner_.client_sent(*this, had_waited);
  ++sent_;
  if (o.qos > 0) ++in_flight_;
  write(bytes);
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
  Buffer bytes;
  encode_pingreq(bytes);
  write(bytes);
}

void Client::stop() {
  const bool connected = state_ > State::kOpening && state_ != State::kEnded;
  state_ = State::kEnded;
  if (connected) {
    Buffer bytes;
    encode_disconnect(bytes);
    transport_->write(bytes);
  }
  transport_->close();
}

void Client::write(const Buffer& bytes) {
  last_write_ = owner_.now();
  transport_->write(bytes);
}

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

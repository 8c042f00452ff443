// SPDX-License-Identifier: Apache-2.0
// An MQTT 5 client for the tests of this folder: connects in a LoopbackWorld, says what a test wants, notes what it
// hears.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/mqtt/stream_decoder.h"
#include "broker/node/loopback_world.h"

namespace orrery::node {

struct Heard {
  mqtt::PacketType type{};
  mqtt::ReasonCode reason{};
  bool session_present = false;
  std::string topic;
  std::string payload;
  std::uint8_t qos = 0;
  bool dup = false;
  bool retain = false;
  std::uint16_t packet_id = 0;
  std::vector<std::uint8_t> reason_codes;
};

class TestClient {
 public:
  TestClient(LoopbackWorld& world, Place to) : world_(world), number_(world.connect(to, LinkKind::kTcp)) {}
  ~TestClient() { decoder_.reset(heap_); }

  void connect(std::string_view client_id, bool clean_start = true, std::uint32_t expiry = 0,
               std::optional<mqtt::WillView> will = {}) {
    std::vector<std::uint8_t> section;
    mqtt::PropertyBuilder properties(section);
    if (expiry != 0) properties.four_byte(mqtt::Property::kSessionExpiryInterval, expiry);
    mqtt::ConnectView view;
    view.client_id = client_id;
    view.clean_start = clean_start;
    view.will = will;
    view.properties = properties.view();
    std::vector<std::uint8_t> out;
    mqtt::encode_connect(view, out);
    world_.send(number_, out);
  }
  void subscribe(std::string_view filter, std::uint8_t qos, bool no_local = false) {
    std::vector<std::uint8_t> list, out;
    mqtt::SubscriptionOptions options;
    options.qos = qos;
    options.no_local = no_local;
    mqtt::append_subscription(filter, options, list);
    mqtt::SubscribeView view;
    view.packet_id = ++packet_id_;
    view.subscriptions = {list, 1};
    mqtt::encode_subscribe(mqtt::Version::k5, view, out);
    world_.send(number_, out);
  }
  void unsubscribe(std::string_view filter) {
    std::vector<std::uint8_t> list, out;
    mqtt::append_filter(filter, list);
    mqtt::UnsubscribeView view;
    view.packet_id = ++packet_id_;
    view.filters = {list, 1};
    mqtt::encode_unsubscribe(mqtt::Version::k5, view, out);
    world_.send(number_, out);
  }
  void publish(std::string_view topic, std::string_view payload, std::uint8_t qos, bool retain = false) {
    mqtt::PublishOut view;
    view.topic = topic;
    view.payload = as_bytes(payload);
    view.qos = qos;
    view.retain = retain;
    view.packet_id = qos > 0 ? ++packet_id_ : std::uint16_t{0};
    std::vector<std::uint8_t> out;
    mqtt::encode_publish(mqtt::Version::k5, view, out);
    world_.send(number_, out);
  }
  void ack(mqtt::PacketType type, std::uint16_t packet_id) {
    mqtt::AckView view;
    view.type = type;
    view.packet_id = packet_id;
    std::vector<std::uint8_t> out;
    mqtt::encode_ack(mqtt::Version::k5, view, out);
    world_.send(number_, out);
  }
  void disconnect(mqtt::ReasonCode reason = mqtt::ReasonCode::kNormalDisconnection) {
    mqtt::DisconnectView view;
    view.reason = reason;
    std::vector<std::uint8_t> out;
    mqtt::encode_disconnect(mqtt::Version::k5, view, out);
    world_.send(number_, out);
  }
  int number() const { return number_; }
  void drop() { world_.close(number_); }
  void raw(Bytes bytes) { world_.send(number_, bytes); }
  bool closed() const { return world_.closed(number_); }

  /// What has come since the last call, taken apart. With `answer`, acknowledges as a good client does.
  std::vector<Heard> hear(bool answer = true);
  /// hear() until nothing comes any more, and only the payloads of PUBLISH packets.
  std::vector<std::string> payloads() {
    std::vector<std::string> out;
    for (const Heard& h : hear())
      if (h.type == mqtt::PacketType::kPublish) out.push_back(h.payload);
    return out;
  }

 private:
  LoopbackWorld& world_;
  const int number_;
  std::uint16_t packet_id_ = 0;
  Heap heap_;
  mqtt::StreamDecoder decoder_;
};

}  // namespace orrery::node

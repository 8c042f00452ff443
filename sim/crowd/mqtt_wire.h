// SPDX-License-Identifier: Apache-2.0
// MQTT as a client of the crowd speaks it: 3.1.1 and 5.0, encode to the server and decode from it. Independent of
// broker/mqtt.
//
// MqttWriter appends packets to a buffer that the caller owns and reuses; nothing allocates once the buffer has grown.
// decode_server_packet() takes one whole packet apart into views of the input. The crowd is an oracle too, so decoding
// is strict: whatever a server must not send is an error with a sentence. Sections are those of MQTT 5.0 (OASIS, 2019).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace orrery::sim {

enum class MqttVersion : std::uint8_t { k311 = 4, k5 = 5 };

enum class PacketType : std::uint8_t {
  kConnect = 1,
  kConnack,
  kPublish,
  kPuback,
  kPubrec,
  kPubrel,
  kPubcomp,
  kSubscribe,
  kSuback,
  kUnsubscribe,
  kUnsuback,
  kPingreq,
  kPingresp,
  kDisconnect,
  kAuth,
};

/// A packet from the server larger than this is an error: nothing in the crowd sends such a thing.
inline constexpr std::size_t kServerPacketBytesMax = 1024 * 1024;

struct ConnectRequest {
  std::string_view client_id;
  MqttVersion version = MqttVersion::k311;
  bool clean_start = true;
  std::uint16_t keep_alive_seconds = 0;
  std::uint32_t session_expiry_seconds = 0;  // 5.0 only; UINT32_MAX never ends
  bool has_will = false;
  std::uint8_t will_qos = 0;
  std::string_view will_topic;
  Bytes will_payload;
};

class MqttWriter {
 public:
  explicit MqttWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  void connect(const ConnectRequest& request);
  void subscribe(MqttVersion version, std::uint16_t packet_id, std::string_view filter, std::uint8_t qos);
  /// Writes everything but the payload and returns; the caller appends exactly `payload_bytes` bytes.
  void publish_header(MqttVersion version, std::string_view topic, std::uint8_t qos, bool retain, bool duplicate,
                      std::uint16_t packet_id, std::size_t payload_bytes);
  /// PUBACK, PUBREC, PUBREL or PUBCOMP with reason success.
  void acknowledge(PacketType type, std::uint16_t packet_id);
  void ping();
  void disconnect();

 private:
  void u8(unsigned v) { out_.push_back(static_cast<std::uint8_t>(v)); }
  void u16(unsigned v);
  void u32(std::uint32_t v);
  void variable(std::size_t v);
  void prefixed(std::string_view text);
  void raw(const void* data, std::size_t size);

  std::vector<std::uint8_t>& out_;
};

/// One packet from the server, taken apart. Views into the input.
struct ServerPacket {
  PacketType type = PacketType::kConnack;
  bool session_present = false;
  bool duplicate = false;
  bool retain = false;
  std::uint8_t qos = 0;
  std::uint8_t reason = 0;  // CONNACK, SUBACK (its first), acknowledgements, DISCONNECT
  std::uint16_t packet_id = 0;
  std::uint16_t receive_maximum = 65535;  // CONNACK
  std::uint16_t server_keep_alive = 0;    // CONNACK; 0: none given
  Bytes topic;
  Bytes payload;
};

/// The length of the first packet in `bytes`: 0 while its fixed header is incomplete; kBadPacket when it is malformed
/// or larger than kServerPacketBytesMax.
inline constexpr std::size_t kBadPacket = SIZE_MAX;
std::size_t packet_extent(Bytes bytes);

/// Takes one whole packet apart. Null on success, otherwise what is wrong with it.
const char* decode_server_packet(Bytes packet, MqttVersion version, ServerPacket& out);

/// True when a message of `topic` is for a subscription of `filter` (section 4.7), level by level.
bool filter_matches(std::string_view filter, std::string_view topic);

}  // namespace orrery::sim

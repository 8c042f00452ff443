// SPDX-License-Identifier: Apache-2.0
// A minimal MQTT client codec: what a load generator sends and must understand, for 3.1, 3.1.1 and 5.0.
//
// Not the broker's codec, so that a mistake there is not made twice on both ends of a test. It trusts the broker enough
// to skip what it does not need, and no further: lengths are checked, and a packet that cannot be read ends the
// connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace orrery::load {

using Buffer = std::vector<std::uint8_t>;

/// Packets from the broker above this size end the connection.
inline constexpr std::size_t kPacketMax = 16 * 1024 * 1024;

enum class PacketType : std::uint8_t {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSubscribe = 8,
  kSuback = 9,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
};

/// The Protocol Version byte of CONNECT.
enum class Version : std::uint8_t { k31 = 3, k311 = 4, k5 = 5 };

struct ConnectFields {
  Version version = Version::k5;
  std::string_view client_id = {};
  std::string_view user_name = {};  // empty: none
  std::string_view password = {};   // empty: none
  std::uint16_t keep_alive = 0;
  bool clean_start = true;
  std::uint32_t session_expiry = 0;  // 5.0 only
};

void encode_connect(Buffer& out, const ConnectFields& fields);
void encode_subscribe(Buffer& out, Version version, std::uint16_t packet_id, std::string_view filter, std::uint8_t qos);
/// `packet_id` is ignored at QoS 0.
void encode_publish(Buffer& out, Version version, std::string_view topic, std::uint8_t qos, std::uint16_t packet_id,
                    Bytes payload);
/// PUBACK, PUBREC, PUBREL or PUBCOMP that says success.
void encode_acknowledge(Buffer& out, PacketType type, std::uint16_t packet_id);
void encode_pingreq(Buffer& out);
void encode_disconnect(Buffer& out);

/// A packet from the broker. Views are into the bytes that it was read from.
struct Packet {
  PacketType type{};
  std::uint16_t packet_id = 0;  // PUBLISH above QoS 0, SUBACK and the acknowledgements
  std::uint8_t reason = 0;      // CONNACK, SUBACK (the first), acknowledgements, DISCONNECT; 0x80 and above refuse
  // PUBLISH.
  std::uint8_t qos = 0;
  std::string_view topic;
  Bytes payload;
  // CONNACK of 5.0; what the broker did not say stays at these.
  std::uint16_t receive_maximum = 65535;
  bool has_server_keep_alive = false;
  std::uint16_t server_keep_alive = 0;
};

/// Takes packets off a stream that is cut anywhere; keeps only what is left of an unfinished packet.
class PacketReader {
 public:
  enum class Result : std::uint8_t { kPacket, kNeedMore, kMalformed };

  explicit PacketReader(Version version) : version_(version) {}

  /// Hands over a chunk; take packets with next() until kNeedMore before the chunk goes away.
  void feed(Bytes chunk);
  Result next(Packet& out);

 private:
  Version version_;
  Buffer kept_;         // an unfinished packet's bytes, the present chunk appended
  std::size_t at_ = 0;  // in kept_
  Bytes chunk_;         // what is left of the chunk, when nothing was kept
};

/// What a reason code says, for messages: "not authorized", or "reason 0x93".
std::string reason_text(Version version, PacketType type, std::uint8_t reason);

}  // namespace orrery::load

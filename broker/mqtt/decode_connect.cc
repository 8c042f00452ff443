// SPDX-License-Identifier: Apache-2.0
// CONNECT (3.1) and CONNACK (3.2).
#include "broker/mqtt/decode.h"
#include "broker/mqtt/packet_reader.h"

namespace orrery::mqtt {
namespace {

constexpr DecodeResult kWrongVersion{ReasonCode::kUnsupportedProtocolVersion, "unsupported protocol version"};

/// Protocol name and level. Sets the version to answer in even if it is none that we speak.
void read_version(PacketReader& in, ConnectView& out) {
  const std::string_view name = as_text(in.binary());
  const std::uint8_t level = in.u8();
  if (!in.ok()) return;
  if (name == "MQIsdp") {
    out.version = Version::k31;
    out.known_protocol = true;
    if (level != 3) in.fail(kWrongVersion);
  } else if (name == "MQTT") {
    out.version = level >= 5 ? Version::k5 : Version::k311;
    out.known_protocol = true;
    if (level != 4 && level != 5) in.fail(kWrongVersion);
  } else {
    in.fail({ReasonCode::kUnsupportedProtocolVersion, "unknown protocol name"});
  }
}

struct ConnectFlags {
  bool user_name, password, will_retain, will, clean_start;
  std::uint8_t will_qos;
};

ConnectFlags read_flags(PacketReader& in, Version version) {
  const std::uint8_t byte = in.u8();
  ConnectFlags flags{(byte & 0x80) != 0, (byte & 0x40) != 0, (byte & 0x20) != 0,
                     (byte & 0x04) != 0, (byte & 0x02) != 0, static_cast<std::uint8_t>(byte >> 3 & 3)};
  if (flags.will && flags.will_qos == 3) in.fail(malformed("will QoS is 3"));
  if (version == Version::k31) {
    // Here the unused bits are "not used", and a password needs a user name.
    if (flags.password && !flags.user_name) in.fail(malformed("password without user name"));
    return flags;
  }
  if ((byte & 0x01) != 0) in.fail(malformed("reserved connect flag is set"));
  if (!flags.will && flags.will_qos != 0) in.fail(malformed("will QoS without will"));
  if (!flags.will && flags.will_retain) in.fail(malformed("will retain without will"));
  if (version == Version::k311 && flags.password && !flags.user_name) in.fail(malformed("password without user name"));
  return flags;
}

void read_will(PacketReader& in, Version version, const ConnectFlags& flags, std::optional<WillView>& out) {
  WillView& will = out.emplace();
  will.qos = flags.will_qos;
  will.retain = flags.will_retain;
  if (version == Version::k5) in.properties(PropertyPlace::kWill, will.properties);
  will.topic = as_text(in.binary());
  will.payload = in.binary();
  if (!in.ok()) return;
  const TopicScan scan = scan_topic(will.topic);
  if (!scan.valid_utf8) return in.fail(malformed("will topic is not UTF-8"));
  if (scan.has_wildcard) return in.fail(malformed("will topic has a wildcard"));
  if (will.topic.empty()) return in.fail(malformed("will topic is empty"));
  if (scan.levels > kTopicLevelsMax) in.fail({ReasonCode::kTopicNameInvalid, "will topic has too many levels"});
}

void read_credentials(PacketReader& in, Version version, const ConnectFlags& flags, ConnectView& out) {
  // MQTT 3.1 (3.1, "User name and password flags"): the remaining length takes precedence over the flags.
  const bool may_miss = version == Version::k31;
  if (flags.user_name && !(may_miss && in.remaining() == 0)) out.user_name = in.text("user name is not UTF-8");
  if (flags.password && !(may_miss && in.remaining() == 0)) out.password = in.binary();
}

/// Who may come without a name: MQTT 5 always, 3.1.1 with clean session, 3.1 never.
DecodeResult check_client_id(const ConnectView& connect) {
  if (!connect.client_id.empty()) return {};
  if (connect.version == Version::k5) return {};
  if (connect.version == Version::k311 && connect.clean_start) return {};
  return {ReasonCode::kClientIdentifierNotValid, "empty client identifier"};
}

/// The return codes of the versions before 5, in the words of version 5.
constexpr ReasonCode kReturnCodes[] = {
    ReasonCode::kSuccess,           ReasonCode::kUnsupportedProtocolVersion, ReasonCode::kClientIdentifierNotValid,
    ReasonCode::kServerUnavailable, ReasonCode::kBadUserNameOrPassword,      ReasonCode::kNotAuthorized};

}  // namespace

DecodeResult decode_connect(std::uint8_t flags, Bytes body, ConnectView& out) {
  out = ConnectView();
  PacketReader in(body);
  read_version(in, out);
  if (!in.ok()) return in.result();
  if (flags != 0 && out.version != Version::k31) return malformed("wrong fixed header flags");

  const ConnectFlags connect = read_flags(in, out.version);
  out.clean_start = connect.clean_start;
  out.keep_alive = in.u16();
  if (out.version == Version::k5) in.properties(property_place(PacketType::kConnect), out.properties);
  out.client_id = in.text("client identifier is not UTF-8");
  if (connect.will) read_will(in, out.version, connect, out.will);
  read_credentials(in, out.version, connect, out);
  if (const DecodeResult result = in.finish(); !result.ok()) return result;

  if (out.properties.has(Property::kAuthenticationData) && !out.properties.has(Property::kAuthenticationMethod))
    return protocol_error("authentication data without method");
  return check_client_id(out);
}

DecodeResult decode_connack(Version version, std::uint8_t flags, Bytes body, ConnackView& out) {
  out = ConnackView();
  if (flags != 0) return malformed("wrong fixed header flags");
  PacketReader in(body);
  const std::uint8_t acknowledge = in.u8();
  const std::uint8_t code = in.u8();
  if (!in.ok()) return in.result();
  if (version != Version::k31) {  // where the first byte is "not used"
    if (acknowledge > 1) return malformed("reserved acknowledge flag is set");
    out.session_present = acknowledge == 1;
  }
  if (version == Version::k5) {
    if (!reason_code_allowed(PacketType::kConnack, Sender::kServer, code)) return protocol_error("not a CONNACK code");
    out.reason = static_cast<ReasonCode>(code);
    in.properties(property_place(PacketType::kConnack), out.properties);
  } else {
    if (code >= std::size(kReturnCodes)) return protocol_error("not a CONNACK code");
    out.reason = kReturnCodes[code];
  }
  if (const DecodeResult result = in.finish(); !result.ok()) return result;
  if (out.session_present && out.reason != ReasonCode::kSuccess) return protocol_error("session present on a refusal");
  return {};
}

}  // namespace orrery::mqtt

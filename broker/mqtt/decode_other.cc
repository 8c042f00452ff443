// SPDX-License-Identifier: Apache-2.0
// PINGREQ and PINGRESP (3.12, 3.13), DISCONNECT (3.14), AUTH (3.15).
#include "broker/mqtt/decode.h"
#include "broker/mqtt/packet_reader.h"

namespace orrery::mqtt {

DecodeResult decode_ping(Version version, std::uint8_t flags, Bytes body) {
  if (flags != 0 && version != Version::k31) return malformed("wrong fixed header flags");
  if (!body.empty()) return malformed("packet longer than its content");
  return {};
}

DecodeResult decode_disconnect(Version version, Sender sender, std::uint8_t flags, Bytes body, DisconnectView& out) {
  out = DisconnectView();
  if (flags != 0 && version != Version::k31) return malformed("wrong fixed header flags");
  if (version != Version::k5) {
    if (sender == Sender::kServer) return protocol_error("DISCONNECT from a server before MQTT 5");
    return PacketReader(body).finish();
  }
  if (body.empty()) return {};
  PacketReader in(body);
  const std::uint8_t code = in.u8();
  if (!reason_code_allowed(PacketType::kDisconnect, sender, code)) return protocol_error("not a code of this packet");
  out.reason = static_cast<ReasonCode>(code);
  if (in.remaining() != 0) in.properties(property_place(PacketType::kDisconnect), out.properties);
  if (sender == Sender::kServer && out.properties.has(Property::kSessionExpiryInterval))
    in.fail(protocol_error("session expiry interval from a server"));
  return in.finish();
}

DecodeResult decode_auth(Version version, Sender sender, std::uint8_t flags, Bytes body, AuthView& out) {
  out = AuthView();
  if (version != Version::k5) return malformed("reserved packet type");
  if (flags != 0) return malformed("wrong fixed header flags");
  PacketReader in(body);
  const std::uint8_t code = body.empty() ? 0 : in.u8();
  if (!reason_code_allowed(PacketType::kAuth, sender, code)) return protocol_error("not a code of this packet");
  out.reason = static_cast<ReasonCode>(code);
  if (body.empty()) return {};  // Success in its short form
  in.properties(property_place(PacketType::kAuth), out.properties);
  if (in.ok() && !out.properties.has(Property::kAuthenticationMethod))
    in.fail(protocol_error("no authentication method"));
  return in.finish();
}

}  // namespace orrery::mqtt

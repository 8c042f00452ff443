// SPDX-License-Identifier: Apache-2.0
// PINGREQ and PINGRESP (3.12, 3.13), DISCONNECT (3.14), AUTH (3.15).
#include "broker/mqtt/encode.h"
#include "broker/mqtt/packet_writer.h"

namespace orrery::mqtt {
namespace {

/// DISCONNECT and AUTH leave out what is not said: nothing at all for code 0 without properties.
template <class View>
std::size_t short_body_size(const View& view) {
  if (!view.properties.empty()) return 1 + view.properties.encoded_size();
  return view.reason == ReasonCode::kSuccess ? 0 : 1;
}

template <class View>
void write_short_body(const View& view, std::size_t body, PacketWriter& to) {
  if (body > 0) to.u8(static_cast<std::uint8_t>(view.reason));
  if (body > 1) to.section(view.properties.raw());
}

std::size_t body_size(Version version, const DisconnectView& disconnect) {
  return version == Version::k5 ? short_body_size(disconnect) : 0;
}

}  // namespace

void encode_pingreq(Buffer& out) { PacketWriter(PacketType::kPingreq, 0, 0, out); }
void encode_pingresp(Buffer& out) { PacketWriter(PacketType::kPingresp, 0, 0, out); }

std::size_t disconnect_size(Version version, const DisconnectView& disconnect) {
  return packet_size(body_size(version, disconnect));
}

void encode_disconnect(Version version, const DisconnectView& disconnect, Buffer& out) {
  const std::size_t body = body_size(version, disconnect);
  PacketWriter to(PacketType::kDisconnect, 0, body, out);
  write_short_body(disconnect, body, to);
}

std::size_t auth_size(const AuthView& auth) { return packet_size(short_body_size(auth)); }

void encode_auth(const AuthView& auth, Buffer& out) {
  const std::size_t body = short_body_size(auth);
  PacketWriter to(PacketType::kAuth, 0, body, out);
  write_short_body(auth, body, to);
}

}  // namespace orrery::mqtt

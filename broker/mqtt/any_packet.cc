// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/any_packet.h"

namespace orrery::mqtt {
namespace {

/// Overloads over one interface: each view's own encoder and size.
struct Encode {
  Version version;
  Buffer& out;
  void operator()(const PingView& v) const {
    v.type == PacketType::kPingreq ? encode_pingreq(out) : encode_pingresp(out);
  }
  void operator()(const ConnectView& v) const { encode_connect(v, out); }
  void operator()(const ConnackView& v) const { encode_connack(version, v, out); }
  void operator()(const PublishView& v) const { encode_publish(version, v, out); }
  void operator()(const AckView& v) const { encode_ack(version, v, out); }
  void operator()(const SubscribeView& v) const { encode_subscribe(version, v, out); }
  void operator()(const SubackView& v) const { encode_suback(version, v, out); }
  void operator()(const UnsubscribeView& v) const { encode_unsubscribe(version, v, out); }
  void operator()(const UnsubackView& v) const { encode_unsuback(version, v, out); }
  void operator()(const DisconnectView& v) const { encode_disconnect(version, v, out); }
  void operator()(const AuthView& v) const { encode_auth(v, out); }
};

struct Size {
  Version version;
  std::size_t operator()(const PingView&) const { return 2; }
  std::size_t operator()(const ConnectView& v) const { return connect_size(v); }
  std::size_t operator()(const ConnackView& v) const { return connack_size(version, v); }
  std::size_t operator()(const PublishView& v) const { return publish_size(version, v); }
  std::size_t operator()(const AckView& v) const { return ack_size(version, v); }
  std::size_t operator()(const SubscribeView& v) const { return subscribe_size(version, v); }
  std::size_t operator()(const SubackView& v) const { return suback_size(version, v); }
  std::size_t operator()(const UnsubscribeView& v) const { return unsubscribe_size(version, v); }
  std::size_t operator()(const UnsubackView& v) const { return unsuback_size(version, v); }
  std::size_t operator()(const DisconnectView& v) const { return disconnect_size(version, v); }
  std::size_t operator()(const AuthView& v) const { return auth_size(v); }
};

}  // namespace

bool sends(Sender sender, PacketType type) {
  switch (type) {
    case PacketType::kConnect:
    case PacketType::kSubscribe:
    case PacketType::kUnsubscribe:
    case PacketType::kPingreq:
      return sender == Sender::kClient;
    case PacketType::kConnack:
    case PacketType::kSuback:
    case PacketType::kUnsuback:
    case PacketType::kPingresp:
      return sender == Sender::kServer;
    default:
      return true;
  }
}

DecodeResult decode_any(Version version, Sender sender, const RawPacket& packet, AnyView& out) {
  const PacketType type = packet.type();
  const std::uint8_t flags = packet.flags();
  if (!sends(sender, type)) return protocol_error("packet of the other direction");
  switch (type) {
    case PacketType::kConnect:
      return decode_connect(flags, packet.body, out.emplace<ConnectView>());
    case PacketType::kConnack:
      return decode_connack(version, flags, packet.body, out.emplace<ConnackView>());
    case PacketType::kPublish:
      return decode_publish(version, sender, flags, packet.body, out.emplace<PublishView>());
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubrel:
    case PacketType::kPubcomp:
      return decode_ack(version, type, flags, packet.body, out.emplace<AckView>());
    case PacketType::kSubscribe:
      return decode_subscribe(version, flags, packet.body, out.emplace<SubscribeView>());
    case PacketType::kSuback:
      return decode_suback(version, flags, packet.body, out.emplace<SubackView>());
    case PacketType::kUnsubscribe:
      return decode_unsubscribe(version, flags, packet.body, out.emplace<UnsubscribeView>());
    case PacketType::kUnsuback:
      return decode_unsuback(version, flags, packet.body, out.emplace<UnsubackView>());
    case PacketType::kPingreq:
    case PacketType::kPingresp:
      out.emplace<PingView>().type = type;
      return decode_ping(version, flags, packet.body);
    case PacketType::kDisconnect:
      return decode_disconnect(version, sender, flags, packet.body, out.emplace<DisconnectView>());
    case PacketType::kAuth:
      return decode_auth(version, sender, flags, packet.body, out.emplace<AuthView>());
  }
  return malformed("reserved packet type");
}

void encode_any(Version version, const AnyView& view, Buffer& out) { std::visit(Encode{version, out}, view); }

std::size_t any_size(Version version, const AnyView& view) { return std::visit(Size{version}, view); }

}  // namespace orrery::mqtt

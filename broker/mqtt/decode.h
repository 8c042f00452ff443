// SPDX-License-Identifier: Apache-2.0
// Decoders: from a framed packet to a view, every rule checked that one packet alone can break (section 3).
//
// Framing (stream_decoder.h) has cut the stream and read the first byte; `flags` is its low half and `body` what
// follows the remaining length. A view points into `body` and is meaningful only when the result is ok (decode_connect
// tells more). No decoder allocates, recurses, or looks at anything but its arguments. What depends on the connection's
// state (a second CONNECT, an alias never set, a window exceeded) is the session's matter.
//
// Leniency towards MQTT 3.1, whose text says "not used" and not "must be 0": the header's flags of packets that have no
// use for them and the unused connect flags are ignored, and a user name or password that is announced but missing at
// the end of CONNECT counts as absent.
#pragma once

#include "base/types.h"
#include "broker/mqtt/packet.h"
#include "broker/mqtt/result.h"

namespace orrery::mqtt {

/// Finds the version by itself. On an error `out.version` is the one to answer in, provided that `out.known_protocol`;
/// if not, the peer does not speak MQTT and the connection is best closed without an answer. Unsupported Protocol
/// Version: another name or level. Client Identifier not valid: an empty one where the version or clean session 0
/// forbids it.
DecodeResult decode_connect(std::uint8_t flags, Bytes body, ConnectView& out);

DecodeResult decode_connack(Version version, std::uint8_t flags, Bytes body, ConnackView& out);

/// A topic is absent only with an alias. Topic Alias invalid: alias 0. Topic Name invalid: too many levels.
DecodeResult decode_publish(Version version, Sender sender, std::uint8_t flags, Bytes body, PublishView& out);

/// `type` is kPuback, kPubrec, kPubrel or kPubcomp.
DecodeResult decode_ack(Version version, PacketType type, std::uint8_t flags, Bytes body, AckView& out);

/// Topic Filter invalid: too many levels. Quota exceeded: more than kFiltersPerPacketMax filters.
DecodeResult decode_subscribe(Version version, std::uint8_t flags, Bytes body, SubscribeView& out);
DecodeResult decode_suback(Version version, std::uint8_t flags, Bytes body, SubackView& out);
DecodeResult decode_unsubscribe(Version version, std::uint8_t flags, Bytes body, UnsubscribeView& out);
DecodeResult decode_unsuback(Version version, std::uint8_t flags, Bytes body, UnsubackView& out);

/// PINGREQ and PINGRESP: no flags (3.1: any), no body.
DecodeResult decode_ping(Version version, std::uint8_t flags, Bytes body);

/// Before version 5 a server sends no DISCONNECT: Protocol Error.
DecodeResult decode_disconnect(Version version, Sender sender, std::uint8_t flags, Bytes body, DisconnectView& out);

/// Before version 5 the type is reserved: Malformed Packet.
DecodeResult decode_auth(Version version, Sender sender, std::uint8_t flags, Bytes body, AuthView& out);

}  // namespace orrery::mqtt

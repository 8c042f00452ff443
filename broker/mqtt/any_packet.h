// SPDX-License-Identifier: Apache-2.0
// Any packet as one type: for tests, fuzz targets and benchmarks, which treat all packets alike. Not part of the
// broker, where each packet has a handler of its own.
#pragma once

#include <variant>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/mqtt/packet.h"

namespace orrery::mqtt {

struct PingView {
  PacketType type = PacketType::kPingreq;
};

using AnyView = std::variant<PingView, ConnectView, ConnackView, PublishView, AckView, SubscribeView, SubackView,
                             UnsubscribeView, UnsubackView, DisconnectView, AuthView>;

/// Whether this side sends packets of this type at all.
bool sends(Sender sender, PacketType type);

/// Decodes what `sender` sent; a type that it never sends is a Protocol Error. CONNECT tells its own version.
DecodeResult decode_any(Version version, Sender sender, const RawPacket& packet, AnyView& out);

/// Appends the packet; CONNECT in its own version.
void encode_any(Version version, const AnyView& view, Buffer& out);
std::size_t any_size(Version version, const AnyView& view);

/// Whether two views say the same. Properties are the same if their bytes are.
bool same(const AnyView& a, const AnyView& b);

}  // namespace orrery::mqtt

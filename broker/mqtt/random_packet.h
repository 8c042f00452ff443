// SPDX-License-Identifier: Apache-2.0
// Random packets that are right: every field, flag, reason code and property that the version and the sender allow has
// its turn. For tests only. The views point into the generator and are valid until its next packet.
#pragma once

#include <deque>
#include <string>

#include "base/rng.h"
#include "broker/mqtt/any_packet.h"

namespace orrery::mqtt {

class RandomPacket {
 public:
  explicit RandomPacket(std::uint64_t seed) : rng_(seed) {}

  AnyView make(Version version, Sender sender);

 private:
  AnyView connect(Version version);
  AnyView connack(Version version);
  AnyView publish(Version version, Sender sender);
  AnyView ack(Version version, PacketType type);
  AnyView subscribe(Version version);
  AnyView unsubscribe(Version version);
  template <class Reply>
  AnyView reply(Version version, PacketType type);
  AnyView disconnect(Version version, Sender sender);
  AnyView auth(Sender sender);

  bool coin() { return rng_.below(2) == 0; }
  std::uint16_t packet_id() { return static_cast<std::uint16_t>(1 + rng_.below(65535)); }
  std::string_view text(std::size_t size_max);
  std::string_view topic();
  std::string_view filter(bool& shared);
  Bytes binary(std::size_t size_max);
  std::uint8_t code(Version version, PacketType type, Sender sender);
  Properties properties(Version version, PropertyPlace place, Sender sender, bool with_method = false);
  Buffer& keep() { return kept_.emplace_back(); }

  Rng rng_;
  std::deque<Buffer> kept_;
};

}  // namespace orrery::mqtt

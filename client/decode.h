// SPDX-License-Identifier: Apache-2.0
// Taking packets apart, strictly: what a server sent is checked against every rule that one packet alone can break, and
// each broken rule is named by its statement in both versions. What a client sent is taken apart for the wire log.
//
// Rules that need history (identifiers in flight, order, windows) are in cases/observer.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/packet.h"

namespace orrery::client {

enum class Sender : std::uint8_t { kServer, kClient };

/// A rule that a packet breaks. Statements without a number in one of the versions are "X-..." or empty.
struct Violation {
  std::string v311;
  std::string v5;
  std::string what;
};

struct Decoded {
  Packet packet;
  std::vector<Violation> violations;
  /// False when the fields could not be read to the end; the packet holds what came before.
  bool complete = true;
};

/// `whole` is exactly one packet, header included.
Decoded decode(std::string_view whole, Version version, Sender sender);

/// Cuts a stream into packets. A remaining length of more than four bytes makes the stream broken for good. Between
/// packets it holds no memory.
class PacketStream {
 public:
  /// A remaining length above `length_max` makes the stream broken, too.
  explicit PacketStream(std::uint32_t length_max = kVarintMax) : length_max_(length_max) {}
  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// True and the packet's bytes when a whole one is there.
  bool next(Octets& packet);
  bool broken() const { return broken_; }
  std::size_t pending() const { return buffer_.size() - at_; }
  /// Takes out what is not a whole packet.
  Octets take_rest();

 private:
  std::uint32_t length_max_;
  Octets buffer_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

/// One line for people: "PUBLISH q1 id=7 dup retain topic=\"a/b\" payload=\"x\" {Message Expiry Interval=3}".
std::string describe(const Packet& packet, Version version);
/// The line for bytes as they stand, with what is wrong about them.
std::string describe(std::string_view whole, Version version, Sender sender);
/// Text with what cannot be printed as \xNN, cut at `limit` bytes.
std::string printable(std::string_view bytes, std::size_t limit = 48);

}  // namespace orrery::client

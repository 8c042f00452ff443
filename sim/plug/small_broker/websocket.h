// SPDX-License-Identifier: Apache-2.0
// The server's half of WebSocket (RFC 6455) for the small broker: the upgrade, frames in, frames out.
//
// One object per link. take() turns bytes of the stream into bytes of MQTT and collects what has to go back (the
// response to the upgrade, pongs, close frames). Text frames, unmasked frames and reserved bits are protocol errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery::sim::small {

inline constexpr std::size_t kRequestBytesMax = 8 * 1024;
inline constexpr std::size_t kFrameBytesMax = 1024 * 1024 + 16;

class WebSocket {
 public:
  /// Appends the MQTT bytes found to `mqtt` and what must be sent to `reply`. False when the link must be closed after
  /// `reply` has gone out.
  bool take(std::string_view bytes, std::string& mqtt, std::string& reply);

  /// A binary frame around MQTT bytes.
  static std::string frame(std::string_view mqtt);

 private:
  bool take_request(std::string& reply);
  bool take_frame(std::string& mqtt, std::string& reply, bool& found);
  bool fail(std::uint16_t code, std::string& reply);

  bool upgraded_ = false;
  bool in_message_ = false;
  std::string input_;
};

/// Sec-WebSocket-Accept for a key.
std::string accept_key(std::string_view key);

}  // namespace orrery::sim::small

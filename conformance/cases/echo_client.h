// SPDX-License-Identifier: Apache-2.0
// A client of the echo (driver/echo_node.h), and how its cases are listed.
//
// Frames are taken in the exact order in which they come: a Pong that is expected before a message must be sent before
// it. After the Close nothing may follow but the end of TCP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "conformance/cases/case.h"
#include "conformance/cases/websocket_client.h"

namespace orrery::conformance {

/// Bytes of all values; neighbours, quarters and halves differ, so that none of them can be taken for another.
Octets echo_sample(std::size_t size);

class EchoClient : public WebSocketClient {
 public:
  enum class Begin : std::uint8_t { kUpgraded, kGreeted };
  /// Upgrades. Greeted it has a first message behind it, after which the echo takes frames of every size.
  explicit EchoClient(Context& context, Begin begin = Begin::kGreeted);

  /// The bytes of a message: in one frame, or in frames of `piece` bytes, the last perhaps shorter.
  Octets message(std::string_view payload, std::size_t piece = SIZE_MAX);
  /// Sends bytes of the TCP stream in pieces of that size, each a segment of its own.
  void send_cut(std::string_view bytes, std::size_t piece);

  /// The next thing that comes is a binary message, in whatever frames, with this payload.
  void expect_message(std::string_view payload);
  /// One message goes and comes: the connection works, and nothing else was on its way.
  void expect_echo(std::string_view payload = "still here");
  /// The next frame is a Pong with this payload.
  void expect_pong(std::string_view payload);
  /// The next frame is a Close with one of these codes (1005: without a code), the next thing the end of TCP.
  void expect_close(std::initializer_list<unsigned> codes);

 private:
  Context& context_;
};

/// Adds a case "echo-<id>" whose body gets a greeted client.
void add_echo(Cases& cases, const std::string& id, const char* statements, std::string what, std::string expect,
              std::function<void(Context&, EchoClient&)> body, Level level = Level::kMust);

void add_echo_frame_cases(Cases& cases);
void add_echo_close_cases(Cases& cases);

}  // namespace orrery::conformance

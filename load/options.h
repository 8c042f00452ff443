// SPDX-License-Identifier: Apache-2.0
// What one run of orrery-load is told: the command line, with emqtt-bench's letters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace orrery::load {

inline constexpr std::uint32_t kClientsMax = 4'000'000;
inline constexpr std::uint32_t kPayloadMax = 16 * 1024 * 1024 - 1024;
inline constexpr std::uint32_t kThreadsMax = 64;
/// In flight without acknowledgement when -F 0 ("infinity") was asked for: packet identifiers are 16 bits.
inline constexpr std::uint32_t kInflightMax = 60'000;

enum class Mode : std::uint8_t {
  kConnect,    // conn: connections only
  kPublish,    // pub: -c publishers
  kSubscribe,  // sub: -c subscribers
  kPair,       // pair: -c publishers and -c subscribers, one of each on a topic
};

struct Options {
  Mode mode = Mode::kConnect;

  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: 1883, or 8083 with --ws
  bool websocket = false;
  std::string path = "/mqtt";
  std::vector<std::string> source_addresses;

  std::uint32_t count = 200;
  std::uint32_t start_number = 0;
  std::uint32_t connect_rate = 0;  // per second; 0: by connect_interval
  std::uint32_t connect_interval_ms = 10;
  std::uint32_t version = 5;
  std::uint16_t keep_alive = 300;
  bool clean_start = true;
  std::uint32_t session_expiry = 0;
  std::string user_name;
  std::string password;
  std::string prefix;  // empty: made of the run's number

  std::string topic;
  std::uint32_t qos = 0;
  std::uint32_t payload_size = 256;
  std::uint32_t publish_interval_ms = 1000;
  std::uint32_t inflight = 1;  // 0: kInflightMax

  std::uint64_t limit = 0;             // messages; 0: none
  std::uint32_t duration_seconds = 0;  // 0: none
  std::uint32_t threads = 1;
  std::string json_file;

  bool publishes() const { return mode == Mode::kPublish || mode == Mode::kPair; }
  bool subscribes() const { return mode == Mode::kSubscribe || mode == Mode::kPair; }
  std::uint32_t publishers() const { return publishes() ? count : 0; }
  std::uint32_t subscribers() const { return subscribes() ? count : 0; }
  std::uint32_t connections() const { return mode == Mode::kPair ? 2 * count : count; }
  std::uint32_t inflight_max() const { return inflight == 0 ? kInflightMax : inflight; }
  std::uint16_t port_or_default() const;
  /// Time between two connects.
  Nanos connect_spacing() const;
  /// "tcp://127.0.0.1:1883", "ws://127.0.0.1:8083/mqtt".
  std::string url() const;
};

std::string_view mode_name(Mode mode);

/// Reads the command line. Nothing when the program should end now with `exit_code`: after --help (0, printed on
/// standard output), or because something is wrong (2, one sentence on standard error).
std::optional<Options> parse_options(int argc, const char* const* argv, int& exit_code);

/// "127.0.0.2,127.0.0.10-127.0.0.13" as five addresses; nothing if it is not such a list, or above 65,536 addresses.
std::optional<std::vector<std::string>> parse_addresses(std::string_view text);

/// Replaces %i by the client's number, %c by its client id and %u by its user name.
std::string expand(std::string_view text, std::uint32_t number, std::string_view client_id, std::string_view user_name);

}  // namespace orrery::load

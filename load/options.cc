// SPDX-License-Identifier: Apache-2.0
#include "load/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>

#include "base/version.h"
#include "load/payload.h"

namespace orrery::load {
namespace {

constexpr const char* kFooter =
    "-t, -u and --prefix take %i (the client's number, from -n), -t also %c (client id) and %u (user name).\n"
    "A run ends at -L messages, after --duration seconds, or at an interrupt, and then says what happened.\n"
    "Exit status: 0 good, 1 connections failed or messages were lost, 2 the run could not start.";

void add_connection_options(CLI::App& app, Options& o) {
  app.set_help_flag("--help", "Print this help and exit");
  app.add_option("-h,--host", o.host, "Broker's host name or address")->capture_default_str();
  app.add_option("-p,--port", o.port, "Broker's port (1883, or 8083 with --ws)")->check(CLI::Range(1, 65535));
  app.add_flag("--ws", o.websocket, "MQTT over WebSocket");
  app.add_option("--path", o.path, "Path of the WebSocket endpoint")->capture_default_str()->needs("--ws");
  app.add_option("-c,--count", o.count, "Clients (with pair: of each kind)")
      ->capture_default_str()
      ->check(CLI::Range(1u, kClientsMax));
  app.add_option("-n,--startnumber", o.start_number, "Number of the first client")
      ->check(CLI::Range(0u, UINT32_MAX - kClientsMax));
  app.add_option("-R,--connrate", o.connect_rate, "Connects each second (over -i)")->check(CLI::Range(1, 1'000'000));
  app.add_option("-i,--interval", o.connect_interval_ms, "Milliseconds between two connects")
      ->capture_default_str()
      ->check(CLI::Range(0, 3'600'000));
  app.add_option("-V,--version", o.version, "MQTT: 3 is 3.1, 4 is 3.1.1, 5 is 5.0")
      ->capture_default_str()
      ->check(CLI::Range(3, 5));
  app.add_option("-k,--keepalive", o.keep_alive, "Keep alive in seconds; 0: none")->capture_default_str();
  app.add_option("-C,--clean", o.clean_start, "Clean start")->capture_default_str();
  app.add_option("-x,--session-expiry", o.session_expiry, "Session expiry in seconds (MQTT 5)")->capture_default_str();
  const CLI::Option* user = app.add_option("-u,--username", o.user_name, "User name");
  app.add_option("-P,--password", o.password, "Password")->needs(const_cast<CLI::Option*>(user));
  app.add_option("--prefix", o.prefix, "Client ids are PREFIX_KIND_NUMBER");
  app.add_option("--duration", o.duration_seconds, "End so many seconds after all are connected; 0: never")
      ->check(CLI::Range(0, 10'000'000));
  app.add_option("--threads", o.threads, "Threads that carry connections")
      ->capture_default_str()
      ->check(CLI::Range(1u, kThreadsMax));
  app.add_option_function<std::string>(
         "--ifaddr",
         [&o](const std::string& text) {
           const auto addresses = parse_addresses(text);
           if (!addresses)
             throw CLI::ValidationError("--ifaddr", "takes addresses such as 127.0.0.2-127.0.0.9,127.0.0.20");
           o.source_addresses = *addresses;
         },
         "Source addresses, used in turn: each carries as many connections as there are ephemeral ports")
      ->type_name("LIST");
  app.add_option("--json", o.json_file, "Write the report to this file too")->type_name("FILE");
  app.footer(kFooter);
}

void add_traffic_options(CLI::App& app, Options& o, bool topic_required) {
  CLI::Option* topic = app.add_option("-t,--topic", o.topic, "Topic (pair: t/%i)");
  if (topic_required) topic->required();
  app.add_option("-q,--qos", o.qos, "Quality of service")->capture_default_str()->check(CLI::Range(0, 2));
  app.add_option("-L,--limit", o.limit, "End after so many messages; 0: no limit");
}

void add_publish_options(CLI::App& app, Options& o) {
  app.add_option("-s,--size", o.payload_size, "Payload bytes, at least the 24 of the stamp")
      ->capture_default_str()
      ->check(CLI::Range(static_cast<std::uint32_t>(kStampSize), kPayloadMax));
  app.add_option("-I,--interval_of_msg", o.publish_interval_ms, "Milliseconds between two messages of one publisher")
      ->capture_default_str()
      ->check(CLI::Range(1, 3'600'000));
  app.add_option("-F,--inflight", o.inflight, "Unacknowledged messages of one publisher above QoS 0; 0: no limit")
      ->capture_default_str()
      ->check(CLI::Range(0u, kInflightMax));
}

/// a.b.c.d as a number.
std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  if (text.empty() || text.back() == '.') return std::nullopt;
  std::uint32_t address = 0;
  int parts = 0;
  while (!text.empty() && parts < 4) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || part.find_first_not_of("0123456789") != part.npos) return std::nullopt;
    const int value = std::stoi(std::string(part));
    if (value > 255) return std::nullopt;
    address = address << 8 | static_cast<std::uint32_t>(value);
    ++parts;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  if (parts != 4 || !text.empty()) return std::nullopt;
  return address;
}

std::string format_ipv4(std::uint32_t address) {
  char text[16];
  std::snprintf(text, sizeof text, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
                address & 255);
  return text;
}

}  // namespace

std::uint16_t Options::port_or_default() const { return port != 0 ? port : websocket ? 8083 : 1883; }

Nanos Options::connect_spacing() const {
  return connect_rate != 0 ? kSecond / connect_rate : static_cast<Nanos>(connect_interval_ms) * kMillisecond;
}

std::string Options::url() const {
  const std::string host_text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return (websocket ? "ws://" : "tcp://") + host_text + ":" + std::to_string(port_or_default()) +
         (websocket ? path : "");
}

std::string_view mode_name(Mode mode) {
  static constexpr std::string_view kNames[] = {"conn", "pub", "sub", "pair"};
  return kNames[static_cast<int>(mode)];
}

std::optional<Options> parse_options(int argc, const char* const* argv, int& exit_code) {
  Options o;
  CLI::App app("Load on an MQTT broker: connections, publishers, subscribers, and latency under an open loop",
               "orrery-load");
  app.set_version_flag("--version", fmt::format("orrery-load {} ({})", orrery::version(), orrery::commit()));
  app.set_help_flag("--help", "Print this help and exit");
  app.require_subcommand(1);
  const std::array<CLI::App*, 4> commands = {
      app.add_subcommand("conn", "Connect, and stay connected"),
      app.add_subcommand("pub", "Publish at a fixed rate, whatever the broker does"),
      app.add_subcommand("sub", "Subscribe, and measure what comes"),
      app.add_subcommand("pair", "Publish and subscribe in one process, one subscriber for each publisher")};
  for (CLI::App* command : commands) add_connection_options(*command, o);
  add_traffic_options(*commands[1], o, true);
  add_traffic_options(*commands[2], o, true);
  add_traffic_options(*commands[3], o, false);
  add_publish_options(*commands[1], o);
  add_publish_options(*commands[3], o);
  try {
    app.parse(argc, argv);
    for (std::size_t i = 0; i < commands.size(); ++i)
      if (commands[i]->parsed()) o.mode = static_cast<Mode>(i);
    if (o.mode == Mode::kPair && o.topic.empty()) o.topic = "t/%i";
    if (o.mode == Mode::kPair && o.topic.find("%i") == std::string::npos)
      throw CLI::ValidationError("--topic", "needs %i here, so that each publisher has a subscriber of its own");
    if (o.websocket && (o.path.empty() || o.path[0] != '/')) throw CLI::ValidationError("--path", "begins with /");
  } catch (const CLI::Success& e) {  // --help, --version
    exit_code = app.exit(e);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "orrery-load: %s (--help says what is valid)\n", e.what());
    exit_code = 2;
    return std::nullopt;
  }
  return o;
}

std::optional<std::vector<std::string>> parse_addresses(std::string_view text) {
  static constexpr std::size_t kAddressesMax = 65'536;
  std::vector<std::string> addresses;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    const std::size_t dash = std::min(item.find('-'), item.size());
    const auto first = parse_ipv4(item.substr(0, dash));
    const auto last = dash == item.size() ? first : parse_ipv4(item.substr(dash + 1));
    if (!first || !last || *last < *first || *last - *first >= kAddressesMax - addresses.size()) return std::nullopt;
    for (std::uint32_t address = *first;; ++address) {
      addresses.push_back(format_ipv4(address));
      if (address == *last) break;
    }
    if (comma == text.size()) return addresses;
    text.remove_prefix(comma + 1);
  }
}

std::string expand(std::string_view text, std::uint32_t number, std::string_view client_id,
                   std::string_view user_name) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '%' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 'i') {
      out += std::to_string(number);
    } else if (next == 'c') {
      out += client_id;
    } else if (next == 'u') {
      out += user_name;
    } else {
      out.push_back(text[i]);
      continue;
    }
    ++i;
  }
  return out;
}

}  // namespace orrery::load

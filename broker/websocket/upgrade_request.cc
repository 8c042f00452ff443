// SPDX-License-Identifier: Apache-2.0
#include "broker/websocket/upgrade_request.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>

#include "base/base64.h"
#include "broker/websocket/limits.h"

namespace orrery::websocket {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BoostView = boost::beast::string_view;

std::string_view view(BoostView text) { return {text.data(), text.size()}; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Takes the next element off a comma-separated list, without the blanks around it; each character is looked at once.
std::string_view take_element(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  std::string_view element = list.substr(0, comma);
  list.remove_prefix(std::min(comma + 1, list.size()));
  const std::size_t first = element.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return element.substr(first, element.find_last_not_of(" \t") - first + 1);
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty())
    if (equals_ignoring_case(take_element(list), token)) return true;
  return false;
}

constexpr std::string_view kStandardProtocol = "mqtt";
constexpr std::string_view kProtocols[] = {kStandardProtocol, "mqttv3.1", "mqtt-v3", "mqtt-v3.1.1", "mqtt-v5"};

/// Beast calls back for the request line and each field; what is not needed is passed over.
class Reader : public http::basic_parser<true> {
 public:
  explicit Reader(const HandshakeOptions& options) : options_(options) {}
  UpgradeRequest request;

 private:
  void on_request_impl(http::verb method, BoostView, BoostView target, int version, error_code&) override {
    request.get = method == http::verb::get;
    request.target = view(target);
    request.http_1_1 = version >= 11;
  }
  void on_field_impl(http::field name, BoostView, BoostView value, error_code&) override { field(name, view(value)); }
  void on_header_impl(error_code&) override {}
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, BoostView, int, error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BoostView body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, BoostView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BoostView body, error_code&) override { return body.size(); }

  void field(http::field name, std::string_view value);
  void offered(std::string_view list);
  static void count(std::uint8_t& n) { n = static_cast<std::uint8_t>(std::min(n + 1, 255)); }

  const HandshakeOptions& options_;
};

void Reader::field(http::field name, std::string_view value) {
  switch (name) {
    case http::field::host:
      count(request.hosts);
      break;
    case http::field::upgrade:
      request.upgrade_websocket = request.upgrade_websocket || has_token(value, "websocket");
      break;
    case http::field::connection:
      request.connection_upgrade = request.connection_upgrade || has_token(value, "upgrade");
      break;
    case http::field::sec_websocket_key:
      count(request.keys);
      request.key_good = value.size() == kKeyTextSize && base64_decoded_size(value) == 16;
      if (request.key_good) std::copy(value.begin(), value.end(), request.key.begin());
      break;
    case http::field::sec_websocket_version:
      count(request.versions);
      request.version_13 = value == "13";
      break;
    case http::field::sec_websocket_protocol:
      offered(value);
      break;
    case http::field::origin:
      count(request.origins);
      request.origin_allowed = options_.allowed_origins.empty() ||
                               std::find(options_.allowed_origins.begin(), options_.allowed_origins.end(), value) !=
                                   options_.allowed_origins.end();
      break;
    case http::field::transfer_encoding:
      request.has_body = true;
      break;
    case http::field::content_length:
      request.has_body = request.has_body || value != "0";
      break;
    default:
      break;
  }
}

/// `mqtt` wins wherever it stands, since that is what [MQTT-6.0.0-4] has the server answer; else the first one of ours.
void Reader::offered(std::string_view list) {
  request.protocol_offered = true;
  while (!list.empty()) {
    const std::string_view element = take_element(list);
    for (const std::string_view ours : kProtocols)
      if (element == ours && (request.protocol.empty() || ours == kStandardProtocol)) request.protocol = ours;
  }
}

const char* sentence(const error_code& error) {
  if (error == http::error::bad_method) return "The request line has no valid method.";
  if (error == http::error::bad_target) return "The request line has no valid target.";
  if (error == http::error::bad_version) return "The request line does not end in HTTP/1.1.";
  if (error == http::error::bad_field) return "A header field has no valid name.";
  return "A header field has no valid value.";
}

}  // namespace

UpgradeRequest read_upgrade_request(Bytes header, const HandshakeOptions& options) {
  Reader reader(options);
  reader.header_limit(kRequestBytesMax);
  error_code error;
  reader.put(boost::asio::buffer(header.data(), header.size()), error);
  if (error) reader.request.malformed = sentence(error);
  return reader.request;
}

}  // namespace orrery::websocket

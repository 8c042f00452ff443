// SPDX-License-Identifier: Apache-2.0
// The client's half of the upgrade. SHA-1 and base64 come from OpenSSL, which the broker's WebSocket layer does not
// use.
#include "client/handshake.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace orrery::client {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_token(const std::vector<std::string>& values, std::string_view token) {
  for (const std::string& value : values) {
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (lower(trim(rest.substr(0, comma))) == token) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

bool offers(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (trim(list.substr(0, comma)) == name) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

Octets encode_request(const UpgradeRequest& r) {
  Octets out = r.method + " " + r.path + " " + r.http + "\r\n";
  const auto field = [&out](const char* name, const std::optional<std::string>& value) {
    if (value) out += std::string(name) + ": " + *value + "\r\n";
  };
  field("Host", r.host);
  field("Upgrade", r.upgrade);
  field("Connection", r.connection);
  field("Sec-WebSocket-Key", r.key);
  field("Sec-WebSocket-Version", r.version);
  field("Sec-WebSocket-Protocol", r.protocol);
  field("Sec-WebSocket-Extensions", r.extensions);
  for (const auto& [name, value] : r.more) field(name.c_str(), value);
  return out + "\r\n";
}

std::vector<std::string> HttpResponse::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [n, v] : fields)
    if (n == name) out.push_back(v);
  return out;
}

std::optional<std::pair<HttpResponse, std::size_t>> parse_response(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  HttpResponse response;
  std::string_view head = bytes.substr(0, end);
  while (!head.empty()) {
    const std::size_t eol = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, eol);
    head.remove_prefix(std::min(eol + 2, head.size()));
    if (response.status_line.empty()) {
      response.status_line = line;
      if (line.rfind("HTTP/1.", 0) == 0 && line.size() >= 12)
        response.status = std::atoi(response.status_line.c_str() + 9);
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    response.fields.emplace_back(lower(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
  return std::make_pair(std::move(response), end + 4);
}

std::string accept_for(std::string_view key) {
  const std::string input = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha1(), nullptr);
  unsigned char out[64];
  const int length = EVP_EncodeBlock(out, digest, static_cast<int>(size));
  return std::string(reinterpret_cast<const char*>(out), static_cast<std::size_t>(length));
}

std::vector<std::string> check_upgrade(const UpgradeRequest& request, const HttpResponse& response) {
  std::vector<std::string> errors;
  if (response.status != 101) errors.push_back("the status is not 101: " + response.status_line);
  if (!has_token(response.all("upgrade"), "websocket")) errors.push_back("Upgrade does not say websocket");
  if (!has_token(response.all("connection"), "upgrade")) errors.push_back("Connection does not say Upgrade");
  const std::vector<std::string> accept = response.all("sec-websocket-accept");
  if (accept.size() != 1 || accept[0] != accept_for(request.key.value_or("")))
    errors.push_back("Sec-WebSocket-Accept is wrong or missing");
  const std::vector<std::string> protocols = response.all("sec-websocket-protocol");
  if (protocols.size() > 1) errors.push_back("Sec-WebSocket-Protocol is given more than once");
  for (const std::string& p : protocols)
    if (!offers(request.protocol.value_or(""), p)) errors.push_back("subprotocol \"" + p + "\" was not offered");
  if (!response.all("sec-websocket-extensions").empty() && !request.extensions)
    errors.push_back("an extension is accepted that was not offered");
  return errors;
}

}  // namespace orrery::client

// SPDX-License-Identifier: Apache-2.0
// HTTP responses as bytes, by Beast's serialiser. No Date field: a node knows how long it has run, not what time it is
// (RFC 9110, 6.6.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/admin/http_request.h"

namespace orrery::admin {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

struct HttpResponse {
  std::uint16_t status = 200;
  std::string_view content_type = kJson;
  std::string body;
  /// For 405: the methods that would be right.
  std::string_view allow = {};
  /// Why it is an error, for the note; static storage. Empty: nobody is told but the client.
  std::string_view why = {};
};

/// {"code": ..., "message": ...} with the status, as ECOSYSTEM's clients of EMQX expect errors.
HttpResponse error_response(const HttpRefusal& refusal);
HttpResponse error_response(std::uint16_t status, std::string_view code, std::string_view message);

struct HttpResponseForm {
  bool head = false;  // the header alone, as an answer to HEAD
  bool http_1_1 = true;
  bool keep_alive = true;
};
void append_response(std::vector<std::uint8_t>& out, const HttpResponse& response, const HttpResponseForm& form);

/// The text as a JSON string, with its quotes. Bytes that are no UTF-8 must not be given.
void append_json_text(std::string& out, std::string_view text);

}  // namespace orrery::admin

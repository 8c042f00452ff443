// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/http_response.h"

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>

#include "base/assert.h"

namespace orrery::admin {

namespace http = boost::beast::http;

void append_json_text(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

HttpResponse error_response(std::uint16_t status, std::string_view code, std::string_view message) {
  HttpResponse out;
  out.status = status;
  out.body = "{\"code\":";
  append_json_text(out.body, code);
  out.body += ",\"message\":";
  append_json_text(out.body, message);
  out.body += "}\n";
  return out;
}

HttpResponse error_response(const HttpRefusal& refusal) {
  HttpResponse out = error_response(refusal.status, refusal.code, refusal.message);
  out.why = refusal.message;
  return out;
}

void append_response(std::vector<std::uint8_t>& out, const HttpResponse& response, const HttpResponseForm& form) {
  http::response<http::empty_body> message;
  message.version(form.http_1_1 ? 11 : 10);
  message.result(response.status);
  message.set(http::field::server, "orrery");
  message.set(http::field::content_type, {response.content_type.data(), response.content_type.size()});
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (!response.allow.empty()) message.set(http::field::allow, {response.allow.data(), response.allow.size()});
  message.content_length(response.body.size());
  message.keep_alive(form.keep_alive);

  http::serializer<false, http::empty_body> serializer(message);
  boost::beast::error_code error;
  while (!serializer.is_done() && !error) {
    serializer.next(error, [&](boost::beast::error_code&, const auto& buffers) {
      std::size_t size = 0;
      for (const auto part : boost::beast::buffers_range_ref(buffers)) {
        const auto* bytes = static_cast<const std::uint8_t*>(part.data());
        out.insert(out.end(), bytes, bytes + part.size());
        size += part.size();
      }
      serializer.consume(size);
    });
  }
  ORRERY_ASSERT(!error);
  if (!form.head) out.insert(out.end(), response.body.begin(), response.body.end());
}

}  // namespace orrery::admin

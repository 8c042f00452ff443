// SPDX-License-Identifier: Apache-2.0
// Requests in text, described in text; each one whole, and cut at every byte.
#include "broker/admin/http_request.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/admin/limits.h"

namespace orrery::admin {
namespace {

using Status = HttpRequestReader::Status;

/// Feeds pieces of `size` bytes. "METHOD path?query version keep|close body", or "STATUS CODE message", or "more".
std::string read(std::string_view stream, std::size_t size, std::size_t* taken = nullptr) {
  Heap heap;
  std::string out = "more";
  std::size_t at = 0;
  {
    HttpRequestReader reader(heap);
    std::string continued;
    while (at < stream.size()) {
      const Bytes piece = as_bytes(stream.substr(at, size));
      std::size_t consumed = 0;
      const Status status = reader.feed(piece, consumed);
      EXPECT_LE(consumed, piece.size());
      EXPECT_LE(reader.buffered(), kRequestHeaderBytesMax + kRequestBodyBytesMax + 2 * kRequestTargetBytesMax);
      at += consumed;
      if (status == Status::kContinue) continued = "(continue) ";
      if (status == Status::kRequest) {
        const HttpRequest& r = reader.request();
        out = continued + std::string(r.method) + " " + std::string(r.path);
        if (!r.query.empty()) out += "?" + std::string(r.query);
        out += r.http_1_1 ? " 1.1" : " 1.0";
        out += r.keep_alive ? " keep" : " close";
        if (!r.body.empty()) out += " " + std::string(as_text(r.body));
        break;
      }
      if (status == Status::kRefused) {
        const HttpRefusal why = reader.refusal();
        out = std::to_string(why.status) + " " + why.code + " " + why.message;
        break;
      }
    }
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
  if (taken != nullptr) *taken = at;
  return out;
}

/// The same however it is cut.
std::string read(const std::string& stream) {
  const std::string whole = read(stream, stream.size());
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{4096}})
    EXPECT_EQ(read(stream, size), whole) << "in pieces of " << size;
  return whole;
}

TEST(HttpRequest, IsReadHoweverItIsCut) {
  EXPECT_EQ(read("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /metrics 1.1 keep");
  EXPECT_EQ(read("\r\n\r\nHEAD /status?x=1 HTTP/1.1\r\nhost: a\r\nConnection: close\r\n\r\n"),
            "HEAD /status?x=1 1.1 close");
  EXPECT_EQ(read("GET /status HTTP/1.0\r\n\r\n"), "GET /status 1.0 close");
  EXPECT_EQ(read("GET /status HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "GET /status 1.0 keep");
  EXPECT_EQ(read("GET http://node:18083/metrics?a HTTP/1.1\r\nHost: node\r\n\r\n"), "GET /metrics?a 1.1 keep");
  EXPECT_EQ(read("GET http://node HTTP/1.1\r\nHost: node\r\n\r\n"), "GET / 1.1 keep");
  EXPECT_EQ(read("OPTIONS * HTTP/1.1\r\nHost: node\r\n\r\n"), "OPTIONS * 1.1 keep");
  EXPECT_EQ(read("BREW /pot HTTP/1.1\r\nHost: node\r\n\r\n"), "BREW /pot 1.1 keep");
}

TEST(HttpRequest, HasItsBody) {
  EXPECT_EQ(read("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), "POST /x 1.1 keep hello");
  EXPECT_EQ(read("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello", 70),
            "(continue) POST /x 1.1 keep hello");
  EXPECT_EQ(read("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell"), "more");
}

TEST(HttpRequest, LeavesWhatComesBehindIt) {
  const std::string first = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
  for (std::size_t size = 1; size < first.size() + 20; ++size) {
    std::size_t taken = 0;
    EXPECT_EQ(read(first + "GET /y HTTP/1.1\r\n", size, &taken), "POST /x 1.1 keep hi");
    EXPECT_EQ(taken, first.size()) << size;
  }
}

TEST(HttpRequest, IsRefusedWhenItIsNone) {
  EXPECT_EQ(read("\x16\x03\x01\x02"), "400 BAD_REQUEST This is not HTTP: a request begins with its method.");
  for (const char* text :
       {"GET /\x01 HTTP/1.1\r\n", "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nX: \x7F", "G\r\r"})
    EXPECT_EQ(read(text), "400 BAD_REQUEST A header has no control bytes, and its lines end with CR LF.") << text;
  EXPECT_EQ(read("G@T / HTTP/1.1\r\nHost: a\r\n\r\n"), "400 BAD_REQUEST The request line has no valid method.");
  EXPECT_EQ(read("GET  HTTP/1.1\r\nHost: a\r\n\r\n"), "400 BAD_REQUEST The request line has no valid target.");
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n"), "400 BAD_REQUEST A header field has no valid name.");
  EXPECT_EQ(read("GET / HTTP/1.1\r\n\r\n"), "400 BAD_REQUEST Exactly one Host field is needed.");
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "400 BAD_REQUEST Exactly one Host field is needed.");
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n").substr(0, 3), "400");
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n").substr(0, 3), "400");
  for (const char* coding : {"chunked", "gzip, chunked", "gzip"})
    EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + std::string(coding) + "\r\n\r\n0\r\n\r\n"),
              "411 LENGTH_REQUIRED A body is taken with Content-Length only, not in chunks.")
        << coding;
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"),
            "417 EXPECTATION_FAILED The only expectation served is 100-continue.");
  for (const char* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTQ/1.1", "HTTP/1"})
    EXPECT_EQ(read("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n").substr(0, 3), "505") << version;
}

TEST(HttpRequest, IsRefusedBeyondTheLimits) {
  const std::string host = " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(read("GET /" + std::string(kRequestTargetBytesMax - 1, 'x') + host, 9000).substr(0, 3), "GET");
  EXPECT_EQ(read("GET /" + std::string(kRequestTargetBytesMax, 'x') + host).substr(0, 3), "414");
  EXPECT_EQ(read("GET /" + std::string(kRequestHeaderBytesMax, 'x')).substr(0, 3), "414");
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(kRequestHeaderBytesMax, 'x')).substr(0, 3), "431");
  std::string fields = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < kRequestFieldsMax; ++i) fields += "X: y\r\n";
  EXPECT_EQ(read(fields + "\r\n"), "GET / 1.1 keep");
  EXPECT_EQ(read(fields + "X: y\r\n\r\n").substr(0, 3), "431");
}

TEST(HttpRequest, OfALargeBodyIsRefusedAsSoonAsThatIsSeen) {
  const std::string most = std::to_string(kRequestBodyBytesMax), more = std::to_string(kRequestBodyBytesMax + 1);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  EXPECT_EQ(read(head + most + "\r\n\r\n" + std::string(kRequestBodyBytesMax, 'b')).substr(0, 4), "POST");
  EXPECT_EQ(read(head + more + "\r\n\r\n"), "413 BODY_TOO_LARGE The request's body is larger than 65536 bytes.");
}

}  // namespace
}  // namespace orrery::admin

// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/http_request.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <memory>
#include <new>

#include "broker/admin/limits.h"

namespace orrery::admin {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BoostView = boost::beast::string_view;

constexpr HttpRefusal kTargetTooLong = {414, "URI_TOO_LONG", "The request's target is longer than 2048 bytes."};
constexpr HttpRefusal kHeaderTooLarge = {431, "HEADER_TOO_LARGE",
                                         "The request's header is larger than 8192 bytes or has more than 64 fields."};
constexpr HttpRefusal kBodyTooLarge = {413, "BODY_TOO_LARGE", "The request's body is larger than 65536 bytes."};
constexpr HttpRefusal kVersion = {505, "VERSION_NOT_SUPPORTED", "HTTP/1.1 and HTTP/1.0 are served here."};
constexpr HttpRefusal kExpectation = {417, "EXPECTATION_FAILED", "The only expectation served is 100-continue."};
constexpr HttpRefusal kChunked = {411, "LENGTH_REQUIRED", "A body is taken with Content-Length only, not in chunks."};
constexpr HttpRefusal kNoHttp = {400, "BAD_REQUEST", "This is not HTTP: a request begins with its method."};
constexpr HttpRefusal kControlByte = {400, "BAD_REQUEST",
                                      "A header has no control bytes, and its lines end with CR LF."};
constexpr HttpRefusal kHost = {400, "BAD_REQUEST", "Exactly one Host field is needed."};
static_assert(kRequestTargetBytesMax == 2048 && kRequestHeaderBytesMax == 8192 && kRequestFieldsMax == 64 &&
                  kRequestBodyBytesMax == 65536,
              "the sentences above say so in words");

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equals_ignoring_case(BoostView a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

HttpRefusal malformed(const error_code& error) {
  HttpRefusal out;
  if (error == http::error::bad_version) return kVersion;
  if (error == http::error::body_limit) return kBodyTooLarge;
  if (error == http::error::header_limit) return kHeaderTooLarge;
  if (error == http::error::bad_method)
    out.message = "The request line has no valid method.";
  else if (error == http::error::bad_target)
    out.message = "The request line has no valid target.";
  else if (error == http::error::bad_field)
    out.message = "A header field has no valid name.";
  else if (error == http::error::bad_content_length || error == http::error::multiple_content_length)
    out.message = "Content-Length must be one whole number.";
  else if (error == http::error::bad_transfer_encoding)
    return kChunked;
  else
    out.message = "A header field has no valid value or line end.";
  return out;
}

/// Of a header that has no end within its limit: whether the target is to blame.
bool target_too_long(Bytes header) {
  const std::string_view text = as_text(header);
  const std::string_view line = text.substr(0, text.find('\r'));
  const std::size_t begin = line.find(' ');
  if (begin == std::string_view::npos) return false;
  const std::string_view rest = line.substr(begin + 1);
  return rest.substr(0, rest.find(' ')).size() > kRequestTargetBytesMax;
}

/// The path and the query of a target that may have scheme and host before them (RFC 9112, 3.2.2).
void split_target(std::string_view target, std::string_view& path, std::string_view& query) {
  const std::size_t scheme = target.find("://");
  if (scheme != std::string_view::npos && target.front() != '/') {
    target.remove_prefix(scheme + 3);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  path = target.substr(0, target.find('?'));
  query = path.size() == target.size() ? std::string_view() : target.substr(path.size() + 1);
  if (path.empty()) path = "/";
}

}  // namespace

/// Beast calls back for what it finds. Its parser of chunks is never reached: it asserts on some that are cut (Boost
/// 1.81).
class HttpRequestReader::Parser : public http::basic_parser<true> {
 public:
  explicit Parser(HttpRequestReader& owner) : owner_(owner) {
    eager(true);
    header_limit(kRequestHeaderBytesMax + 1);  // the reader's own limit comes first
    body_limit(kRequestBodyBytesMax);
  }

  /// Why a callback has stopped the parser; null when it was Beast itself.
  const HttpRefusal* refusal() const { return refusal_; }
  /// True once: when the header is whole, and the client waits before it sends a body.
  bool take_expectation() {
    const bool now = expects_ && is_header_done() && !is_done();
    if (now) expects_ = false;
    return now;
  }

 private:
  void on_request_impl(http::verb, BoostView method, BoostView target, int version, error_code& error) override {
    owner_.request_.http_1_1 = version >= 11;
    if (target.size() > kRequestTargetBytesMax) return stop(kTargetTooLong, error);
    owner_.method_.assign(method.begin(), method.end());
    owner_.target_.assign(target.begin(), target.end());
  }
  void on_field_impl(http::field name, BoostView, BoostView value, error_code& error) override {
    if (++fields_ > kRequestFieldsMax) return stop(kHeaderTooLarge, error);
    if (name == http::field::transfer_encoding) return stop(kChunked, error);
    if (name == http::field::host) ++hosts_;
    if (name != http::field::expect) return;
    if (!equals_ignoring_case(value, "100-continue")) return stop(kExpectation, error);
    expects_ = owner_.request_.http_1_1;
  }
  void on_header_impl(error_code& error) override {
    if (owner_.request_.http_1_1 ? hosts_ != 1 : hosts_ > 1) stop(kHost, error);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BoostView body, error_code&) override {
    owner_.body_.insert(owner_.body_.end(), body.begin(), body.end());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, BoostView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BoostView body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, BoostView, int, error_code&) override {}

  void stop(const HttpRefusal& why, error_code& error) {
    refusal_ = &why;
    error = http::error::bad_field;
  }

  HttpRequestReader& owner_;
  const HttpRefusal* refusal_ = nullptr;
  std::size_t fields_ = 0;
  std::size_t hosts_ = 0;
  bool expects_ = false;
};

HttpRequestReader::HttpRequestReader(Heap& heap)
    : heap_(heap),
      buffer_(HeapAllocator<std::uint8_t>(heap)),
      method_(HeapAllocator<std::uint8_t>(heap)),
      target_(HeapAllocator<std::uint8_t>(heap)),
      body_(HeapAllocator<std::uint8_t>(heap)) {}

HttpRequestReader::~HttpRequestReader() { reset(); }

void HttpRequestReader::reset() {
  if (parser_ != nullptr) {
    std::destroy_at(parser_);
    heap_.free(parser_, sizeof(Parser));
    parser_ = nullptr;
  }
  for (Buffer* buffer : {&buffer_, &method_, &target_, &body_})
    Buffer(HeapAllocator<std::uint8_t>(heap_)).swap(*buffer);
  request_ = {};
  refusal_ = {};
  end_matched_ = 0;
}

HttpRequestReader::Status HttpRequestReader::feed(Bytes chunk, std::size_t& consumed) {
  consumed = 0;
  if (parser_ == nullptr) {
    // Empty lines before a request are passed over (RFC 9112, 2.2).
    if (buffer_.empty())
      while (consumed < chunk.size() && (chunk[consumed] == '\r' || chunk[consumed] == '\n')) ++consumed;
    const std::optional<Status> status = take_header(chunk, consumed);
    if (status == Status::kRefused) consumed = chunk.size();
    if (status) return *status;
  }
  const Status status = take_body(chunk.subspan(consumed), consumed);
  return status == Status::kNeedMore && parser_->take_expectation() ? Status::kContinue : status;
}

/// Looks at each byte once, wherever the stream was cut, and parses the header when it is whole: so what is answered
/// depends on the bytes alone. Nothing is returned when it is parsed. What cannot become a header is refused at its
/// first byte that shows it.
std::optional<HttpRequestReader::Status> HttpRequestReader::take_header(Bytes chunk, std::size_t& consumed) {
  static constexpr std::uint8_t kEnd[4] = {'\r', '\n', '\r', '\n'};
  const std::size_t begin = consumed;
  const std::size_t size = std::min(chunk.size() - begin, kRequestHeaderBytesMax - buffer_.size());
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte = chunk[begin + i];
    if (buffer_.empty() && i == 0 && (byte <= ' ' || byte >= 0x7F)) return refuse(kNoHttp);
    const bool after_cr = end_matched_ % 2 == 1;
    if ((byte >= ' ' || byte == '\t') && byte != 0x7F && !after_cr) {
      end_matched_ = 0;
      continue;
    }
    // What is left is CR, LF, and bytes that no header has; LF comes after CR and nowhere else.
    if (byte != kEnd[after_cr ? 1 : 0]) return refuse(kControlByte);
    if (++end_matched_ < 4) continue;
    consumed += i + 1;
    buffer_.insert(buffer_.end(), chunk.data() + begin, chunk.data() + consumed);
    return parse_header();
  }
  consumed += size;
  buffer_.insert(buffer_.end(), chunk.data() + begin, chunk.data() + consumed);
  if (buffer_.size() == kRequestHeaderBytesMax)
    return refuse(target_too_long(buffer_) ? kTargetTooLong : kHeaderTooLarge);
  return Status::kNeedMore;
}

std::optional<HttpRequestReader::Status> HttpRequestReader::parse_header() {
  parser_ = new (heap_.allocate(sizeof(Parser))) Parser(*this);
  error_code error;
  parser_->put(boost::asio::buffer(buffer_.data(), buffer_.size()), error);
  Buffer(HeapAllocator<std::uint8_t>(heap_)).swap(buffer_);
  if (parser_->refusal() != nullptr) return refuse(*parser_->refusal());
  if (error) return refuse(malformed(error));
  return std::nullopt;
}

HttpRequestReader::Status HttpRequestReader::take_body(Bytes chunk, std::size_t& consumed) {
  if (!parser_->is_done()) {
    if (chunk.empty()) return Status::kNeedMore;
    error_code error;
    consumed += parser_->put(boost::asio::buffer(chunk.data(), chunk.size()), error);
    if (error) return refuse(malformed(error));
    if (!parser_->is_done()) return Status::kNeedMore;
  }
  finish();
  return Status::kRequest;
}

HttpRequestReader::Status HttpRequestReader::refuse(HttpRefusal why) {
  refusal_ = why;
  return Status::kRefused;
}

void HttpRequestReader::finish() {
  request_.method = as_text(method_);
  split_target(as_text(target_), request_.path, request_.query);
  request_.body = body_;
  request_.keep_alive = parser_->keep_alive();
}

}  // namespace orrery::admin

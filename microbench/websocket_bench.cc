// SPDX-License-Identifier: Apache-2.0
// What WebSocket costs: frames of 256 B and 4 KiB parsed and unmasked, and the opening handshake; Beast's stream on the
// same bytes, from memory too, is the baseline. Both must read the same payload: its hash is the label, and a
// difference is an error.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/beast/websocket.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "base/rng.h"
#include "broker/websocket/frame_decoder.h"
#include "broker/websocket/handshake.h"
#include "broker/websocket/test_frames.h"
#include "microbench/check.h"

namespace {

using namespace orrery;
namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::size_t kFrames = 64;

/// An endless supply: the same bytes again and again, as a synchronous stream for Beast. What it writes is counted.
class MemoryStream {
 public:
  using executor_type = asio::io_context::executor_type;
  explicit MemoryStream(asio::io_context& io) : io_(io) {}
  executor_type get_executor() { return io_.get_executor(); }

  void supply(std::string_view bytes) { bytes_ = bytes, at_ = 0; }
  std::size_t written() const { return written_; }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, boost::system::error_code& error) {
    error = {};
    const std::size_t n = asio::buffer_copy(buffers, asio::buffer(bytes_.data() + at_, bytes_.size() - at_));
    at_ = (at_ + n) % bytes_.size();
    return n;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::system::error_code error;
    return read_some(buffers, error);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, boost::system::error_code& error) {
    error = {};
    written_ += beast::buffer_bytes(buffers);
    return beast::buffer_bytes(buffers);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    boost::system::error_code error;
    return write_some(buffers, error);
  }

 private:
  asio::io_context& io_;
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t written_ = 0;
};

/// Beast asks for it by argument-dependent lookup: what a failed stream does with its socket.
void teardown(beast::role_type, MemoryStream&, boost::system::error_code& error) { error = {}; }

std::string frames(std::size_t payload_size) {
  Rng rng(42);
  std::string all;
  for (std::size_t i = 0; i < kFrames; ++i) {
    std::string payload(payload_size, '\0');
    for (char& c : payload) c = static_cast<char>(rng.below(256));
    websocket::test::FrameSpec spec;
    spec.key = static_cast<std::uint32_t>(rng.next());
    all += websocket::test::frame(payload, spec);
  }
  return all;
}

/// Reads the first and last eight bytes of a frame's payload: enough to notice a wrong mask, cheap enough to be left
/// in.
std::uint64_t digest(std::uint64_t hash, const std::uint8_t* payload, std::size_t size) {
  std::uint64_t ends[2];
  std::memcpy(ends, payload, 8);
  std::memcpy(ends + 1, payload + size - 8, 8);
  return mix64(hash ^ ends[0]) + ends[1];
}

std::uint64_t expected_digest(std::size_t payload_size) {
  Rng rng(42);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < kFrames; ++i) {
    std::vector<std::uint8_t> payload(payload_size);
    for (std::uint8_t& b : payload) b = static_cast<std::uint8_t>(rng.below(256));
    rng.next();
    hash = digest(hash, payload.data(), payload_size);
  }
  return hash;
}

void finish(benchmark::State& state, std::uint64_t hash, std::size_t payload_size) {
  check_hash(state, hash, expected_digest(payload_size));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kFrames));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kFrames * payload_size));
}

/// One iteration: 64 frames, copied (as a read would) into a block and taken apart there.
void FramesOrrery(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::string wire = frames(size);
  std::vector<std::uint8_t> block(wire.size());
  Heap heap;
  websocket::FrameDecoder decoder(heap);
  std::uint64_t hash = 0;
  for (auto _ : state) {
    std::memcpy(block.data(), wire.data(), wire.size());
    MutableBytes chunk(block);
    websocket::Event event;
    hash = 0;
    while (decoder.next(chunk, event)) hash = digest(hash, event.payload.data(), event.payload.size());
    benchmark::DoNotOptimize(hash);
  }
  finish(state, hash, size);
}
BENCHMARK(FramesOrrery)->Arg(256)->Arg(4096);

void FramesBeast(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::string wire = frames(size);
  const std::string request = websocket::test::request();
  asio::io_context io;
  beast::websocket::stream<MemoryStream, false> stream(io);
  stream.next_layer().supply(request);
  stream.accept();
  stream.next_layer().supply(wire);
  std::vector<std::uint8_t> block(size);
  std::uint64_t hash = 0;
  for (auto _ : state) {
    hash = 0;
    for (std::size_t i = 0; i < kFrames; ++i) {
      std::size_t n = 0;
      while (n < size) n += stream.read_some(asio::buffer(block.data() + n, size - n));
      hash = digest(hash, block.data(), size);
    }
    benchmark::DoNotOptimize(hash);
  }
  finish(state, hash, size);
}
BENCHMARK(FramesBeast)->Arg(256)->Arg(4096);

/// The request of a browser, about 500 bytes; `pieces` is how often it is cut.
std::string browser_request() {
  return websocket::test::request(
      "mqtt",
      "Origin: https://dashboard.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101\r\n"
      "Accept-Language: en\r\nAccept-Encoding: gzip, deflate, br\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate\r\n");
}

void HandshakeOrrery(benchmark::State& state) {
  const auto pieces = static_cast<std::size_t>(state.range(0));
  const std::string text = pieces == 0 ? websocket::test::request() : browser_request();
  const std::size_t piece = pieces == 0 ? text.size() : (text.size() + pieces - 1) / pieces;
  const websocket::HandshakeOptions options;
  Heap heap;
  std::vector<std::uint8_t> response;
  for (auto _ : state) {
    response.clear();
    websocket::Handshake handshake(heap, options);
    websocket::HandshakeResult result;
    for (std::size_t at = 0; at < text.size(); at += piece)
      result = handshake.feed(as_bytes(text).subspan(at, std::min(piece, text.size() - at)), response);
    if (result.status != websocket::HandshakeStatus::kAccepted) state.SkipWithError("refused");
  }
  if (as_text(response).find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == std::string_view::npos)
    state.SkipWithError("wrong answer");
  state.SetItemsProcessed(state.iterations());
}
// 0: a small client's request in one piece; otherwise a browser's in so many pieces.
BENCHMARK(HandshakeOrrery)->Arg(0)->Arg(1)->Arg(4);

void HandshakeBeast(benchmark::State& state) {
  const std::string text = state.range(0) == 0 ? websocket::test::request() : browser_request();
  asio::io_context io;
  for (auto _ : state) {
    beast::websocket::stream<MemoryStream, false> stream(io);
    stream.next_layer().supply(text);
    stream.accept();
    if (stream.next_layer().written() == 0) state.SkipWithError("no answer");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(HandshakeBeast)->Arg(0)->Arg(1);

}  // namespace

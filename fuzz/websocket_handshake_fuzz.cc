// SPDX-License-Identifier: Apache-2.0
// An HTTP request, hostile, in chunks of any size: the answer must not depend on the cuts, must be one whole HTTP
// response, and 101 only for what has the words that RFC 6455 section 4.2.1 asks for.
//
// Input: one byte that seeds the cuts, one whose lowest bits choose the options, then the request.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/rng.h"
#include "broker/websocket/handshake.h"
#include "broker/websocket/limits.h"

namespace {

using namespace orrery;
using namespace orrery::websocket;

struct Answer {
  HandshakeResult result;
  std::size_t taken = 0;
  std::vector<std::uint8_t> response;
};

Answer ask(std::string_view request, const HandshakeOptions& options, std::size_t piece_max, Rng rng) {
  Heap heap;
  Answer answer;
  {
    Handshake handshake(heap, options);
    while (answer.taken < request.size() && answer.result.status == HandshakeStatus::kNeedMore) {
      const std::size_t left = request.size() - answer.taken;
      const std::size_t n = piece_max == 0 ? left : 1 + static_cast<std::size_t>(rng.below(std::min(left, piece_max)));
      const std::vector<std::uint8_t> piece(request.data() + answer.taken, request.data() + answer.taken + n);
      answer.result = handshake.feed(piece, answer.response);
      ORRERY_ASSERT(answer.result.consumed <= n);
      answer.taken += answer.result.consumed;
      ORRERY_ASSERT(handshake.buffered() <= kRequestBytesMax);
    }
  }
  ORRERY_ASSERT(heap.bytes_in_use() == 0);
  return answer;
}

void check(std::string_view request, const Answer& answer) {
  const std::string_view response = as_text(answer.response);
  const HandshakeStatus status = answer.result.status;
  ORRERY_ASSERT(response.empty() == (status == HandshakeStatus::kNeedMore));
  if (response.empty()) return;
  const std::size_t header = response.find("\r\n\r\n") + 4;
  ORRERY_ASSERT(response.substr(0, 13) == "HTTP/1.1 " + std::to_string(answer.result.http_status) + " ");
  if (status == HandshakeStatus::kRefused) {
    ORRERY_ASSERT(response.substr(header) == std::string(answer.result.reason) + "\n");
    return;
  }
  ORRERY_ASSERT(header == response.size());
  ORRERY_ASSERT(request.substr(0, 4) == "GET ");
  ORRERY_ASSERT(request.find("\r\n\r\n") + 4 == answer.taken);
  ORRERY_ASSERT(request.find(answer.result.subprotocol) != std::string_view::npos);
  ORRERY_ASSERT(request.find("13") != std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  HandshakeOptions options;
  options.require_subprotocol = (data[1] & 1) == 0;
  if ((data[1] & 2) != 0) options.allowed_origins = {"https://a.example"};
  const std::string_view request(reinterpret_cast<const char*>(data) + 2, size - 2);

  const Answer whole = ask(request, options, 0, Rng(0));
  check(request, whole);
  for (const std::size_t piece_max : {1u, 30u, 2'000u}) {
    const Answer cut = ask(request, options, piece_max, Rng(data[0]));
    ORRERY_ASSERT(cut.result.status == whole.result.status);
    ORRERY_ASSERT(cut.result.http_status == whole.result.http_status);
    ORRERY_ASSERT(cut.response == whole.response);
    if (whole.result.status == HandshakeStatus::kAccepted) ORRERY_ASSERT(cut.taken == whole.taken);
  }
  return 0;
}

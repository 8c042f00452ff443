// SPDX-License-Identifier: Apache-2.0
// A client's frames, hostile, in chunks of any size: the streaming decoder must say exactly what the slow twin says of
// the whole, never read past a chunk (each has a block of its own), and hold nothing at the end of a control frame.
//
// Input: one byte that seeds the cuts, one that picks the frame cap, then the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/rng.h"
#include "broker/websocket/test_twin.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace orrery;
  using namespace orrery::websocket;
  if (size < 2) return 0;
  static constexpr std::uint32_t kCaps[] = {0, 1, 125, 126, 1'000, kFramePayloadBeforeConnectMax, kFramePayloadMax};
  const std::uint32_t cap = kCaps[data[1] % std::size(kCaps)];
  Rng rng(data[0]);
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);

  test::Transcript transcript(cap);
  for (std::string_view rest = stream; !rest.empty();) {
    const std::size_t n = 1 + static_cast<std::size_t>(rng.below(std::min<std::size_t>(rest.size(), 40)));
    transcript.feed(rest.substr(0, n));
    rest.remove_prefix(n);
  }
  ORRERY_ASSERT(transcript.text() == test::slow_decode(stream, cap));
  ORRERY_ASSERT(transcript.heap_bytes() <= 256);
  return 0;
}

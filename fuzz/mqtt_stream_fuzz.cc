// SPDX-License-Identifier: Apache-2.0
// MQTT framing against itself: a stream whole, byte by byte, and cut as the input says must give the same packets and
// the same error, and never hold more memory than twice what has arrived. Input: one byte of options, one that seeds
// the cuts, then the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/rng.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/stream_decoder.h"

namespace {

using namespace orrery;
using namespace orrery::mqtt;
using Status = StreamDecoder::Status;

struct Options {
  std::uint32_t packet_size_max;
  Expect first;
};

struct Framed {
  std::vector<std::pair<std::uint8_t, std::string>> packets;
  const char* error = nullptr;
  bool partial = false;
  bool operator==(const Framed&) const = default;
};

template <class Cut>
Framed frame(Bytes stream, const Options& options, Cut cut) {
  Framed out;
  Heap heap;
  StreamDecoder decoder;
  std::size_t arrived = 0;
  while (!stream.empty() && out.error == nullptr) {
    // A block of its own, so that a sanitizer sees a view that outlives its chunk.
    const std::size_t n = std::min<std::size_t>(stream.size(), cut());
    const std::vector<std::uint8_t> piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(n));
    stream = stream.subspan(n);
    arrived += n;
    Bytes chunk = piece;
    for (;;) {
      RawPacket packet;
      const Expect expect = out.packets.empty() ? options.first : Expect::kAnyPacket;
      const Status status = decoder.next(heap, chunk, packet, options.packet_size_max, expect);
      ORRERY_ASSERT(heap.bytes_in_use() <= 2 * arrived + kCarryOverFirst);
      if (status == Status::kError) out.error = decoder.error().what;
      if (status != Status::kPacket) break;
      ORRERY_ASSERT(packet.body.size() < options.packet_size_max);
      out.packets.emplace_back(packet.first, as_text(packet.body));
    }
    ORRERY_ASSERT(out.error != nullptr || chunk.empty());
  }
  out.partial = decoder.buffered() != 0 && out.error == nullptr;
  decoder.reset(heap);
  ORRERY_ASSERT(heap.bytes_in_use() == 0);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr std::uint32_t kSizes[] = {2, 100, kPacketSizeDefault, UINT32_MAX};
  const Options options{kSizes[data[0] & 3], (data[0] & 4) != 0 ? Expect::kConnect : Expect::kAnyPacket};
  Rng rng(data[1]);
  const Bytes stream(data + 2, size - 2);

  const Framed whole = frame(stream, options, [] { return SIZE_MAX; });
  ORRERY_ASSERT(frame(stream, options, [] { return 1; }) == whole);
  ORRERY_ASSERT(frame(stream, options, [&] { return 1 + rng.below(16); }) == whole);
  ORRERY_ASSERT(frame(stream, options, [&] { return 1 + rng.below(400); }) == whole);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Framing: from an ordered stream of bytes, cut anywhere, to packets (fixed header, sections 2.1.1 and 2.1.4).
//
// A packet that lies whole in the chunk is a view into the chunk. Otherwise its beginning is carried over in a buffer
// from the shard's heap that grows with the bytes that arrive, never with what the header promises, and is freed with
// the packet. Between packets the decoder is 24 bytes and nothing else. Wrong lengths and packets that are too large
// are refused as soon as the fixed header shows them.
#pragma once

#include <cstdint>

#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/mqtt/packet.h"
#include "broker/mqtt/result.h"

namespace orrery::mqtt {

enum class Expect : std::uint8_t { kAnyPacket, kConnect };

class StreamDecoder {
 public:
  enum class Status : std::uint8_t { kPacket, kNeedMore, kError };

  StreamDecoder() = default;
  StreamDecoder(const StreamDecoder&) = delete;
  StreamDecoder& operator=(const StreamDecoder&) = delete;
  /// reset() must have been called, or no packet be carried over: the decoder does not know its heap.
  ~StreamDecoder();

  /// Takes bytes off the front of `chunk`. kPacket: `out` is the next packet, valid until the next call with this
  /// decoder and while the chunk's bytes live. kNeedMore: the chunk is used up. kError: error() says why; call reset()
  /// and no next(). `packet_size_max` counts the whole packet with its fixed header. With Expect::kConnect a first byte
  /// other than CONNECT's is refused at once. Always the same heap.
  Status next(Heap& heap, Bytes& chunk, RawPacket& out, std::uint32_t packet_size_max,
              Expect expect = Expect::kAnyPacket);

  /// Malformed Packet: a reserved packet type, a remaining length that is too long or not the shortest. Protocol Error:
  /// not a CONNECT where one is due. Packet too large: beyond packet_size_max.
  DecodeResult error() const;

  /// Frees what is carried over. The next byte begins a packet.
  void reset(Heap& heap);

  /// Bytes held for a packet that is not complete.
  std::uint32_t buffered() const { return size_; }

 private:
  Status from_chunk(Heap& heap, Bytes& chunk, RawPacket& out, std::uint32_t packet_size_max, Expect expect);
  Status from_buffer(Heap& heap, Bytes& chunk, RawPacket& out, std::uint32_t packet_size_max, Expect expect);
  Status fail(std::uint8_t error);
  void carry_over(Heap& heap, Bytes& chunk, std::size_t n);

  std::uint8_t* buffer_ = nullptr;  // the packet from its first byte on, as far as it has come
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t packet_size_ = 0;  // of the packet in the buffer, 0 until its fixed header is complete
  std::uint8_t header_size_ = 0;
  std::uint8_t error_ = 0;
};
static_assert(sizeof(StreamDecoder) == 24);

}  // namespace orrery::mqtt

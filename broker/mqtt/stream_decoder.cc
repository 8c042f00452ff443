// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/stream_decoder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/variable_byte_integer.h"

namespace orrery::mqtt {
namespace {

enum Error : std::uint8_t { kNone, kReservedType, kNotConnect, kTooLong, kNotShortest, kTooLarge };

constexpr DecodeResult kErrors[] = {
    {},
    malformed("reserved packet type"),
    protocol_error("first packet is not CONNECT"),
    malformed("remaining length of more than four bytes"),
    malformed("remaining length not in its shortest form"),
    {ReasonCode::kPacketTooLarge, "packet too large"},
};

struct FixedHeader {
  Error error = kNone;
  std::uint32_t size = 0;         // of the header, 0 while it is not complete
  std::uint32_t packet_size = 0;  // header and body
};

/// `bytes` is not empty. The answer depends only on the header's own bytes, however many others follow, and an error
/// shows at the same byte however the stream is cut.
FixedHeader read_fixed_header(Bytes bytes, std::uint32_t packet_size_max, Expect expect) {
  const std::uint8_t first = bytes[0];
  if (first < 0x10) return {kReservedType, 0, 0};
  if (expect == Expect::kConnect && first >> 4 != static_cast<int>(PacketType::kConnect)) return {kNotConnect, 0, 0};
  const VariableByteInteger length = read_variable_byte_integer(bytes.subspan(1));
  switch (length.status) {
    case VariableStatus::kOk:
      break;
    case VariableStatus::kIncomplete:
      return {};
    case VariableStatus::kTooLong:
      return {kTooLong, 0, 0};
    case VariableStatus::kNotShortest:
      return {kNotShortest, 0, 0};
  }
  const std::uint32_t size = 1u + length.size;
  if (length.value > packet_size_max || size + length.value > packet_size_max) return {kTooLarge, 0, 0};
  return {kNone, size, size + length.value};
}

}  // namespace

StreamDecoder::~StreamDecoder() { ORRERY_ASSERT(buffer_ == nullptr); }

DecodeResult StreamDecoder::error() const { return kErrors[error_]; }

void StreamDecoder::reset(Heap& heap) {
  if (buffer_ != nullptr) heap.free(buffer_, capacity_);
  buffer_ = nullptr;
  size_ = capacity_ = packet_size_ = 0;
  header_size_ = 0;
  error_ = kNone;
}

StreamDecoder::Status StreamDecoder::next(Heap& heap, Bytes& chunk, RawPacket& out, std::uint32_t packet_size_max,
                                          Expect expect) {
  ORRERY_ASSERT(error_ == kNone);
  if (buffer_ != nullptr) {
    const bool delivered = size_ == packet_size_;
    if (!delivered) return from_buffer(heap, chunk, out, packet_size_max, expect);
    reset(heap);
  }
  return from_chunk(heap, chunk, out, packet_size_max, expect);
}

StreamDecoder::Status StreamDecoder::from_chunk(Heap& heap, Bytes& chunk, RawPacket& out, std::uint32_t packet_size_max,
                                                Expect expect) {
  if (chunk.empty()) return Status::kNeedMore;
  const FixedHeader header = read_fixed_header(chunk, packet_size_max, expect);
  if (header.error != kNone) return fail(header.error);
  if (header.size == 0 || header.packet_size > chunk.size()) {
    header_size_ = static_cast<std::uint8_t>(header.size);
    packet_size_ = header.packet_size;
    carry_over(heap, chunk, chunk.size());
    return Status::kNeedMore;
  }
  out.first = chunk[0];
  out.body = chunk.subspan(header.size, header.packet_size - header.size);
  chunk = chunk.subspan(header.packet_size);
  return Status::kPacket;
}

StreamDecoder::Status StreamDecoder::from_buffer(Heap& heap, Bytes& chunk, RawPacket& out,
                                                 std::uint32_t packet_size_max, Expect expect) {
  // At most four more bytes until the header is known: one at a time.
  while (packet_size_ == 0) {
    if (chunk.empty()) return Status::kNeedMore;
    carry_over(heap, chunk, 1);
    const FixedHeader header = read_fixed_header({buffer_, size_}, packet_size_max, expect);
    if (header.error != kNone) return fail(header.error);
    header_size_ = static_cast<std::uint8_t>(header.size);
    packet_size_ = header.packet_size;
  }
  carry_over(heap, chunk, std::min<std::size_t>(packet_size_ - size_, chunk.size()));
  if (size_ < packet_size_) return Status::kNeedMore;
  out.first = buffer_[0];
  out.body = {buffer_ + header_size_, packet_size_ - header_size_};
  return Status::kPacket;
}

StreamDecoder::Status StreamDecoder::fail(std::uint8_t error) {
  error_ = error;
  return Status::kError;
}

void StreamDecoder::carry_over(Heap& heap, Bytes& chunk, std::size_t n) {
  const auto needed = static_cast<std::uint32_t>(size_ + n);
  if (needed > capacity_) {
    std::uint32_t capacity = std::max(kCarryOverFirst, std::bit_ceil(needed));
    if (packet_size_ != 0) capacity = std::min(capacity, packet_size_);
    auto* grown = static_cast<std::uint8_t*>(heap.allocate(capacity));
    if (buffer_ != nullptr) {
      std::memcpy(grown, buffer_, size_);
      heap.free(buffer_, capacity_);
    }
    buffer_ = grown;
    capacity_ = capacity;
  }
  if (n != 0) std::memcpy(buffer_ + size_, chunk.data(), n);
  size_ = needed;
  chunk = chunk.subspan(n);
}

}  // namespace orrery::mqtt

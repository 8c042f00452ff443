// SPDX-License-Identifier: Apache-2.0
// Takes a client's frames apart (RFC 6455 section 5), chunk by chunk, without a buffer.
//
// Chunks are cut anywhere, also inside a frame's header. Data payload is unmasked in place in the caller's chunk and
// handed out as it comes, in as many pieces as there are chunks: MQTT packets do not care where frames begin and end
// [MQTT-6.0.0-2]. Only a control frame that is cut between chunks is put together, in a block of the shard's Heap that
// exists no longer than that. An idle decoder is the size of the object.
//
// Anything that the RFC forbids to a client ends in one kError with the close code to send. After kError or kClose the
// decoder swallows what still comes ("no data after Close", section 5.5.1). The Heap must outlive the decoder.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/websocket/frame.h"
#include "broker/websocket/limits.h"

namespace orrery::websocket {

enum class EventKind : std::uint8_t {
  kData,   // a piece of binary payload, perhaps empty
  kPing,   // answer with a Pong of the same payload
  kPong,   // nothing needs to be done
  kClose,  // answer with a Close of the same code, then close the link with kFlush
  kError,  // send a Close with close_code and text, then close the link with kFlush
};

struct Event {
  EventKind kind = EventKind::kData;
  /// True when this event ends a frame (a data frame may give several events). Counts frames for Work::kWebSocketFrame.
  bool frame_end = false;
  /// kClose: the peer's code, kCloseNoStatus if it gave none. kError: the code to send (1002, 1003, 1007 or 1009).
  CloseCode close_code = 0;
  /// Unmasked payload of kData, kPing, kPong. A view into the chunk or the decoder: valid until the next call to
  /// next().
  MutableBytes payload;
  /// kClose: the peer's reason, valid until the next call. kError: what was wrong, static storage.
  std::string_view text;
};

class FrameDecoder {
 public:
  explicit FrameDecoder(Heap& heap) : heap_(&heap) {}
  ~FrameDecoder() { release_control(); }
  FrameDecoder(const FrameDecoder&) = delete;
  FrameDecoder& operator=(const FrameDecoder&) = delete;

  /// Takes bytes off the front of `chunk` until there is an event (true) or the chunk is used up (false).
  bool next(MutableBytes& chunk, Event& out);

  /// The cap on data frames whose header ends after this call; kFramePayloadBeforeConnectMax at the beginning.
  void set_frame_payload_max(std::uint32_t bytes) { payload_max_ = bytes; }
  /// True after kError or kClose: nothing more will come out.
  bool finished() const { return state_ == State::kFinished; }

 private:
  enum class State : std::uint8_t { kFirstByte, kSecondByte, kLength, kMask, kPayload, kFinished };

  // These return false when they ended in kError.
  bool header_byte(std::uint8_t byte, Event& out);
  bool first_byte(std::uint8_t byte, Event& out);
  bool second_byte(std::uint8_t byte, Event& out);
  bool length_known(Event& out);
  bool fail(CloseCode code, std::string_view text, Event& out);
  // These return true when there is an event.
  bool data(MutableBytes& chunk, Event& out);
  bool control(MutableBytes& chunk, Event& out);
  void close_frame(Bytes payload, Event& out);
  void collect(Bytes piece);
  void release_control();

  Heap* heap_;
  std::uint8_t* control_ = nullptr;  // kControlPayloadMax bytes while a cut control frame is put together
  std::uint64_t left_ = 0;           // payload bytes still to come; while the extended length is read, its value so far
  std::uint32_t payload_max_ = kFramePayloadBeforeConnectMax;
  std::uint8_t mask_[4] = {};  // mask_[0] belongs to the next payload byte
  State state_ = State::kFirstByte;
  Opcode opcode_ = Opcode::kContinuation;
  bool in_message_ = false;     // a fragmented message waits for its next fragment
  std::uint8_t extended_ = 0;   // how many bytes the extended length has: 0, 2 or 8
  std::uint8_t wanted_ = 0;     // bytes of the extended length or of the mask still to come
  std::uint8_t collected_ = 0;  // bytes in control_
};
static_assert(sizeof(FrameDecoder) <= 40);

}  // namespace orrery::websocket

// SPDX-License-Identifier: Apache-2.0
// The states follow the wire: first byte, second byte, extended length, mask, payload. Every rule is checked at the
// byte that breaks it, so that a hostile length or opcode is answered before anything else of the frame has come.
#include "broker/websocket/frame_decoder.h"

#include <algorithm>
#include <cstring>

#include "base/utf8.h"
#include "broker/websocket/mask.h"

namespace orrery::websocket {
namespace {

bool is_control(Opcode opcode) { return (static_cast<std::uint8_t>(opcode) & 0x8) != 0; }

}  // namespace

bool FrameDecoder::next(MutableBytes& chunk, Event& out) {
  // A block that is not being filled held the payload of the event before.
  if (control_ != nullptr && state_ != State::kPayload) release_control();
  while (state_ != State::kPayload) {
    if (state_ == State::kFinished) chunk = {};
    if (chunk.empty()) return false;
    const std::uint8_t byte = chunk[0];
    chunk = chunk.subspan(1);
    if (!header_byte(byte, out)) return true;
  }
  return is_control(opcode_) ? control(chunk, out) : data(chunk, out);
}

bool FrameDecoder::header_byte(std::uint8_t byte, Event& out) {
  switch (state_) {
    case State::kFirstByte:
      return first_byte(byte, out);
    case State::kSecondByte:
      return second_byte(byte, out);
    case State::kLength:
      left_ = left_ << 8 | byte;
      return --wanted_ > 0 || length_known(out);
    default:
      mask_[4 - wanted_] = byte;
      if (--wanted_ == 0) state_ = State::kPayload;
      return true;
  }
}

bool FrameDecoder::first_byte(std::uint8_t byte, Event& out) {
  const bool fin = (byte & 0x80) != 0;
  if ((byte & 0x70) != 0) return fail(kCloseProtocolError, "reserved bits are set but no extension is in use", out);
  opcode_ = static_cast<Opcode>(byte & 0x0F);
  switch (opcode_) {
    case Opcode::kContinuation:
      if (!in_message_) return fail(kCloseProtocolError, "continuation frame without a message to continue", out);
      in_message_ = !fin;
      break;
    case Opcode::kBinary:
      if (in_message_) return fail(kCloseProtocolError, "new message inside a fragmented message", out);
      in_message_ = !fin;
      break;
    case Opcode::kText:
      return fail(kCloseUnsupportedData, "MQTT is carried in binary frames only", out);
    case Opcode::kClose:
    case Opcode::kPing:
    case Opcode::kPong:
      if (!fin) return fail(kCloseProtocolError, "fragmented control frame", out);
      break;
    default:
      return fail(kCloseProtocolError, "unknown opcode", out);
  }
  state_ = State::kSecondByte;
  return true;
}

bool FrameDecoder::second_byte(std::uint8_t byte, Event& out) {
  if ((byte & 0x80) == 0) return fail(kCloseProtocolError, "frame of a client without a mask", out);
  left_ = byte & 0x7F;
  if (is_control(opcode_) && left_ > kControlPayloadMax)
    return fail(kCloseProtocolError, "control frame above 125 bytes", out);
  extended_ = left_ == 126 ? 2 : left_ == 127 ? 8 : 0;
  if (extended_ == 0) return length_known(out);
  left_ = 0;
  wanted_ = extended_;
  state_ = State::kLength;
  return true;
}

bool FrameDecoder::length_known(Event& out) {
  if (extended_ == 8 && left_ >> 63 != 0) return fail(kCloseProtocolError, "top bit of the payload length is set", out);
  if ((extended_ == 2 && left_ < 126) || (extended_ == 8 && left_ <= 0xFFFF))
    return fail(kCloseProtocolError, "payload length is not in its shortest form", out);
  if (left_ > payload_max_ && !is_control(opcode_)) return fail(kCloseTooBig, "frame is larger than allowed", out);
  wanted_ = 4;
  state_ = State::kMask;
  return true;
}

bool FrameDecoder::data(MutableBytes& chunk, Event& out) {
  if (chunk.empty() && left_ > 0) return false;
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, chunk.size()));
  out = Event{};
  out.payload = chunk.first(size);
  chunk = chunk.subspan(size);
  apply_mask(out.payload, mask_);
  left_ -= size;
  out.frame_end = left_ == 0;
  if (out.frame_end) state_ = State::kFirstByte;
  return true;
}

bool FrameDecoder::control(MutableBytes& chunk, Event& out) {
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, chunk.size()));
  MutableBytes payload = chunk.first(size);
  chunk = chunk.subspan(size);
  apply_mask(payload, mask_);
  left_ -= size;
  if (left_ > 0 || control_ != nullptr) {
    if (size > 0) collect(payload);
    if (left_ > 0) return false;
    payload = {control_, collected_};
  }
  state_ = State::kFirstByte;
  out = Event{};
  out.frame_end = true;
  if (opcode_ == Opcode::kClose) {
    close_frame(payload, out);
    return true;
  }
  out.kind = opcode_ == Opcode::kPing ? EventKind::kPing : EventKind::kPong;
  out.payload = payload;
  return true;
}

void FrameDecoder::collect(Bytes piece) {
  if (control_ == nullptr) {
    control_ = static_cast<std::uint8_t*>(heap_->allocate(kControlPayloadMax));
    collected_ = 0;
  }
  std::memcpy(control_ + collected_, piece.data(), piece.size());
  collected_ = static_cast<std::uint8_t>(collected_ + piece.size());
}

void FrameDecoder::close_frame(Bytes payload, Event& out) {
  CloseCode code = kCloseNoStatus;
  std::string_view reason;
  if (payload.size() == 1) {
    fail(kCloseProtocolError, "close frame with half a code", out);
    return;
  }
  if (payload.size() >= 2) {
    code = static_cast<CloseCode>(payload[0] << 8 | payload[1]);
    reason = as_text(payload.subspan(2));
    if (!close_code_allowed(code)) {
      fail(kCloseProtocolError, "close code that must not be sent", out);
      return;
    }
    if (!utf8_well_formed(as_bytes(reason))) {
      fail(kCloseInvalidPayload, "close reason is not UTF-8", out);
      return;
    }
  }
  out.kind = EventKind::kClose;
  out.close_code = code;
  out.text = reason;
  state_ = State::kFinished;
}

bool FrameDecoder::fail(CloseCode code, std::string_view text, Event& out) {
  out = Event{};
  out.kind = EventKind::kError;
  out.frame_end = true;
  out.close_code = code;
  out.text = text;
  state_ = State::kFinished;
  return false;
}

void FrameDecoder::release_control() {
  if (control_ != nullptr) heap_->free(control_, kControlPayloadMax);
  control_ = nullptr;
}

}  // namespace orrery::websocket

// SPDX-License-Identifier: Apache-2.0
// For tests and fuzzers: what a FrameDecoder says as text, and the slow obvious twin that says the same of a whole
// stream.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/utf8.h"
#include "broker/websocket/frame_decoder.h"

namespace orrery::websocket::test {

/// What came out, one word for each frame: "data:abc;" "ping:x;" "close:1000:bye;" "error:1002;". Pieces of a data
/// frame are joined; a frame that has not ended is marked by "...".
class Transcript {
 public:
  explicit Transcript(std::uint32_t payload_max = kFramePayloadBeforeConnectMax) : decoder_(heap_) {
    decoder_.set_frame_payload_max(payload_max);
  }
  void feed(std::string_view bytes) {
    std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());  // a block of its own: ASan sees a step too far
    MutableBytes chunk(copy);
    Event event;
    while (decoder_.next(chunk, event)) add(event);
    ORRERY_ASSERT(chunk.empty());
  }
  std::string text() const { return done_ + (in_frame_ ? open_ + "..." : ""); }
  std::string reason() const { return reason_; }
  FrameDecoder& decoder() { return decoder_; }
  std::size_t heap_bytes() const { return heap_.bytes_in_use(); }

 private:
  void add(const Event& event) {
    const std::string payload(as_text(event.payload));
    switch (event.kind) {
      case EventKind::kData:
        if (!in_frame_) open_ = "data:";
        in_frame_ = !event.frame_end;
        open_ += payload;
        if (event.frame_end) done_ += open_ + ";";
        return;
      case EventKind::kPing:
        done_ += "ping:" + payload + ";";
        break;
      case EventKind::kPong:
        done_ += "pong:" + payload + ";";
        break;
      case EventKind::kClose:
        done_ += "close:" + std::to_string(event.close_code) + ":" + std::string(event.text) + ";";
        break;
      case EventKind::kError:
        done_ += "error:" + std::to_string(event.close_code) + ";";
        reason_ = event.text;
        ORRERY_ASSERT(!reason_.empty());
        break;
    }
    ORRERY_ASSERT(event.frame_end);
  }

  Heap heap_;
  FrameDecoder decoder_;
  std::string done_;
  std::string open_;
  std::string reason_;
  bool in_frame_ = false;
};

/// The slow twin: takes the first frame off a whole text, or nothing if it is not all there.
inline std::string slow_decode(std::string_view in, std::uint32_t payload_max) {
  std::string out;
  bool in_message = false;
  const auto at = [&](std::size_t i) { return static_cast<unsigned>(static_cast<std::uint8_t>(in[i])); };
  for (;;) {
    if (in.empty()) return out;
    const unsigned opcode = at(0) & 15;
    const bool fin = at(0) >= 0x80;
    const bool is_control = opcode >= 8;
    if ((at(0) & 0x70) != 0) return out + "error:1002;";
    if (opcode == 1) return out + "error:1003;";
    if ((opcode > 2 && opcode < 8) || opcode > 10) return out + "error:1002;";
    if (is_control && !fin) return out + "error:1002;";
    if (!is_control && in_message != (opcode == 0)) return out + "error:1002;";
    if (!is_control) in_message = !fin;
    if (in.size() < 2) return out;
    if (at(1) < 0x80) return out + "error:1002;";
    std::uint64_t length = at(1) & 0x7F;
    if (is_control && length > 125) return out + "error:1002;";
    std::size_t header = 2;
    if (length >= 126) {
      const std::size_t more = length == 126 ? 2 : 8;
      if (in.size() < 2 + more) return out;
      length = 0;
      for (std::size_t i = 0; i < more; ++i) length = length * 256 + at(2 + i);
      header += more;
      if (length < 126 || (more == 8 && (length < 65'536 || length >= std::uint64_t{1} << 63)))
        return out + "error:1002;";
      if (length > payload_max) return out + "error:1009;";
    } else if (!is_control && length > payload_max) {
      return out + "error:1009;";
    }
    if (in.size() < header + 4) return out;
    std::string payload;
    for (std::size_t i = header + 4; i < in.size() && payload.size() < length; ++i)
      payload.push_back(static_cast<char>(at(i) ^ at(header + payload.size() % 4)));
    const bool whole = payload.size() == length;
    if (!is_control) {
      const bool begun = whole || !payload.empty();
      out += (begun ? "data:" + payload : "") + (whole ? ";" : begun ? "..." : "");
    }
    if (!whole) return out;
    in.remove_prefix(header + 4 + payload.size());
    if (opcode == 9) out += "ping:" + payload + ";";
    if (opcode == 10) out += "pong:" + payload + ";";
    if (opcode != 8) continue;
    if (payload.empty()) return out + "close:1005:;";
    if (payload.size() == 1) return out + "error:1002;";
    const int code = static_cast<std::uint8_t>(payload[0]) * 256 + static_cast<std::uint8_t>(payload[1]);
    const bool good =
        (code >= 1000 && code < 1015 && code != 1004 && code != 1005 && code != 1006) || (code >= 3000 && code < 5000);
    if (!good) return out + "error:1002;";
    if (!utf8_well_formed(as_bytes(payload).subspan(2))) return out + "error:1007;";
    return out + "close:" + std::to_string(code) + ":" + payload.substr(2) + ";";
  }
}

}  // namespace orrery::websocket::test

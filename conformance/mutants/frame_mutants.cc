// SPDX-License-Identifier: Apache-2.0
// Mutants of the WebSocket layer, before the echo (driver/echo_node.h): somebody in between changes frames.
//
// As with packets, changing what the server says gives wrong codes, lost and changed payloads; changing what the client
// says makes the server take what it must refuse, or put things in the wrong order.
#include <algorithm>
#include <map>
#include <utility>

#include "conformance/mutants/mutant.h"
#include "conformance/wire.h"

namespace orrery::conformance {
namespace {

// What a mutant may remember of one direction of one connection.
struct FrameMemory {
  std::map<std::string, long> numbers;
  Octets held;
  // Goes on by itself when the client waits for something.
  Octets held_briefly;
};

// One frame on its way. A mutant that calls nothing drops it.
struct Passing {
  WebSocketFrame f;
  const Octets& raw;
  FrameMemory& memory;
  Octets& on;

  bool is(Opcode opcode) const { return f.opcode == static_cast<unsigned>(opcode); }
  bool data() const { return f.opcode <= 2; }
  void pass() { on += raw; }
  void pass_changed(LengthForm form = LengthForm::kShortest) { on += encode_frame(f, 0x5a17c03e, form); }
  void close_with(unsigned code) { f.payload = close_payload(code), pass_changed(); }
  unsigned code() const { return is(Opcode::kClose) ? close_code(f.payload) : 0; }
};
using Change = std::function<void(Passing&)>;

// One direction: the HTTP head passes, then frames are cut out and handed to the mutant.
class FrameCutter {
 public:
  explicit FrameCutter(const Change& change) : change_(change) {}

  Octets pass(std::string_view bytes) {
    if (!change_ || opaque_) return Octets(bytes);
    Octets out;
    // In slices, since taking a frame off the front moves all that is behind it.
    for (std::size_t at = 0; at < bytes.size(); at += kSlice) pass_slice(bytes.substr(at, kSlice), out);
    return out;
  }

  // Somebody who waits has sent all that he wants to: what is no whole frame goes on as it is.
  Octets flush() {
    Octets out = std::exchange(memory_.held_briefly, {});
    if (upgraded_ && !opaque_ && !rest_.empty()) {
      opaque_ = true;
      out += rest_;
    }
    return out;
  }

 private:
  static constexpr std::size_t kSlice = 4096;

  void pass_slice(std::string_view bytes, Octets& out) {
    rest_ += bytes;
    if (upgraded_) {
      frames_.feed(bytes);
    } else {
      const std::size_t end = rest_.find("\r\n\r\n");
      if (end == Octets::npos) return;
      upgraded_ = true;
      out += rest_.substr(0, end + 4);
      rest_.erase(0, end + 4);
      frames_.feed(rest_);
    }
    WebSocketFrame frame;
    Octets raw;
    std::vector<std::string> errors;
    while (frames_.next(frame, raw, errors)) {
      rest_.erase(0, raw.size());
      Passing passing{frame, raw, memory_, out};
      change_(passing);
    }
  }

  const Change& change_;
  FrameMemory memory_;
  FrameStream frames_;
  Octets rest_;  // fed, and not yet cut off as a frame
  bool upgraded_ = false;
  bool opaque_ = false;
};

struct FrameMutant {
  Change from_server = {};
  Change from_client = {};
  bool leaves_tcp_open = false;
};

class FrameMutatingStream : public Stream {
 public:
  FrameMutatingStream(std::unique_ptr<Stream> inner, FrameMutant mutant)
      : inner_(std::move(inner)), mutant_(std::move(mutant)) {}

  bool send(std::string_view bytes) override { return inner_->send(from_client_.pass(bytes)); }

  Arrival receive(Octets& into, Nanos deadline) override {
    if (const Octets rest = from_client_.flush(); !rest.empty()) inner_->send(rest);
    for (;;) {
      Octets bytes;
      const Arrival arrival = inner_->receive(bytes, deadline);
      if (arrival == Arrival::kClosed && mutant_.leaves_tcp_open) return Arrival::kNothing;
      if (arrival != Arrival::kBytes) return arrival;
      const Octets out = from_server_.pass(bytes);
      into += out;
      if (!out.empty()) return Arrival::kBytes;
    }
  }

  void close(HowToClose how) override { inner_->close(how); }

 private:
  std::unique_ptr<Stream> inner_;
  const FrameMutant mutant_;
  FrameCutter from_server_{mutant_.from_server};
  FrameCutter from_client_{mutant_.from_client};
};

void add(Mutants& mutants, const char* id, const char* section, const char* what, FrameMutant mutant) {
  Mutant m;
  m.id = std::string("ws-") + id;
  m.statement = std::string("3.1.1 WS-") + section;
  m.what = what;
  m.target = "echo";
  m.in_front = [mutant = std::move(mutant)](std::unique_ptr<Stream> inner) {
    return std::make_unique<FrameMutatingStream>(std::move(inner), mutant);
  };
  mutants.push_back(std::move(m));
}

Change only(Opcode opcode, Change change) {
  return [opcode, change = std::move(change)](Passing& p) { p.is(opcode) ? change(p) : p.pass(); };
}

void add_close(Mutants& m) {
  const auto closes = [&m](const char* id, const char* section, const char* what, Change change) {
    add(m, id, section, what, {.from_server = only(Opcode::kClose, std::move(change))});
  };
  closes("close-code-other", "5.5.1", "A Close is answered by 1000, whatever code it had.",
         [](Passing& p) { p.code() < 1002 || p.code() > 1009 ? p.close_with(1000) : p.pass(); });
  closes("close-code-none", "5.5.1", "The server's Close has no code.",
         [](Passing& p) { p.f.payload.clear(), p.pass_changed(); });
  closes("close-code-wrong", "5.2", "A protocol error ends in 1003.",
         [](Passing& p) { p.code() == 1002 ? p.close_with(1003) : p.pass(); });
  closes("close-code-text", "5.6", "A text frame ends in 1007.",
         [](Passing& p) { p.code() == 1003 ? p.close_with(1007) : p.pass(); });
  closes("close-code-too-big", "10.4", "A frame that is too large ends in 1008.",
         [](Passing& p) { p.code() == 1009 ? p.close_with(1008) : p.pass(); });
  closes("close-code-not-text", "8.1", "A reason that is not UTF-8 ends in 1002.",
         [](Passing& p) { p.code() == 1007 ? p.close_with(1002) : p.pass(); });
  closes("close-missing", "5.5.1", "The server ends without a Close.", [](Passing&) {});
  closes("close-twice", "5.5.1", "The server sends its Close twice.", [](Passing& p) { p.pass(), p.pass(); });
  closes("close-then-data", "5.5.1", "A message follows the server's Close.", [](Passing& p) {
    p.pass();
    p.f = make_frame(Opcode::kBinary, "late");
    p.f.masked = false;
    p.pass_changed();
  });
  closes("close-reason-not-text", "8.1", "The reason of the server's Close ends inside a character.",
         [](Passing& p) { p.f.payload = close_payload(close_code(p.f.payload), "\xe2\x82"), p.pass_changed(); });
  add(m, "close-leaves-tcp", "7.1.1", "After the Close frames TCP stays open.", {.leaves_tcp_open = true});
}

void add_pongs(Mutants& m) {
  const auto pongs = [&m](const char* id, const char* section, const char* what, Change change) {
    add(m, id, section, what, {.from_server = only(Opcode::kPong, std::move(change))});
  };
  pongs("pong-changed", "5.5.2", "The last byte of a Pong is another.", [](Passing& p) {
    if (!p.f.payload.empty()) p.f.payload.back() = static_cast<char>(~p.f.payload.back());
    p.pass_changed();
  });
  pongs("pong-cut", "5.5.2", "A Pong has at most 124 bytes.", [](Passing& p) {
    p.f.payload.resize(std::min<std::size_t>(p.f.payload.size(), 124));
    p.pass_changed();
  });
  pongs("pong-lost", "5.5.2", "Every third Ping has no Pong.", [](Passing& p) {
    if (++p.memory.numbers["pongs"] % 3 != 0) p.pass();
  });
  pongs("pongs-swapped", "5.5.2", "The fourth and the fifth Pong of a connection change places.", [](Passing& p) {
    const long n = ++p.memory.numbers["pongs"];
    if (n == 4) {
      p.memory.held = p.raw;
    } else {
      p.pass();
      p.on += std::exchange(p.memory.held, {});
    }
  });
  add(m, "ping-answered-late", "5.4", "A Ping inside a message is answered after the message.",
      {.from_client = [](Passing& p) {
        long& inside = p.memory.numbers["inside"];
        if (p.is(Opcode::kPing) && inside != 0) {
          p.memory.held += p.raw;
          return;
        }
        p.pass();
        if (!p.data()) return;
        inside = p.f.fin ? 0 : 1;
        if (p.f.fin) p.on += std::exchange(p.memory.held, {});
      }});
  add(m, "pong-echoed", "5.5.3", "A Pong that answers nothing is answered by a Pong.",
      {.from_client = only(Opcode::kPong, [](Passing& p) {
         p.f.opcode = static_cast<unsigned>(Opcode::kPing);
         p.pass_changed();
       })});
}

void add_messages(Mutants& m) {
  const auto messages = [&m](const char* id, const char* section, const char* what, Change change) {
    add(m, id, section, what, {.from_server = only(Opcode::kBinary, std::move(change))});
  };
  messages("message-empty-lost", "5.6", "Empty messages do not come back.", [](Passing& p) {
    if (!p.f.payload.empty()) p.pass();
  });
  messages("message-as-text", "5.6", "A message of ASCII comes back as text.", [](Passing& p) {
    for (const char c : p.f.payload)
      if ((c & 0x80) != 0) return p.pass();
    p.f.opcode = static_cast<unsigned>(Opcode::kText);
    p.pass_changed();
  });
  messages("message-126-cut", "5.2", "A message of 126 bytes loses one.", [](Passing& p) {
    if (p.f.payload.size() == 126) p.f.payload.pop_back();
    p.pass_changed();
  });
  messages("message-65535-cut", "5.2", "A message above 65,535 bytes is cut there.", [](Passing& p) {
    p.f.payload.resize(std::min<std::size_t>(p.f.payload.size(), 65535));
    p.pass_changed();
  });
  messages("message-unmask-tail", "5.3", "The last byte of 4 n + 3 is unmasked wrong.", [](Passing& p) {
    if (p.f.payload.size() % 4 == 3) p.f.payload.back() = static_cast<char>(p.f.payload.back() ^ 0x40);
    p.pass_changed();
  });
  messages("message-masked", "5.1", "The server masks what it sends.",
           [](Passing& p) { p.f.masked = true, p.pass_changed(); });
  messages("message-reserved-bit", "5.2", "RSV1 is set in large messages.", [](Passing& p) {
    if (p.f.payload.size() > 1000) p.f.rsv = 4;
    p.pass_changed();
  });
  messages("message-length-64", "5.2", "Lengths above 125 are written in 64 bits.",
           [](Passing& p) { p.pass_changed(p.f.payload.size() > 125 ? LengthForm::k64 : LengthForm::kShortest); });
  add(m, "fragments-swapped", "6.2", "The first two fragments of a message change places.",
      {.from_client = [](Passing& p) {
        if (p.is(Opcode::kBinary) && !p.f.fin) {
          p.memory.held = p.f.payload;
          p.memory.numbers["holds"] = 1;
        } else if (p.is(Opcode::kContinuation) && std::exchange(p.memory.numbers["holds"], 0) == 1) {
          Passing first{make_frame(Opcode::kBinary, p.f.payload, false), p.raw, p.memory, p.on};
          first.pass_changed();
          p.f.payload = p.memory.held;
          p.pass_changed();
        } else {
          p.pass();
        }
      }});
  add(m, "fragments-last-lost", "6.2", "The last fragment of a message counts as empty.",
      {.from_client = only(Opcode::kContinuation, [](Passing& p) {
         if (p.f.fin) p.f.payload.clear();
         p.pass_changed();
       })});
}

// What the server must refuse reaches it in a form that it takes.
void add_lenient(Mutants& m) {
  const auto lenient = [&m](const char* id, const char* section, const char* what, Change change) {
    add(m, id, section, what, {.from_client = std::move(change)});
  };
  const auto set = [](void (*change)(WebSocketFrame&)) {
    return [change](Passing& p) { change(p.f), p.pass_changed(); };
  };
  lenient("takes-unmasked", "5.1", "Frames without a mask are taken.", set([](WebSocketFrame& f) { f.masked = true; }));
  lenient("takes-reserved-bits", "5.2", "Reserved bits are ignored.", set([](WebSocketFrame& f) { f.rsv = 0; }));
  lenient("takes-reserved-opcodes", "5.2", "Frames with reserved opcodes are ignored.", set([](WebSocketFrame& f) {
            if ((f.opcode > 2 && f.opcode < 8) || f.opcode > 10) f.opcode = static_cast<unsigned>(Opcode::kPong);
          }));
  lenient("takes-text", "5.6", "Text frames are taken as binary.", set([](WebSocketFrame& f) {
            if (f.opcode == static_cast<unsigned>(Opcode::kText)) f.opcode = static_cast<unsigned>(Opcode::kBinary);
          }));
  lenient("takes-long-control", "5.5", "Control frames above 125 bytes are cut.", set([](WebSocketFrame& f) {
            if (f.opcode > 7 && f.payload.size() > 125) f.payload.resize(125);
          }));
  lenient("takes-control-fragments", "5.5", "Control frames may be not final.", set([](WebSocketFrame& f) {
            if (f.opcode > 7) f.fin = true;
          }));
  lenient("takes-bad-codes", "7.4", "A Close may have any code; one that nobody may send counts as 1000.",
          set([](WebSocketFrame& f) {
            if (f.opcode != static_cast<unsigned>(Opcode::kClose) || f.payload.size() < 2) return;
            const unsigned code = close_code(f.payload);
            if (code < 1000 || code > 4999 || (code > 1003 && code < 1007) || (code > 1014 && code < 3000))
              f.payload = close_payload(1000);
          }));
  lenient("takes-half-a-code", "5.5.1", "A Close may have one byte.", set([](WebSocketFrame& f) {
            if (f.opcode == static_cast<unsigned>(Opcode::kClose) && f.payload.size() == 1) f.payload.clear();
          }));
  lenient("takes-bad-reasons", "8.1", "The reason of a Close may be anything.", set([](WebSocketFrame& f) {
            if (f.opcode == static_cast<unsigned>(Opcode::kClose) && f.payload.size() > 2) f.payload.resize(2);
          }));
  lenient("takes-any-order", "5.4", "Binary frames and continuations are taken in any order.", [](Passing& p) {
    long& inside = p.memory.numbers["inside"];
    if (p.is(Opcode::kBinary) || p.is(Opcode::kContinuation)) {
      p.f.opcode = static_cast<unsigned>(inside != 0 ? Opcode::kContinuation : Opcode::kBinary);
      inside = p.f.fin ? 0 : 1;
    }
    p.pass_changed();
  });
  lenient("goes-on-after-close", "5.5.1", "What follows a Close is processed before it.", [](Passing& p) {
    if (p.is(Opcode::kClose) && p.memory.held_briefly.empty()) {
      p.memory.held_briefly = p.raw;
    } else {
      p.pass();
    }
  });
}

}  // namespace

void add_frame_mutants(Mutants& mutants) {
  add_close(mutants);
  add_pongs(mutants);
  add_messages(mutants);
  add_lenient(mutants);
}

}  // namespace orrery::conformance

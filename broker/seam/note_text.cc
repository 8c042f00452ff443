// SPDX-License-Identifier: Apache-2.0
#include "broker/seam/note_text.h"

#include "base/utf8.h"

namespace orrery {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kCut = "...";
constexpr std::string_view kUnknown = "an unknown address";

std::uint32_t code_point(Bytes sequence) {
  if (sequence.size() == 1) return sequence[0];
  std::uint32_t point = sequence[0] & (0x7Fu >> sequence.size());
  for (const std::uint8_t byte : sequence.subspan(1)) point = point << 6 | (byte & 0x3Fu);
  return point;
}

/// Controls, and what ends a line or turns the direction of what follows.
bool dangerous(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x061C || (point >= 0x200B && point <= 0x200F) ||
         (point >= 0x2028 && point <= 0x202E) || (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF ||
         (point & 0xFFFE) == 0xFFFE || (point >= 0xE0000 && point <= 0xE007F);
}

/// Calls each(sequence, well_formed) for the pieces of a value and cuts it.
template <class Each>
bool walk(std::string_view value, std::size_t most, Each each) {
  Bytes rest = as_bytes(value);
  std::size_t taken = 0;
  while (!rest.empty()) {
    const std::size_t size = utf8_sequence(rest);
    taken += size == 0 ? 1 : size;
    if (taken > most) return false;
    each(rest.first(size == 0 ? 1 : size), size != 0);
    rest = rest.subspan(size == 0 ? 1 : size);
  }
  return true;
}

void append_byte_escape(std::uint8_t byte, std::string& out) {
  out += "\\x";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

void append_value(std::string_view value, bool quoted, std::string& out) {
  const std::size_t most = quoted ? kNoteValueBytesMax : kNoteWordsBytesMax;
  const bool whole = walk(value, most, [&](Bytes piece, bool well_formed) {
    const std::uint32_t point = well_formed ? code_point(piece) : 0;
    if (!well_formed || dangerous(point)) {
      for (const std::uint8_t byte : piece) append_byte_escape(byte, out);
    } else {
      if (point == '\\' || (quoted && point == '"')) out += '\\';
      out += as_text(piece);
    }
  });
  if (!whole) out += kCut;
}

void append_unit(std::uint32_t unit, std::string& out) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[unit >> shift & 15];
}

void append_number(std::uint64_t number, bool hex, std::string& out) {
  if (!hex) {
    out += std::to_string(number);
    return;
  }
  out += "0x";
  int digits = 2;
  while (digits < 16 && number >> (4 * digits) != 0) ++digits;
  for (int digit = digits - 1; digit >= 0; --digit) out += kHex[number >> (4 * digit) & 15];
}

struct Hole {
  std::string_view before;
  std::string_view name;  // empty: the text ends with `before`
  bool hex = false;
  bool quoted = false;
};

/// Takes the next placeholder, with what stands before it, off the text.
Hole next_hole(std::string_view& text) {
  Hole hole;
  const std::size_t open = text.find('{');
  hole.before = text.substr(0, open);
  if (open == text.npos) {
    text = {};
    return hole;
  }
  const std::size_t close = text.find('}', open);
  hole.name = text.substr(open + 1, close - open - 1);
  hole.hex = hole.name.ends_with(":x");
  if (hole.hex) hole.name.remove_suffix(2);
  hole.quoted = hole.before.ends_with('"');
  text.remove_prefix(close + 1);
  return hole;
}

std::uint64_t number_of(const Note& note, std::string_view name) {
  const NoteRow& row = note_row(note.kind);
  for (std::size_t i = 0; i < kNoteNumbers; ++i)
    if (row.numbers[i] != nullptr && name == row.numbers[i]) return note.numbers[i];
  return 0;
}

/// The view that a placeholder names; null: it names a number.
const std::string_view* view_of(const Note& note, const std::string_view& address, std::string_view name) {
  if (name == "client") return &note.client;
  if (name == "address") return &address;
  if (name == "name") return &note.name;
  return name == "text" ? &note.text : nullptr;
}

}  // namespace

void append_note_text(const Note& note, std::string_view address, std::string& out) {
  std::string_view text = note_row(note.kind).text;
  while (!text.empty()) {
    const Hole hole = next_hole(text);
    out += hole.before;
    if (hole.name.empty()) continue;
    const std::string_view* view = view_of(note, address, hole.name);
    if (view == nullptr)
      append_number(number_of(note, hole.name), hole.hex, out);
    else
      append_value(view == &address && address.empty() ? kUnknown : *view, hole.quoted, out);
  }
}

void append_note_json(const Note& note, std::string_view address, std::string& out) {
  std::string_view text = note_row(note.kind).text;
  while (!text.empty()) {
    const Hole hole = next_hole(text);
    if (hole.name.empty()) continue;
    out += ",\"";
    out += hole.name;
    out += "\":";
    if (const std::string_view* view = view_of(note, address, hole.name); view != nullptr)
      append_json_string(*view, hole.quoted ? kNoteValueBytesMax : kNoteWordsBytesMax, out);
    else
      out += std::to_string(number_of(note, hole.name));
  }
}

void append_json_string(std::string_view value, std::size_t most, std::string& out) {
  out += '"';
  const bool whole = walk(value, most, [&](Bytes piece, bool well_formed) {
    const std::uint32_t point = well_formed ? code_point(piece) : 0xFFFD;
    if (point == '"' || point == '\\') {
      out += '\\';
      out += static_cast<char>(point);
    } else if (!well_formed || dangerous(point)) {
      if (point > 0xFFFF) append_unit(0xD7C0 + (point >> 10), out);
      append_unit(point > 0xFFFF ? 0xDC00 + (point & 0x3FF) : point, out);
    } else {
      out += as_text(piece);
    }
  });
  if (!whole) out += kCut;
  out += '"';
}

}  // namespace orrery

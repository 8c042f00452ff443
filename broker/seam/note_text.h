// SPDX-License-Identifier: Apache-2.0
// A note in words: the row's text with its placeholders filled in, and the same as members of a JSON object.
//
// What comes from outside cannot leave its place: in words, control characters, quotes and backslashes in quoted
// places, invalid UTF-8, and the characters of Unicode that end or turn around a line are written as escapes; in JSON
// everything that a string may not hold is, and each byte that is not UTF-8 becomes U+FFFD. A value that is longer than
// its limit is cut and ends in "...". So a note is one line of bounded length, whatever a client sent.
#pragma once

#include <string>
#include <string_view>

#include "broker/seam/note.h"

namespace orrery {

/// Bytes of one value of a note as it was given: of what others sent, and of our own words. What is beyond is cut.
inline constexpr std::size_t kNoteValueBytesMax = 256;
inline constexpr std::size_t kNoteWordsBytesMax = 2048;

/// `address` is what the world knows of note.link; may be empty.
void append_note_text(const Note& note, std::string_view address, std::string& out);
/// ,"client":"...","address":... : those that the kind's text names, each behind a comma.
void append_note_json(const Note& note, std::string_view address, std::string& out);

/// A JSON string of at most `most` bytes of the value.
void append_json_string(std::string_view value, std::size_t most, std::string& out);

}  // namespace orrery

// SPDX-License-Identifier: Apache-2.0
// A note: something worth telling an operator, as a kind of a closed list (note_kinds.h) with a few integers and views.
//
// Whoever has something to tell fills in a Note and gives it to Effects::note(). Each world does with it what it likes:
// the real runtime writes log lines, the simulator keeps when each kind was reached first. Nothing that a node does
// depends on it. A note holds client ids and addresses, never payloads, passwords or tokens.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.h"
#include "broker/seam/note_kinds.h"

namespace orrery {

enum class NoteLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
inline constexpr std::string_view kNoteLevelNames[] = {"debug", "info", "warning", "error"};

enum class NoteKind : std::uint8_t {
#define ORRERY_NOTE_KIND(kind, ...) kind,
  ORRERY_NOTE_KINDS(ORRERY_NOTE_KIND)
#undef ORRERY_NOTE_KIND
      kCount
};
inline constexpr std::size_t kNoteKinds = static_cast<std::size_t>(NoteKind::kCount);
inline constexpr std::size_t kNoteNumbers = 3;

struct NoteRow {
  const char* name;
  NoteLevel level;
  const char* text;
  /// What Note::numbers are called, in their order; null: the kind has no such number.
  const char* numbers[kNoteNumbers];
};
const NoteRow& note_row(NoteKind kind);

/// Views are valid during the call that gets the note.
struct Note {
  static constexpr LinkId kNoLink = UINT32_MAX;

  NoteKind kind = NoteKind::kCount;
  /// What it is about, if it is about a link: the world knows its address.
  LinkId link = kNoLink;
  /// A client id as it came from outside.
  std::string_view client = {};
  /// The name of a member or a listener, as the operator gave it.
  std::string_view name = {};
  /// Our own words: why, or what.
  std::string_view text = {};
  std::uint64_t numbers[kNoteNumbers] = {};
};

/// How often each kind was told.
struct NoteCounts {
  std::uint64_t values[kNoteKinds] = {};
  void add(NoteKind kind) { ++values[static_cast<std::size_t>(kind)]; }
  std::uint64_t operator[](NoteKind kind) const { return values[static_cast<std::size_t>(kind)]; }
};

}  // namespace orrery

// SPDX-License-Identifier: Apache-2.0
// What a run has reached: for each kind of note how often it was told, and when and where first. Beside the run, never
// part of it: neither the run's hash nor anything that happens depends on it.
#pragma once

#include <array>
#include <cstdint>

#include "broker/seam/note.h"

namespace orrery::sim {

struct NoteMark {
  std::uint64_t count = 0;
  Nanos first_at = 0;
  Place first_place;
  bool operator==(const NoteMark&) const = default;
};

/// By kind, over all nodes and lives.
class NoteMarks {
 public:
  void add(NoteKind kind, Nanos at, Place place) {
    NoteMark& mark = marks_[static_cast<std::size_t>(kind)];
    if (mark.count++ == 0) mark = {1, at, place};
  }
  const NoteMark& operator[](NoteKind kind) const { return marks_[static_cast<std::size_t>(kind)]; }
  bool operator==(const NoteMarks&) const = default;

 private:
  std::array<NoteMark, kNoteKinds> marks_{};
};

}  // namespace orrery::sim

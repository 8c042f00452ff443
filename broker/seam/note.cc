// SPDX-License-Identifier: Apache-2.0
#include "broker/seam/note.h"

#include "base/assert.h"

namespace orrery {
namespace {

constexpr NoteRow kRows[] = {
#define ORRERY_NOTE_ROW(kind, name, level, text, ...) {name, NoteLevel::level, text, {__VA_ARGS__}},
    ORRERY_NOTE_KINDS(ORRERY_NOTE_ROW)
#undef ORRERY_NOTE_ROW
};

}  // namespace

const NoteRow& note_row(NoteKind kind) {
  ORRERY_ASSERT(kind < NoteKind::kCount);
  return kRows[static_cast<std::size_t>(kind)];
}

}  // namespace orrery

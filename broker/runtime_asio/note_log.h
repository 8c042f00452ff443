// SPDX-License-Identifier: Apache-2.0
// Notes as lines of the log: filtered by level, limited per kind, as text or as JSON.
//
//   2026-08-02T09:30:00.123Z warning listener_rests: listeners.tcp.default takes no connections for now: ...
//   {"time":"2026-08-02T09:30:00.123Z","level":"warning","kind":"listener_rests","node":"n1","shard":0,
//    "message":"listeners.tcp.default takes ...","name":"listeners.tcp.default","text":"..."}      (one line, too)
//
// One of these belongs to one shard and is called by whoever runs that shard; one more is the process's own. A kind
// that is told more than kNoteLinesPerSecond times within a second is counted for the rest of it, and when the second
// is over one line says how many there were: "17 more of these". docs/log.md has an entry for each kind.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "broker/seam/note.h"

namespace orrery::runtime {

/// Gets one whole line without its end, from any shard's thread.
using LogFn = std::function<void(const std::string& line)>;

enum class LogFormat : std::uint8_t { kText, kJson };

struct LogOptions {
  LogFormat format = LogFormat::kText;
  /// Notes below it are counted and not written.
  NoteLevel level = NoteLevel::kInfo;
};

class NoteLog {
 public:
  /// Of a shard, or with kNoShard of the process. `sink` outlives it.
  static constexpr int kNoShard = -1;
  NoteLog(const LogOptions& options, std::string_view node, int shard, const LogFn& sink);

  /// False when the note gets no line: it is below the level, or there were too many.
  bool admit(Nanos now, NoteKind kind);
  /// After admit(). `address` is that of note.link, if it is known.
  void write(const Note& note, std::string_view address);

  /// When a second ends in which notes were left out; kNever: none.
  Nanos next() const { return next_; }
  /// Says how many were left out, of the seconds that have ended; with kNever, of all.
  void tell_rest(Nanos now);

 private:
  struct Second {
    Nanos end = INT64_MIN;
    std::uint32_t lines = 0;
    std::uint64_t left_out = 0;
  };

  void begin(const NoteRow& row);
  void tell_rest_of(std::size_t kind);

  const LogOptions options_;
  const std::string node_;
  const int shard_;
  const LogFn& sink_;
  Second seconds_[kNoteKinds];
  Nanos next_ = kNever;
  std::string line_;   // scratch
  std::string words_;  // scratch
};

}  // namespace orrery::runtime

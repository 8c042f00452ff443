// SPDX-License-Identifier: Apache-2.0
#include "broker/runtime_asio/note_log.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "broker/runtime_asio/limits.h"
#include "broker/seam/note_text.h"

namespace orrery::runtime {
namespace {

/// The present time of day, as RFC 3339 writes it.
void append_time(std::string& out) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + size, sizeof text - size, ".%03ldZ", now.tv_nsec / 1'000'000);
  out += text;
}

}  // namespace

NoteLog::NoteLog(const LogOptions& options, std::string_view node, int shard, const LogFn& sink)
    : options_(options), node_(node), shard_(shard), sink_(sink) {}

bool NoteLog::admit(Nanos now, NoteKind kind) {
  if (note_row(kind).level < options_.level) return false;
  const auto k = static_cast<std::size_t>(kind);
  Second& second = seconds_[k];
  if (now >= second.end) {
    tell_rest_of(k);
    second = {now + kSecond, 0, 0};
  }
  if (second.lines < kNoteLinesPerSecond) {
    ++second.lines;
    return true;
  }
  ++second.left_out;
  next_ = std::min(next_, second.end);
  return false;
}

void NoteLog::write(const Note& note, std::string_view address) {
  const NoteRow& row = note_row(note.kind);
  begin(row);
  if (options_.format == LogFormat::kText) {
    append_note_text(note, address, line_);
  } else {
    words_.clear();
    append_note_text(note, address, words_);
    line_ += "\"message\":";
    append_json_string(words_, words_.size(), line_);
    append_note_json(note, address, line_);
    line_ += '}';
  }
  sink_(line_);
}

void NoteLog::begin(const NoteRow& row) {
  const std::string_view level = kNoteLevelNames[static_cast<std::size_t>(row.level)];
  line_.clear();
  if (options_.format == LogFormat::kText) {
    append_time(line_);
    ((((line_ += ' ') += level) += ' ') += row.name) += ": ";
    return;
  }
  line_ += "{\"time\":\"";
  append_time(line_);
  (((line_ += "\",\"level\":\"") += level) += "\",\"kind\":\"") += row.name;
  line_ += "\",\"node\":";
  append_json_string(node_, node_.size(), line_);
  if (shard_ != kNoShard) line_ += ",\"shard\":" + std::to_string(shard_);
  line_ += ',';
}

void NoteLog::tell_rest(Nanos now) {
  if (now < next_) return;
  next_ = kNever;
  for (std::size_t k = 0; k < kNoteKinds; ++k) {
    if (seconds_[k].left_out == 0) continue;
    if (seconds_[k].end <= now)
      tell_rest_of(k);
    else
      next_ = std::min(next_, seconds_[k].end);
  }
}

void NoteLog::tell_rest_of(std::size_t kind) {
  const std::uint64_t left_out = std::exchange(seconds_[kind].left_out, 0);
  if (left_out == 0) return;
  begin(note_row(static_cast<NoteKind>(kind)));
  const std::string count = std::to_string(left_out);
  if (options_.format == LogFormat::kText)
    line_ += count + " more of these";
  else
    line_ += "\"message\":\"" + count + " more of these\",\"more\":" + count + "}";
  sink_(line_);
}

}  // namespace orrery::runtime

// SPDX-License-Identifier: Apache-2.0
// Lines of text and of JSON, the level, and the limit of each kind within a second.
#include "broker/runtime_asio/note_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "broker/runtime_asio/limits.h"

namespace orrery::runtime {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::MatchesRegex;

class NoteLogTest : public testing::Test {
 protected:
  void open(const LogOptions& options, int shard = 1) {
    log_ = std::make_unique<NoteLog>(options, "n\"1", shard, sink_);
  }
  void tell(Nanos now, const Note& note) {
    if (log_->admit(now, note.kind)) log_->write(note, "[::1]:7");
  }

  std::vector<std::string> lines_;
  LogFn sink_ = [this](const std::string& line) { lines_.push_back(line); };
  std::unique_ptr<NoteLog> log_;
};

const Note kRefused{.kind = NoteKind::kConnectRefused, .client = "a\n\"b", .text = "no", .numbers = {0x87}};

TEST_F(NoteLogTest, ALineOfText) {
  open({});
  tell(0, kRefused);
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_THAT(lines_[0], MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z "
                                      "info connect_refused: client .* is refused: no .reason 0x87."));
  EXPECT_THAT(lines_[0], testing::HasSubstr(R"(client "a\x0a\"b" at [::1]:7 is)"));
}

TEST_F(NoteLogTest, ALineOfJson) {
  open({.format = LogFormat::kJson});
  tell(0, kRefused);
  ASSERT_EQ(lines_.size(), 1u);
  const auto line = nlohmann::json::parse(lines_[0]);
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["kind"], "connect_refused");
  EXPECT_EQ(line["node"], "n\"1");
  EXPECT_EQ(line["shard"], 1);
  EXPECT_EQ(line["client"], "a\n\"b");
  EXPECT_EQ(line["address"], "[::1]:7");
  EXPECT_EQ(line["text"], "no");
  EXPECT_EQ(line["reason"], 0x87);
  EXPECT_EQ(line["message"], R"(client "a\x0a\"b" at [::1]:7 is refused: no (reason 0x87))");
  EXPECT_THAT(line["time"].get<std::string>(), EndsWith("Z"));
  EXPECT_EQ(line.size(), 10u);
}

TEST_F(NoteLogTest, TheProcessHasNoShard) {
  open({.format = LogFormat::kJson}, NoteLog::kNoShard);
  tell(0, {.kind = NoteKind::kStopped});
  EXPECT_FALSE(nlohmann::json::parse(lines_[0]).contains("shard"));
}

TEST_F(NoteLogTest, BelowTheLevelNothingIsWritten) {
  for (const NoteLevel level : {NoteLevel::kDebug, NoteLevel::kInfo, NoteLevel::kWarning, NoteLevel::kError}) {
    open({.level = level});
    lines_.clear();
    tell(0, {.kind = NoteKind::kDroppedExpired});    // debug
    tell(0, {.kind = NoteKind::kStopped});           // info
    tell(0, {.kind = NoteKind::kDroppedQueueFull});  // warning
    EXPECT_EQ(lines_.size(), 3u - static_cast<std::size_t>(level));
  }
}

TEST_F(NoteLogTest, ManyOfAKindAreCountedUntilTheSecondIsOver) {
  open({});
  for (std::uint32_t i = 0; i < kNoteLinesPerSecond + 5; ++i) tell(100 + i, kRefused);
  EXPECT_EQ(lines_.size(), kNoteLinesPerSecond);
  tell(200, {.kind = NoteKind::kStopped});  // another kind has lines of its own
  EXPECT_EQ(lines_.size(), kNoteLinesPerSecond + 1);
  EXPECT_EQ(log_->next(), 100 + kSecond);
  log_->tell_rest(99 + kSecond);
  EXPECT_EQ(lines_.size(), kNoteLinesPerSecond + 1);
  log_->tell_rest(100 + kSecond);
  EXPECT_EQ(lines_.size(), kNoteLinesPerSecond + 2);
  EXPECT_THAT(lines_.back(), EndsWith(" info connect_refused: 5 more of these"));
  EXPECT_EQ(log_->next(), kNever);
  tell(100 + kSecond, kRefused);
  EXPECT_EQ(lines_.size(), kNoteLinesPerSecond + 3);
}

TEST_F(NoteLogTest, WhatWasLeftOutComesBeforeTheNextLineOfItsKind) {
  open({.format = LogFormat::kJson});
  for (std::uint32_t i = 0; i < kNoteLinesPerSecond + 2; ++i) tell(0, kRefused);
  lines_.clear();
  tell(3 * kSecond, kRefused);
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(nlohmann::json::parse(lines_[0])["more"], 2);
  EXPECT_EQ(nlohmann::json::parse(lines_[0])["kind"], "connect_refused");
  EXPECT_FALSE(nlohmann::json::parse(lines_[1]).contains("more"));
}

TEST_F(NoteLogTest, AtTheEndEverythingLeftOutIsTold) {
  open({});
  for (std::uint32_t i = 0; i < kNoteLinesPerSecond + 1; ++i) tell(0, kRefused);
  lines_.clear();
  log_->tell_rest(kNever);
  EXPECT_THAT(lines_, ElementsAre(EndsWith(" connect_refused: 1 more of these")));
}

}  // namespace
}  // namespace orrery::runtime

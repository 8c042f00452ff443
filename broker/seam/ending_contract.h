// SPDX-License-Identifier: Apache-2.0
// The world contract's part about how links end: a FIN, a reset and a half close are told apart.
#pragma once

#include "broker/seam/world_fixture.h"

namespace orrery::world_contract {

inline void take_half_close(Log& log) { log.take_half_close(); }

TEST_P(WorldContract, AResetIsToldApartFromAnOrdinaryEnd) {
  begin(1, 1, no_script);
  for (const CloseHow how : {CloseHow::kFlush, CloseHow::kAbort}) {
    Record opened;
    const int c = client(0, opened);
    harness_->client_close(c, how);
    EXPECT_TRUE(wait_for(What::kLinkClosed, how == CloseHow::kFlush ? 1 : 2));
    EXPECT_EQ(locked([&] { return log_->records().back().reset; }), how == CloseHow::kAbort);
  }
}

TEST_P(WorldContract, OurOwnCloseIsNoReset) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kBytes) effects.close(r.link, r.data == "flush" ? CloseHow::kFlush : CloseHow::kAbort);
  });
  int ended = 0;
  for (const std::string_view how : {"flush", "abort"}) {
    Record opened;
    const int c = client(0, opened);
    harness_->client_send(c, as_bytes(how));
    EXPECT_TRUE(wait_for(What::kLinkClosed, ++ended));
    EXPECT_FALSE(locked([&] { return log_->records().back().reset; })) << how;
  }
}

TEST_P(WorldContract, AClientThatFinishesEndsTheLinkUnlessTheShardTakesIt) {
  begin(1, 1, no_script);
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes("the last words"));
  harness_->client_finish(c);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  EXPECT_TRUE(wait([&] { return harness_->client_saw_end(c); }));
  EXPECT_EQ(log_->received(opened.place, opened.link), "the last words");
  EXPECT_EQ(count(What::kHalfClosed), 0);
  EXPECT_FALSE(locked([&] { return log_->records().back().reset; }));
}

TEST_P(WorldContract, AShardThatTakesHalfClosesSendsOnUntilItCloses) {
  const std::string answer = pattern(300'000);
  const auto script = [&](const Record& r, Effects& effects) {
    if (r.what == What::kHalfClosed) effects.wake_at(r.now + 20 * kMillisecond);
    if (r.what != What::kWake) return;
    effects.send(0, as_bytes(answer));
    effects.close(0, CloseHow::kFlush);
  };
  begin(1, 1, script, {}, take_half_close);
  Record opened;
  const int c = client(0, opened);
  ASSERT_EQ(opened.link, 0u);
  harness_->client_send(c, as_bytes("a question"));
  harness_->client_finish(c);
  EXPECT_TRUE(wait([&] { return harness_->client_saw_end(c); }));
  EXPECT_TRUE(harness_->client_received(c) == answer);
  EXPECT_EQ(log_->received(opened.place, opened.link), "a question");
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(count(What::kHalfClosed), 1);
  EXPECT_EQ(count(What::kLinkClosed), 1);
}

TEST_P(WorldContract, AHalfClosedLinkThatIsResetEndsOnce) {
  begin(1, 1, no_script, {}, take_half_close);
  Record opened;
  const int c = client(0, opened);
  harness_->client_finish(c);
  EXPECT_TRUE(wait_for(What::kHalfClosed));
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 0);
  harness_->client_close(c, CloseHow::kAbort);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
  EXPECT_TRUE(locked([&] { return log_->records().back().reset; }));
}

TEST_P(WorldContract, AShardThatTakesHalfClosesIsToldAfterTheBytesBeforeIt) {
  const auto script = [](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
    if (r.what == What::kLinkOpen) effects.wake_at(r.now + 50 * kMillisecond);
    if (r.what == What::kWake) effects.resume_reading(0);
    if (r.what == What::kHalfClosed) effects.close(r.link, CloseHow::kFlush);
  };
  begin(1, 1, script, {}, take_half_close);
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes("held"));
  harness_->client_finish(c);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  EXPECT_EQ(log_->received(opened.place, opened.link), "held");
  EXPECT_EQ(count(What::kHalfClosed), 1);
}

}  // namespace orrery::world_contract

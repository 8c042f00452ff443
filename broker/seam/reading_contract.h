// SPDX-License-Identifier: Apache-2.0
// The part of the world contract that is about holding back: stop_reading() and resume_reading(). Included by
// world_contract.h.
//
// That no bytes come while a link is stopped is checked by ScriptedShard at every event; so most tests here stop a
// link, let its peer do something, watch, and ask what has come after it was resumed. Shards are told to resume by
// their timer.
#pragma once

#include "broker/seam/world_fixture.h"

namespace orrery::world_contract {

/// What a stopped link may leave in its transport at most, on both sides together: well above what the kernel's largest
/// socket buffers hold.
inline constexpr std::size_t kTransportHoldsAtMost = 16 * 1024 * 1024;
/// When scripts resume: long enough for everything before it to have arrived.
inline constexpr Nanos kResumeAfter = 50 * kMillisecond;

TEST_P(WorldContract, AStoppedLinkDeliversNothingAndResumingLosesNothing) {
  begin(1, 2, [](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
    if (r.what == What::kLinkOpen) effects.wake_at(r.now + kResumeAfter);
    if (r.what == What::kWake) effects.resume_reading(0);
  });
  Record opened;
  const int c = client(0, opened);
  const std::string sent = pattern(300'000);
  for (std::size_t at = 0; at < sent.size(); at += 50'000)
    harness_->client_send(c, as_bytes(std::string_view(sent).substr(at, 50'000)));
  EXPECT_TRUE(wait([&] { return log_->received(opened.place, opened.link).size() >= sent.size(); }));
  EXPECT_TRUE(log_->received(opened.place, opened.link) == sent);
  ASSERT_NE(log_->first(What::kWake), nullptr);
  ASSERT_NE(log_->first(What::kBytes), nullptr);
  EXPECT_GE(log_->first(What::kBytes)->now, log_->first(What::kWake)->now);
}

TEST_P(WorldContract, ALinkMayBeStoppedInEveryEventOfBytes) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kBytes) effects.stop_reading(r.link);
    if (r.what == What::kBytes) effects.wake_at(r.now + kMillisecond);
    if (r.what == What::kWake) effects.resume_reading(0);
  });
  Record opened;
  const int c = client(0, opened);
  const std::string sent = pattern(1'000'000);
  harness_->client_send(c, as_bytes(sent));
  EXPECT_TRUE(wait([&] { return log_->received(opened.place, opened.link).size() >= sent.size(); }));
  EXPECT_TRUE(log_->received(opened.place, opened.link) == sent);
  EXPECT_GE(count(What::kWake), 2);  // bytes came in more than one event
}

TEST_P(WorldContract, TheLastOfStopAndResumeInOneEventCounts) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what != What::kLinkOpen && r.what != What::kBytes) return;
    effects.stop_reading(r.link);
    effects.stop_reading(r.link);
    effects.resume_reading(r.link);
    effects.resume_reading(r.link);
    if (r.data != "stop") return;
    effects.stop_reading(r.link);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes("go on"));
  EXPECT_TRUE(wait_for(What::kBytes));
  harness_->client_send(c, as_bytes("stop"));
  EXPECT_TRUE(wait_for(What::kBytes, 2));
  harness_->client_send(c, as_bytes("nobody reads this"));
  watch();
  EXPECT_EQ(count(What::kBytes), 2);
}

TEST_P(WorldContract, StoppingAgainRightAfterResumingKeepsWhatWaits) {
  begin(1, 1, [wakes = 0](const Record& r, Effects& effects) mutable {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
    if (r.what == What::kLinkOpen) effects.wake_at(r.now + kResumeAfter);
    if (r.what != What::kWake) return;
    effects.resume_reading(0);
    if (++wakes == 1) effects.stop_reading(0);
    if (wakes == 1) effects.wake_at(r.now + kMillisecond);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes("patience"));
  EXPECT_TRUE(wait_for(What::kBytes));
  EXPECT_EQ(count(What::kWake), 2);
  EXPECT_EQ(log_->received(opened.place, opened.link), "patience");
}

TEST_P(WorldContract, ThePeerOfAStoppedLinkIsHeldUp) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
  });
  Record opened;
  const int c = client(0, opened);
  const std::string sent = pattern(2 * kTransportHoldsAtMost);
  harness_->client_send(c, as_bytes(sent));
  watch();
  watch();
  EXPECT_GE(harness_->client_waiting(c), kTransportHoldsAtMost);
  EXPECT_EQ(count(What::kBytes), 0);
}

TEST_P(WorldContract, WhoWasHeldUpGoesOn) {
  LinkId held_up = UINT32_MAX;
  begin(1, 1, [&](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen && held_up == UINT32_MAX) effects.stop_reading(held_up = r.link);
    if (r.what == What::kBytes && r.link != held_up) effects.resume_reading(held_up);
  });
  Record opened;
  const int c = client(0, opened);
  Record other;
  const int second = client(0, other);
  std::string sent;
  while (harness_->client_waiting(c) == 0 && sent.size() < 2 * kTransportHoldsAtMost) {
    const std::string piece = pattern(100'000, sent.size());
    harness_->client_send(c, as_bytes(piece));
    sent += piece;
  }
  EXPECT_GT(harness_->client_waiting(c), 0u);
  harness_->client_send(second, as_bytes("go on"));
  EXPECT_TRUE(wait([&] { return log_->bytes_of(opened.place, opened.link) >= sent.size(); }));
  EXPECT_TRUE(log_->received(opened.place, opened.link) == sent);
  EXPECT_EQ(harness_->client_waiting(c), 0u);
}

TEST_P(WorldContract, AStoppedLinkStillSends) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what != What::kLinkOpen) return;
    effects.stop_reading(r.link);
    effects.send(r.link, as_bytes("one way"));
  });
  Record opened;
  const int c = client(0, opened);
  EXPECT_TRUE(wait([&] { return harness_->client_received(c) == "one way"; }));
}

TEST_P(WorldContract, AnEndBehindNothingUnreadIsToldToAStoppedLink) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_close(c, CloseHow::kFlush);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
}

TEST_P(WorldContract, AnEndBehindUnreadBytesWaitsWithThem) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
    if (r.what == What::kLinkOpen) effects.wake_at(r.now + 4 * kWatch);
    if (r.what == What::kWake) effects.resume_reading(0);
  });
  Record opened;
  const int c = client(0, opened);
  const std::string sent = pattern(200'000);
  harness_->client_send(c, as_bytes(sent));
  harness_->client_close(c, CloseHow::kFlush);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  EXPECT_EQ(count(What::kWake), 1);
  EXPECT_TRUE(log_->received(opened.place, opened.link) == sent);
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
}

TEST_P(WorldContract, AnEndThatCameBeforeTheStopStaysBehindItsBytes) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kBytes) effects.stop_reading(r.link);
    if (r.what == What::kBytes) effects.wake_at(r.now + kMillisecond);
    if (r.what == What::kWake) effects.resume_reading(0);
  });
  Record opened;
  const int c = client(0, opened);
  const std::string sent = pattern(1'000'000);
  harness_->client_send(c, as_bytes(sent));
  harness_->client_close(c, CloseHow::kFlush);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  EXPECT_TRUE(log_->received(opened.place, opened.link) == sent);
}

TEST_P(WorldContract, AResetDoesNotWaitBehindUnreadBytes) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes(pattern(20'000)));
  watch();
  harness_->client_close(c, CloseHow::kAbort);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
  EXPECT_EQ(count(What::kBytes), 0);
}

TEST_P(WorldContract, AStoppedLinkMayBeClosedWithFlush) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
    if (r.what == What::kLinkOpen) effects.wake_at(r.now + kResumeAfter);
    if (r.what != What::kWake) return;
    effects.send(0, as_bytes("farewell"));
    effects.close(0, CloseHow::kFlush);
    effects.resume_reading(0);  // too late, and ignored
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes(pattern(100'000)));
  EXPECT_TRUE(wait([&] { return harness_->client_saw_end(c); }));
  EXPECT_EQ(harness_->client_received(c), "farewell");
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
  EXPECT_EQ(count(What::kBytes), 0);
}

TEST_P(WorldContract, AStoppedLinkMayBeClosedWithAbort) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen) effects.stop_reading(r.link);
    if (r.what == What::kLinkOpen) effects.wake_at(r.now + kResumeAfter);
    if (r.what == What::kWake) effects.close(0, CloseHow::kAbort);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes(pattern(100'000)));
  EXPECT_TRUE(wait([&] { return harness_->client_saw_end(c); }));
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
  EXPECT_EQ(count(What::kBytes), 0);
}

TEST_P(WorldContract, TheNextLinkWithTheNumberOfAStoppedOneIsRead) {
  bool first = true;
  begin(1, 1, [&](const Record& r, Effects& effects) {
    if (r.what == What::kLinkOpen && std::exchange(first, false)) effects.stop_reading(r.link);
  });
  Record opened;
  harness_->client_close(client(0, opened), CloseHow::kFlush);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  Record again;
  const int c = client(0, again);
  EXPECT_EQ(again.link, opened.link);
  harness_->client_send(c, as_bytes("hello"));
  EXPECT_TRUE(wait_for(What::kBytes));
}

TEST_P(WorldContract, LinksThatAreNotOpenIgnoreStopAndResume) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what != What::kStart && r.what != What::kLinkClosed) return;
    effects.stop_reading(1000);
    effects.resume_reading(1000);
    effects.stop_reading(r.link);
    effects.resume_reading(r.link);
  });
  Record opened;
  harness_->client_close(client(0, opened), CloseHow::kFlush);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
}

TEST_P(WorldContract, StreamsBetweenNodesAreHeldBackToo) {
  const std::string sent = pattern(400'000);
  begin(2, 1, [&](const Record& r, Effects& effects) {
    if (r.what == What::kStart && r.place.node == 0) effects.dial(7, 1, 0);
    if (r.what == What::kLinkOpen) {  // each end sends, and stops reading at first
      effects.stop_reading(r.link);
      effects.send(r.link, as_bytes(sent));
      effects.wake_at(r.now + kResumeAfter);
    }
    if (r.what == What::kWake) effects.resume_reading(0);
  });
  for (const Place place : {Place{0, 0}, Place{1, 0}})
    EXPECT_TRUE(wait([&] { return log_->bytes_of(place, 0) >= sent.size(); }));
  for (const Place place : {Place{0, 0}, Place{1, 0}}) EXPECT_TRUE(log_->received(place, 0) == sent);
}

}  // namespace orrery::world_contract

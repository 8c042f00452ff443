// SPDX-License-Identifier: Apache-2.0
// The contract of the seam as a test suite: what every world keeps towards the shards that it runs.
//
// Written once, run against each world. A world's test program includes this header in one file, implements
// WorldHarness (broker/seam/world_harness.h) and says
//     INSTANTIATE_TEST_SUITE_P(Simulator, WorldContract, testing::Values(&make_my_harness));
// Rules that hold at every event (time never goes back, ids are not used twice, nothing after the end, ...) are checked
// by ScriptedShard in all of these tests; each test ends by asking that none was broken.
#pragma once

#include "broker/seam/ending_contract.h"
#include "broker/seam/reading_contract.h"
#include "broker/seam/world_fixture.h"

namespace orrery::world_contract {

// ---- starting ----

TEST_P(WorldContract, EveryShardStartsOnce) {
  begin(2, 2, no_script);
  EXPECT_TRUE(wait_for(What::kStart, 4));
  watch();
  EXPECT_EQ(count(What::kStart), 4);
  std::set<Place> places;
  for (const Record& r : log_->records()) places.insert(r.place);
  EXPECT_EQ(places.size(), 4u);
}

// ---- links of clients ----

TEST_P(WorldContract, AClientThatClosesEndsItsLinkOnce) {
  begin(1, 2, no_script);
  for (const CloseHow how : {CloseHow::kFlush, CloseHow::kAbort}) {
    Record opened;
    const int c = client(0, opened);
    EXPECT_EQ(opened.kind, LinkKind::kTcp);
    EXPECT_EQ(opened.tag, 0u);
    harness_->client_close(c, how);
    EXPECT_TRUE(wait_for(What::kLinkClosed, how == CloseHow::kFlush ? 1 : 2));
  }
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 2);
}

TEST_P(WorldContract, WhatAClientSendsArrivesInOrderAndComplete) {
  begin(1, 2, no_script);
  Record opened;
  const int c = client(0, opened);
  const std::string sent = pattern(300'000);
  std::size_t at = 0;
  for (std::size_t piece = 1; at < sent.size(); piece = piece * 3 + 1) {
    const std::string_view part = std::string_view(sent).substr(at, piece);
    harness_->client_send(c, as_bytes(part));
    at += part.size();
  }
  EXPECT_TRUE(wait([&] { return log_->received(opened.place, opened.link).size() >= sent.size(); }));
  EXPECT_TRUE(log_->received(opened.place, opened.link) == sent);
}

TEST_P(WorldContract, BytesBeforeTheClientsCloseStillArrive) {
  begin(1, 1, no_script);
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes("the last words"));
  harness_->client_close(c, CloseHow::kFlush);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  EXPECT_EQ(log_->received(opened.place, opened.link), "the last words");
  EXPECT_EQ(log_->records().back().what, What::kLinkClosed);
}

TEST_P(WorldContract, WhatAShardSendsArrivesInOrderAndComplete) {
  std::string sent;
  begin(1, 2, [&](const Record& r, Effects& effects) {
    if (r.what != What::kLinkOpen) return;
    for (std::size_t piece = 1; sent.size() < 300'000; piece = piece * 3 + 1) {
      const std::string part = pattern(piece, sent.size());
      effects.send(r.link, as_bytes(part));
      sent += part;
    }
  });
  Record opened;
  const int c = client(0, opened);
  EXPECT_TRUE(wait([&] { return harness_->client_received(c).size() >= sent.size(); }));
  EXPECT_TRUE(harness_->client_received(c) == sent);
}

TEST_P(WorldContract, EchoesOfManyClientsDoNotMix) {
  begin(1, 2, [](const Record& r, Effects& effects) {
    if (r.what == What::kBytes) effects.send(r.link, as_bytes(r.data));
  });
  constexpr int kClients = 8;
  for (int c = 0; c < kClients; ++c) EXPECT_EQ(harness_->connect(0), c);
  for (std::size_t round = 0; round < 20; ++round)
    for (int c = 0; c < kClients; ++c)
      harness_->client_send(c, as_bytes(pattern(100 + round, static_cast<std::size_t>(c) * 77)));
  for (int c = 0; c < kClients; ++c) {
    std::string expected;
    for (std::size_t round = 0; round < 20; ++round) expected += pattern(100 + round, static_cast<std::size_t>(c) * 77);
    EXPECT_TRUE(wait([&] { return harness_->client_received(c).size() >= expected.size(); }));
    EXPECT_TRUE(harness_->client_received(c) == expected);
  }
}

// ---- close ----

TEST_P(WorldContract, CloseWithFlushDeliversWhatWasSentBefore) {
  const std::string sent = pattern(500'000);
  begin(1, 1, [&](const Record& r, Effects& effects) {
    if (r.what != What::kBytes) return;
    effects.send(r.link, as_bytes(sent));
    effects.close(r.link, CloseHow::kFlush);
    effects.send(r.link, as_bytes("too late"));
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes("go"));
  EXPECT_TRUE(wait([&] { return harness_->client_saw_end(c); }));
  EXPECT_TRUE(harness_->client_received(c) == sent);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
}

TEST_P(WorldContract, CloseWithAbortDeliversAtMostWhatWasSentBefore) {
  const std::string sent = pattern(500'000);
  begin(1, 1, [&](const Record& r, Effects& effects) {
    if (r.what != What::kBytes) return;
    effects.send(r.link, as_bytes(sent));
    effects.close(r.link, CloseHow::kAbort);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes("go"));
  EXPECT_TRUE(wait([&] { return harness_->client_saw_end(c); }));
  const std::string received = harness_->client_received(c);
  EXPECT_TRUE(received == std::string_view(sent).substr(0, received.size()));
  EXPECT_TRUE(wait_for(What::kLinkClosed));
}

TEST_P(WorldContract, NothingArrivesAfterCloseWhileTheClientKeepsSending) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what == What::kBytes) effects.close(r.link, CloseHow::kFlush);
  });
  Record opened;
  const int c = client(0, opened);
  for (int i = 0; i < 50; ++i) harness_->client_send(c, as_bytes(pattern(1000)));
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  for (int i = 0; i < 50; ++i) harness_->client_send(c, as_bytes(pattern(1000)));
  watch();
  EXPECT_EQ(log_->count(What::kBytes, opened.place, opened.link), 1);
  EXPECT_EQ(count(What::kLinkClosed), 1);
}

TEST_P(WorldContract, ALinkMayBeClosedInTheEventThatOpensIt) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what != What::kLinkOpen) return;
    effects.send(r.link, as_bytes("no"));
    effects.close(r.link, CloseHow::kFlush);
    effects.close(r.link, CloseHow::kFlush);
    effects.close(r.link, CloseHow::kAbort);  // a link that is being closed cannot be closed again
  });
  Record opened;
  const int c = client(0, opened);
  EXPECT_TRUE(wait([&] { return harness_->client_saw_end(c); }));
  EXPECT_EQ(harness_->client_received(c), "no");
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
}

TEST_P(WorldContract, AClosedLinkIgnoresSendAndClose) {
  std::size_t returned = 1;
  begin(1, 1, [&](const Record& r, Effects& effects) {
    if (r.what != What::kLinkClosed) return;
    returned = effects.send(r.link, as_bytes("nobody"));
    effects.close(r.link, CloseHow::kFlush);
    effects.close(r.link + 1000, CloseHow::kAbort);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_close(c, CloseHow::kFlush);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(returned, 0u);
  EXPECT_EQ(count(What::kLinkClosed), 1);
}

TEST_P(WorldContract, LinkIdsAreUsedAgain) {
  begin(1, 1, no_script);
  constexpr int kRounds = 3;
  constexpr int kAtOnce = 4;
  int clients = 0;
  LinkId largest = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < kAtOnce; ++i) {
      Record opened;
      client(0, opened);
      largest = std::max(largest, opened.link);
    }
    for (int i = 0; i < kAtOnce; ++i) harness_->client_close(clients++, CloseHow::kFlush);
    EXPECT_TRUE(wait_for(What::kLinkClosed, clients));
  }
  EXPECT_LT(largest, 16u);  // dense: far fewer than ids were given out is not asked, growth without end is refused
}

// ---- back-pressure ----

TEST_P(WorldContract, ASlowReaderPressesBackAndIsDrainedOnce) {
  constexpr std::size_t kPiece = 64 * 1024;
  constexpr std::size_t kMost = 64 * 1024 * 1024;
  std::size_t sent = 0;
  std::size_t backlog = 0;
  begin(1, 1, [&](const Record& r, Effects& effects) {
    if (r.what != What::kBytes) return;
    const std::string piece = pattern(kPiece);
    while (backlog == 0 && sent < kMost) {
      backlog = effects.send(r.link, as_bytes(piece));
      sent += piece.size();
    }
    if (backlog == 0) return;
    const std::size_t more = effects.send(r.link, as_bytes(piece));
    sent += piece.size();
    EXPECT_GT(more, 0u);
    EXPECT_LE(more, backlog + piece.size());
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_read(c, false);
  harness_->client_send(c, as_bytes("go"));
  EXPECT_TRUE(wait_for(What::kBytes));
  ASSERT_GT(backlog, 0u);
  watch();
  harness_->client_read(c, true);
  EXPECT_TRUE(wait([&] { return harness_->client_received(c).size() >= sent; }));
  EXPECT_EQ(harness_->client_received(c).size(), sent);
  EXPECT_TRUE(wait_for(What::kDrained));
  watch();
  EXPECT_EQ(count(What::kDrained), 1);
}

TEST_P(WorldContract, CloseWithFlushOutlastsBackPressure) {
  std::size_t sent = 0;
  begin(1, 1, [&](const Record& r, Effects& effects) {
    if (r.what != What::kBytes) return;
    const std::string piece = pattern(64 * 1024);
    for (int i = 0; i < 256; ++i) {
      sent += piece.size();
      if (effects.send(r.link, as_bytes(piece)) > 0) break;
    }
    effects.close(r.link, CloseHow::kFlush);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_read(c, false);
  harness_->client_send(c, as_bytes("go"));
  EXPECT_TRUE(wait_for(What::kBytes));
  watch();
  harness_->client_read(c, true);
  EXPECT_TRUE(wait([&] { return harness_->client_saw_end(c); }));
  EXPECT_EQ(harness_->client_received(c).size(), sent);
  EXPECT_TRUE(wait_for(What::kLinkClosed));
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
}

// ---- links between nodes ----

TEST_P(WorldContract, ADialOpensALinkAtBothEnds) {
  const std::string there = pattern(100'000, 1);
  const std::string back = pattern(100'000, 2);
  begin(2, 2, [&](const Record& r, Effects& effects) {
    if (r.what == What::kStart && r.place == Place{0, 1}) {
      effects.dial(70, 1, 0);
      effects.dial(71, 1, 1);
    }
    if (r.what == What::kLinkOpen && r.kind == LinkKind::kPeerOut) effects.send(r.link, as_bytes(there));
    if (r.what == What::kLinkOpen && r.kind == LinkKind::kPeerIn) effects.send(r.link, as_bytes(back));
  });
  EXPECT_TRUE(wait_for(What::kLinkOpen, 4));
  std::vector<Record> opened;
  locked([&] {
    for (const Record& r : log_->records())
      if (r.what == What::kLinkOpen) opened.push_back(r);
  });
  std::set<std::uint32_t> tags;
  std::set<Place> incoming;
  for (const Record& r : opened) {
    const bool out = r.kind == LinkKind::kPeerOut;
    EXPECT_EQ(r.place.node, out ? 0 : 1);
    if (out) tags.insert(r.tag);
    if (!out) incoming.insert(r.place);
    const std::string& expected = out ? back : there;
    EXPECT_TRUE(wait([&] { return log_->received(r.place, r.link).size() >= expected.size(); }));
    EXPECT_TRUE(log_->received(r.place, r.link) == expected);
  }
  EXPECT_EQ(tags, (std::set<std::uint32_t>{70, 71}));
  EXPECT_EQ(incoming, (std::set<Place>{{1, 0}, {1, 1}}));
  EXPECT_EQ(count(What::kDialFailed), 0);
}

TEST_P(WorldContract, EitherEndOfAPeerLinkMayCloseIt) {
  for (const LinkKind closer : {LinkKind::kPeerOut, LinkKind::kPeerIn}) {
    begin(2, 1, [&](const Record& r, Effects& effects) {
      if (r.what == What::kStart && r.place.node == 0) effects.dial(5, 1, 0);
      if (r.what != What::kLinkOpen || r.kind != closer) return;
      effects.send(r.link, as_bytes("farewell"));
      effects.close(r.link, CloseHow::kFlush);
    });
    EXPECT_TRUE(wait_for(What::kLinkClosed, 2));
    watch();
    EXPECT_EQ(count(What::kLinkClosed), 2);
    std::string received;
    for (const Record& r : log_->records()) received += r.data;
    EXPECT_EQ(received, "farewell");
    TearDown();
  }
}

TEST_P(WorldContract, ADialToAnAbsentNodeFailsOnce) {
  begin(2, 1,
        [](const Record& r, Effects& effects) {
          if (r.what == What::kStart) effects.dial(9, 1, 0);
        },
        {1});
  EXPECT_TRUE(wait_for(What::kDialFailed));
  watch();
  EXPECT_EQ(count(What::kDialFailed), 1);
  EXPECT_EQ(count(What::kLinkOpen), 0);
  EXPECT_EQ(log_->first(What::kDialFailed)->tag, 9u);
}

// ---- between shards ----

TEST_P(WorldContract, PostsArriveInOrderForEachPair) {
  constexpr int kPosts = 500;
  begin(1, 3, [](const Record& r, Effects& effects) {
    if (r.what != What::kStart || r.place.shard == 2) return;
    for (int i = 0; i < kPosts; ++i) effects.post(2, as_bytes(std::to_string(i)));
  });
  EXPECT_TRUE(wait_for(What::kMessage, 2 * kPosts));
  watch();
  EXPECT_EQ(count(What::kMessage), 2 * kPosts);
  int next[2] = {0, 0};
  for (const Record& r : log_->records()) {
    if (r.what != What::kMessage) continue;
    EXPECT_EQ(r.place, (Place{0, 2}));
    ASSERT_LT(r.from, 2);
    EXPECT_EQ(r.data, std::to_string(next[r.from]++));
  }
}

TEST_P(WorldContract, APostMayBeEmptyOrLarge) {
  const std::string large = pattern(1'000'000);
  begin(1, 2, [&](const Record& r, Effects& effects) {
    if (r.what != What::kStart || r.place.shard != 1) return;
    effects.post(0, {});
    effects.post(0, as_bytes(large));
  });
  EXPECT_TRUE(wait_for(What::kMessage, 2));
  std::vector<std::string> got;
  for (const Record& r : log_->records())
    if (r.what == What::kMessage) got.push_back(r.data);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0], "");
  EXPECT_TRUE(got[1] == large);
}

TEST_P(WorldContract, AShardIsToldWhatIsBehindAndOnceWhenItWasTaken) {
  const std::string piece = pattern(kPostsHigh / 8);
  std::vector<std::size_t> waiting;
  begin(1, 2, [&](const Record& r, Effects& effects) {
    if (r.place.shard != 0 || (r.what != What::kStart && r.what != What::kPostsTaken) || waiting.size() > 24) return;
    // Nothing is taken during an event: what waits is exactly what was posted, beside a few bytes for each message.
    for (int i = 0; i < 12; ++i) waiting.push_back(effects.post(1, as_bytes(piece)));
  });
  EXPECT_TRUE(wait_for(What::kPostsTaken, 3));
  EXPECT_TRUE(wait_for(What::kMessage, 36));
  watch();
  EXPECT_EQ(count(What::kPostsTaken), 3);
  const Held held(*harness_);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_GE(waiting[i], (i + 1) * piece.size());
    EXPECT_LE(waiting[i], (i + 1) * (piece.size() + 64));
  }
  EXPECT_LE(waiting[12], kPostsHigh / 2 + 2 * piece.size());  // it had fallen when posts_taken() came
  int taken = 0;
  for (const Record& r : log_->records()) taken += r.what == What::kPostsTaken && r.from == 1 && r.place == Place{0, 0};
  EXPECT_EQ(taken, log_->count(What::kPostsTaken));
}

TEST_P(WorldContract, ShardsThatAreBothBehindBothCatchUp) {
  const std::string piece = pattern(kPostsHigh / 4);
  begin(1, 2, [&](const Record& r, Effects& effects) {
    if (r.what != What::kStart) return;
    for (int i = 0; i < 12; ++i) effects.post(1 - r.place.shard, as_bytes(piece));
  });
  EXPECT_TRUE(wait_for(What::kPostsTaken, 2));
  EXPECT_TRUE(wait_for(What::kMessage, 24));
  watch();
  EXPECT_EQ(count(What::kPostsTaken), 2);
}

TEST_P(WorldContract, WhoPostsLittleIsToldNothing) {
  const std::string piece = pattern(1000);
  begin(1, 2, [&](const Record& r, Effects& effects) {
    if (r.what != What::kStart || r.place.shard != 0) return;
    for (int i = 0; i < 100; ++i) EXPECT_LE(effects.post(1, as_bytes(piece)), kPostsHigh);
  });
  EXPECT_TRUE(wait_for(What::kMessage, 100));
  watch();
  EXPECT_EQ(count(What::kPostsTaken), 0);
}

// ---- the timer ----

TEST_P(WorldContract, AWishWakesOnceAtOrAfter) {
  Nanos wished = 0;
  begin(1, 1, [&](const Record& r, Effects& effects) {
    if (r.what == What::kStart) effects.wake_at(wished = r.now + 5 * kMillisecond);
  });
  EXPECT_TRUE(wait_for(What::kWake));
  watch();
  EXPECT_EQ(count(What::kWake), 1);
  EXPECT_GE(log_->first(What::kWake)->now, wished);
}

TEST_P(WorldContract, ALaterWishReplacesTheOneBefore) {
  Nanos earlier = 0;
  Nanos later = 0;
  begin(1, 2, [&](const Record& r, Effects& effects) {
    if (r.what != What::kStart) return;
    const bool postpones = r.place.shard == 0;
    effects.wake_at(r.now + (postpones ? 5 : 50) * kMillisecond);
    effects.wake_at(r.now + (postpones ? 50 : 5) * kMillisecond);
    (postpones ? later : earlier) = r.now + (postpones ? 50 : 5) * kMillisecond;
  });
  EXPECT_TRUE(wait_for(What::kWake, 2));
  watch();
  EXPECT_EQ(count(What::kWake), 2);
  for (const Record& r : log_->records()) {
    if (r.what != What::kWake) continue;
    EXPECT_GE(r.now, r.place.shard == 0 ? later : earlier);
  }
}

TEST_P(WorldContract, NeverWithdrawsAWish) {
  begin(1, 1, [](const Record& r, Effects& effects) {
    if (r.what != What::kStart) return;
    effects.wake_at(r.now + 5 * kMillisecond);
    effects.wake_at(kNever);
  });
  EXPECT_TRUE(wait_for(What::kStart));
  watch();
  EXPECT_EQ(count(What::kWake), 0);
}

TEST_P(WorldContract, AWishOfThePastWakesSoonAndAWakeMayWishAgain) {
  begin(1, 1, [wakes = 0](const Record& r, Effects& effects) mutable {
    if (r.what == What::kStart) effects.wake_at(r.now);
    if (r.what == What::kWake && ++wakes < 5) effects.wake_at(r.now - 1);
  });
  EXPECT_TRUE(wait_for(What::kWake, 5));
  watch();
  EXPECT_EQ(count(What::kWake), 5);
}

// ---- notes ----

TEST_P(WorldContract, ANoteIsCountedAndCausesNothing) {
  begin(1, 2, [](const Record& r, Effects& effects) {
    Note note{.kind = NoteKind::kClientGone, .link = r.link, .client = std::string_view("a\n\0b", 4), .text = "why"};
    const std::uint64_t before = effects.noted()[note.kind];
    effects.note(note);
    note.link = r.link + 1000;  // not a link: there is no address to tell
    effects.note(note);
    EXPECT_EQ(effects.noted()[note.kind], before + 2);
    if (r.what == What::kBytes) effects.close(r.link, CloseHow::kFlush);
  });
  Record opened;
  const int c = client(0, opened);
  harness_->client_send(c, as_bytes("x"));
  EXPECT_TRUE(wait_for(What::kLinkClosed));  // also told: in the event that ends the link
  watch();
  EXPECT_EQ(count(What::kLinkClosed), 1);
  EXPECT_EQ(count(What::kStart), 2);
}

}  // namespace orrery::world_contract

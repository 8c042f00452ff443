// SPDX-License-Identifier: Apache-2.0
// Notes in the virtual world: reached-marks, the trace, and that they never change a run.
#include <gtest/gtest.h>

#include "sim/world/test_world.h"

namespace orrery::sim {
namespace {

using world_contract::Record;
using world_contract::What;

enum class Telling { kNothing, kMuch };

/// Four clients that are echoed to, and a node that crashes meanwhile and comes back.
std::unique_ptr<TestWorld> run(Telling telling, bool listen, std::vector<std::string>* heard = nullptr) {
  auto t = std::make_unique<TestWorld>(2, 2, [telling](const Record& r, Effects& effects) {
    const Note note{.kind = NoteKind::kClientTakenOver, .link = r.link, .client = "c", .text = "x"};
    if (telling == Telling::kMuch) effects.note(note);
    echo_script(r, effects);
    if (telling == Telling::kMuch && r.what == What::kLinkClosed) effects.note({.kind = NoteKind::kStopped});
  });
  if (listen) {
    t->world->trace(0, UINT64_MAX, [](const TraceEntry&) {});
    t->world->trace_notes([heard](const NoteEntry& n) {
      if (heard != nullptr) heard->push_back(note_row(n.note.kind).name);
    });
  }
  t->world->plan({{.at = 2 * kSecond, .kind = FaultKind::kCrash, .node = 1},
                  {.at = 3 * kSecond, .kind = FaultKind::kRestart, .node = 1}});
  for (ClientId c = 0; c < 4; ++c) t->connect(c, static_cast<NodeId>(c % 2));
  for (int i = 0; i < 40; ++i) {
    t->run(100 * kMillisecond);
    for (ClientId c = 0; c < 4; ++c)
      if (t->world->client_has_connection(c)) t->send(c, "hello");
  }
  return t;
}

TEST(Notes, NeverChangeARun) {
  const auto silent = run(Telling::kNothing, false);
  const auto unheard = run(Telling::kMuch, false);
  const auto heard = run(Telling::kMuch, true);
  EXPECT_GT(silent->world->events_handled(), 200u);
  EXPECT_EQ(silent->world->hash().value(), unheard->world->hash().value());
  EXPECT_EQ(silent->world->hash().value(), heard->world->hash().value());
  EXPECT_EQ(silent->world->events_handled(), heard->world->events_handled());
  EXPECT_EQ(silent->world->notes()[NoteKind::kClientTakenOver].count, 0u);
  EXPECT_GT(heard->world->notes()[NoteKind::kClientTakenOver].count, 100u);
  EXPECT_EQ(heard->world->notes(), unheard->world->notes());
}

TEST(Notes, AreMarkedAndTracedWhereTheyAreTold) {
  std::vector<std::string> heard;
  const auto t = run(Telling::kMuch, true, &heard);
  const NoteMark start = t->world->notes()[NoteKind::kClientTakenOver];
  EXPECT_EQ(start.first_at, 0);
  EXPECT_EQ(start.first_place, (Place{0, 0}));
  EXPECT_EQ(heard.size(), start.count + t->world->notes()[NoteKind::kStopped].count);
}

TEST(Notes, OnlyTheTracedStretchIsHeard) {
  int heard = 0;
  TestWorld t(1, 1, [](const Record&, Effects& effects) { effects.note({.kind = NoteKind::kStarted}); });
  t.world->trace(1, 2, [](const TraceEntry&) {});
  t.world->trace_notes([&](const NoteEntry& n) {
    ++heard;
    EXPECT_EQ(n.number, 1u);
  });
  for (ClientId c = 0; c < 5; ++c) t.connect_now(c);
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(t.world->notes()[NoteKind::kStarted].count, 6u);
}

}  // namespace
}  // namespace orrery::sim

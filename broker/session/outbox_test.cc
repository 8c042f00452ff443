// SPDX-License-Identifier: Apache-2.0
#include "broker/session/outbox.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <vector>

#include "base/rng.h"

namespace orrery::session {
namespace {

Message* message(Heap& heap, std::uint64_t id) {
  MessageView view;
  view.id = id;
  view.topic = "t";
  return Message::make(heap, view);
}

TEST(Outbox, SendsInOrderAndAgainFromTheOldestAfterARewind) {
  Heap heap;
  {
    Outbox box(heap);
    for (std::uint64_t id = 1; id <= 3; ++id) box.append(message(heap, id), 1, false, {});
    EXPECT_EQ(box.waiting(), 3u);
    box.sent(10);
    box.sent(11);
    EXPECT_EQ(box.inflight(), 2u);
    EXPECT_EQ(box.waiting(), 1u);
    ASSERT_NE(box.find_sent(11), nullptr);
    EXPECT_EQ(box.find_sent(12), nullptr);

    box.rewind();
    EXPECT_EQ(box.inflight(), 0u);
    EXPECT_EQ(box.find_sent(10), nullptr) << "nothing was sent on the new connection";
    EXPECT_TRUE(box.uses(10));
    EXPECT_EQ(box.next_to_send()->packet_id, 10);
    box.sent(10);
    box.complete(box.find_sent(10));
    EXPECT_EQ(box.next_to_send()->packet_id, 11);
    EXPECT_EQ(box.waiting(), 1u);
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(Outbox, AReleasedDeliveryKeepsItsIdentifierButNotItsMessage) {
  Heap heap;
  Outbox box(heap);
  box.append(message(heap, 1), 2, true, std::vector<std::uint32_t>{7, 9});
  EXPECT_EQ(box.first()->subscription_identifiers().size(), 2u);
  box.sent(5);
  const std::size_t before = heap.bytes_in_use();
  box.release_message(box.find_sent(5));
  EXPECT_LT(heap.bytes_in_use(), before);
  EXPECT_TRUE(box.find_sent(5)->released());
  box.rewind();
  EXPECT_TRUE(box.next_to_send()->released());
}

// The slow obvious twin: a deque of plain records.
TEST(Outbox, AgreesWithADequeThroughRandomLife) {
  struct Record {
    std::uint64_t id;
    std::uint16_t packet_id;
    bool sent;
  };
  Heap heap;
  {
    Outbox box(heap);
    std::deque<Record> twin;
    Rng rng(11);
    std::uint64_t next_id = 1;
    std::uint16_t next_packet_id = 1;
    for (int step = 0; step < 5000; ++step) {
      const auto first_unsent = [&] {
        std::size_t i = 0;
        while (i < twin.size() && twin[i].sent) ++i;
        return i;
      };
      switch (rng.below(step % 500 == 499 ? 6 : 5)) {
        case 0:
        case 1:
          box.append(message(heap, next_id), 1, false, {});
          twin.push_back({next_id++, 0, false});
          break;
        case 2:
          if (const std::size_t i = first_unsent(); i < twin.size()) {
            ASSERT_EQ(box.next_to_send()->message->id(), twin[i].id);
            const std::uint16_t id = twin[i].packet_id != 0 ? twin[i].packet_id : next_packet_id++;
            box.sent(id);
            twin[i].packet_id = id;
            twin[i].sent = true;
          } else {
            ASSERT_EQ(box.next_to_send(), nullptr);
          }
          break;
        case 3:
          if (const std::size_t sent = first_unsent(); sent > 0) {
            const std::size_t i = rng.below(sent);
            box.complete(box.find_sent(twin[i].packet_id));
            twin.erase(twin.begin() + static_cast<std::ptrdiff_t>(i));
          }
          break;
        case 4:
          if (const std::size_t i = first_unsent(); i < twin.size() && twin[i].packet_id == 0 && rng.below(4) == 0) {
            box.drop_next();
            twin.erase(twin.begin() + static_cast<std::ptrdiff_t>(i));
          }
          break;
        default:
          box.rewind();
          for (Record& r : twin) r.sent = false;
      }
      std::uint32_t waiting = 0, inflight = 0;
      for (const Record& r : twin) {
        waiting += r.packet_id == 0 ? 1 : 0;
        inflight += r.sent ? 1 : 0;
      }
      ASSERT_EQ(box.waiting(), waiting);
      ASSERT_EQ(box.inflight(), inflight);
      const Delivery* d = box.first();
      for (const Record& r : twin) {
        ASSERT_EQ(d->message->id(), r.id);
        ASSERT_EQ(d->packet_id, r.packet_id);
        d = d->next;
      }
      ASSERT_EQ(d, nullptr);
    }
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(Outbox, MovesWholeAndDropsWhatIsNamed) {
  Heap heap;
  {
    Outbox first(heap), second(heap);
    first.restore(message(heap, 1), 1, false, 40, {});
    first.append(message(heap, 2), 1, false, {});
    for (std::uint64_t id = 2; id <= 4; ++id) second.append(message(heap, id), 1, false, {});
    EXPECT_EQ(second.drop_if([](const Delivery& d) { return d.message->id() == 2; }), 1u);
    first.append_all(second);
    EXPECT_EQ(second.first(), nullptr);
    EXPECT_EQ(first.waiting(), 3u);
    EXPECT_EQ(first.next_to_send()->packet_id, 40);
    std::vector<std::uint64_t> ids;
    for (const Delivery* d = first.first(); d != nullptr; d = d->next) ids.push_back(d->message->id());
    EXPECT_EQ(ids, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

}  // namespace
}  // namespace orrery::session

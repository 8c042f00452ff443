// SPDX-License-Identifier: Apache-2.0
// Hostile bytes on one admin link, in chunks of any size, with clients that do not take their answers and shards that
// answer late: what comes back must be whole HTTP responses, no more of them than there can be requests, memory stays
// within its limits, and nothing is left when the link is gone. The answers to a stream must not depend on how it was
// cut.
//
// Input: one byte that seeds the cuts, one whose bits choose what the world does, then the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/rng.h"
#include "broker/admin/admin.h"

namespace {

using namespace orrery;
using namespace orrery::admin;

constexpr LinkId kLink = 3;

class World final : public Effects, public AdminHost {
 public:
  std::size_t send(LinkId link, Bytes bytes) override {
    ORRERY_ASSERT(link == kLink);
    ORRERY_ASSERT(!closed);
    sent += as_text(bytes);
    return slow ? bytes.size() : 0;
  }
  void close(LinkId link, CloseHow) override {
    ORRERY_ASSERT(link == kLink);
    ORRERY_ASSERT(!closed);
    closed = true;
  }
  void stop_reading(LinkId) override {}
  void resume_reading(LinkId) override {}
  void dial(std::uint32_t, NodeId, ShardId) override {}
  void wake_at(Nanos) override {}
  std::size_t post(ShardId, Bytes) override { return 0; }
  void persist(std::uint64_t, const StorageBatch&) override {}
  void work(Work, std::uint32_t) override {}
  void tell(const Note& note) override { ORRERY_ASSERT(note.kind == NoteKind::kAdminRefused); }
  void ask_shards(Nanos, std::uint64_t r) override { round = r; }
  std::string_view why_no_clients() override { return "not today"; }
  void publish_sys(Nanos, std::string_view, std::string_view) override {}

  std::string sent;
  std::uint64_t round = 0;
  bool closed = false;
  bool slow = false;
};

struct Response {
  std::string status;
  bool last = false;
};

/// Takes the responses apart by their Content-Length; HEAD's have none of the body they tell of.
std::vector<Response> responses(std::string_view text) {
  std::vector<Response> out;
  while (!text.empty()) {
    ORRERY_ASSERT(text.starts_with("HTTP/1.1 ") || text.starts_with("HTTP/1.0 "));
    const std::size_t end = text.find("\r\n\r\n");
    ORRERY_ASSERT(end != std::string_view::npos);
    const std::string_view head = text.substr(0, end + 2);
    text.remove_prefix(end + 4);
    if (head.substr(9, 3) == "100") continue;
    const std::size_t length = head.find("Content-Length: ");
    ORRERY_ASSERT(length != std::string_view::npos);
    const std::size_t size = std::stoul(std::string(head.substr(length + 16, 8)));
    const bool has_body = !text.empty() && !text.starts_with("HTTP/1.");
    if (has_body) {
      ORRERY_ASSERT(text.size() >= size);
      text.remove_prefix(size);
    }
    out.push_back({std::string(head.substr(9, 3)), head.find("Connection: close") != std::string_view::npos});
  }
  return out;
}

std::string statuses(std::string_view stream, std::size_t piece_max, Rng rng, bool slow) {
  Heap heap;
  Counters counters;
  World world;
  {
    world.slow = slow;
    Admin admin({{"n", "v"}, 0}, 1, heap, world, counters, world);
    Nanos now = kSecond;
    admin.start(now);
    admin.link_open(now, kLink);
    const auto settle = [&] {
      for (bool more = true; more;) {
        more = false;
        if (world.round != 0) {
          const std::uint64_t round = world.round;
          world.round = 0;
          admin.shard_answered(now, round, 0, {});
          more = true;
        }
        if (slow && !world.closed) admin.drained(now, kLink);
        if (admin.next_deadline() <= now) {
          admin.tick(now);
          more = true;
        }
      }
    };
    for (std::size_t at = 0; at < stream.size() && !world.closed;) {
      const std::size_t left = stream.size() - at;
      const std::size_t n = piece_max == 0 ? left : 1 + static_cast<std::size_t>(rng.below(std::min(left, piece_max)));
      const std::vector<std::uint8_t> piece(stream.data() + at, stream.data() + at + n);
      at += n;
      admin.bytes(now, kLink, piece);
      ORRERY_ASSERT(admin.buffered() <= kHeldBytesMax + kRequestBodyBytesMax + 2 * kRequestHeaderBytesMax);
      settle();
    }
    admin.link_closed(now, kLink);
    ORRERY_ASSERT(admin.buffered() == 0);
  }
  ORRERY_ASSERT(heap.bytes_in_use() == 0);
  const std::vector<Response> all = responses(world.sent);
  ORRERY_ASSERT(all.size() <= stream.size() / 18 + 1);  // "GET / HTTP/1.0" and two line ends
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += all[i].status + " ";
    ORRERY_ASSERT(all[i].last == (i + 1 == all.size() && world.closed) || !all[i].last);
  }
  return out + (world.closed ? "closed" : "open");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > kHeldBytesMax) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool slow = (data[1] & 1) != 0;
  const std::string whole = statuses(stream, 0, Rng(0), slow);
  for (const std::size_t piece_max : {1u, 30u, 2'000u})
    ORRERY_ASSERT(statuses(stream, piece_max, Rng(data[0]), slow) == whole);
  return 0;
}

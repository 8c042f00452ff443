// SPDX-License-Identifier: Apache-2.0
// One shard of TestHost: its Sessions, and the SessionHost that they see. For tests only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "broker/mqtt/packet_text.h"
#include "broker/seam/note_text.h"
#include "broker/session/test_host.h"

namespace orrery::session {

class TestHost::TestShard final : public SessionHost, public Effects {
 public:
  TestShard(TestHost& cluster, ShardId id)
      : cluster_(cluster),
        id_(id),
        sessions_(std::in_place, cluster.options_, Place{0, id}, 7 + id, heap_, *this, counters_, *this) {}

  Sessions& sessions() { return *sessions_; }
  Counters& counters() { return counters_; }
  Link& link(LinkId id) { return links_.at(id); }
  bool has(LinkId id) const { return links_.contains(id); }
  LinkId open(std::string_view name);
  void drop(LinkId id) { links_.erase(id); }
  /// Destroys Sessions; what is left in the heap.
  std::size_t end() {
    sessions_.reset();
    return heap_.bytes_in_use();
  }

  // SessionHost
  std::vector<std::uint8_t>& begin_packet() override;
  std::size_t end_packet(LinkId link) override;
  void end_link(LinkId link, LinkEnd how) override;
  void resume_link(LinkId link) override;
  void claim(Nanos now, const claims::Request& request) override;
  void yielded(Nanos now, const claims::Yielded& yielded) override;
  void release(Nanos now, const claims::Release& release) override;
  void change_routes(Nanos now, const RouteRequest& request) override;
  void pull_retained(Nanos now, const RetainedPull& pull) override;
  void drop_retained(Nanos now, std::uint64_t cursor) override;
  std::uint32_t route(Nanos now, const MessageView& message, std::uint32_t owed, bool& matched) override;
  bool route_to_group(Nanos now, const MessageView& message) override;
  std::uint32_t retain(Nanos now, const MessageView& message, std::uint32_t owed) override;
  std::size_t retained_bytes_max() const override { return 1000; }
  void fetch_rest(Nanos now, Place former, std::string_view client_id, std::uint64_t epoch) override;
  void give_rest(Nanos now, Place present, std::string_view client_id, Bytes rest) override;

  // Effects: Sessions tells its work and asks nothing else of the world.
  std::size_t send(LinkId, Bytes) override { return 0; }
  void close(LinkId, CloseHow) override {}
  void stop_reading(LinkId) override {}
  void resume_reading(LinkId) override {}
  void dial(std::uint32_t, NodeId, ShardId) override {}
  void wake_at(Nanos) override {}
  std::size_t post(ShardId, Bytes) override { return 0; }
  void persist(std::uint64_t, const StorageBatch&) override {}
  void work(Work, std::uint32_t) override {}
  void tell(const Note& note) override {
    if (!cluster_.notes_) return;
    std::string line = std::string("host: note ") + note_row(note.kind).name + ": ";
    append_note_text(note, note.link == Note::kNoLink ? "" : "here", line);
    cluster_.say(line);
  }

  Heap heap_;
  Counters counters_;

 private:
  TestHost& cluster_;
  const ShardId id_;
  std::map<LinkId, Link> links_;
  std::vector<std::uint8_t> packet_;
  bool packet_begun_ = false;
  std::optional<Sessions> sessions_;
};

}  // namespace orrery::session

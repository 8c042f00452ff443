// SPDX-License-Identifier: Apache-2.0
// For tests: a world that writes down what was asked of it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/seam/effects.h"

namespace orrery::admin {

class TestEffects final : public Effects {
 public:
  std::size_t send(LinkId link, Bytes bytes) override {
    sent[link] += as_text(bytes);
    return backlog;
  }
  void close(LinkId link, CloseHow how) override { closed[link] = how; }
  void stop_reading(LinkId link) override { stopped.insert(link); }
  void resume_reading(LinkId link) override { stopped.erase(link); }
  void dial(std::uint32_t, NodeId, ShardId) override {}
  void wake_at(Nanos) override {}
  std::size_t post(ShardId, Bytes) override { return 0; }
  void persist(std::uint64_t, const StorageBatch&) override {}
  void work(Work, std::uint32_t) override {}
  void tell(const Note& note) override {
    notes.push_back(std::string(note_row(note.kind).name) + " " + std::to_string(note.numbers[0]) + " " +
                    std::string(note.text));
  }

  /// What was sent on a link since the last call.
  std::string take(LinkId link) { return std::exchange(sent[link], {}); }
  bool is_closed(LinkId link) const { return closed.count(link) != 0; }

  std::map<LinkId, std::string> sent;
  std::map<LinkId, CloseHow> closed;
  std::set<LinkId> stopped;  // links that are not read
  std::vector<std::string> notes;
  std::size_t backlog = 0;  // what send() says
};

}  // namespace orrery::admin

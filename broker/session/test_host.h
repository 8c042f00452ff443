// SPDX-License-Identifier: Apache-2.0
// A SessionHost as text: real Sessions of one or more shards, and around them a registrar, a route table and a retained
// store of the plainest kind. A line goes in, lines come out; broker/session/testdata/README.md has the language. For
// tests only.
//
// What the host is asked is answered at the end of the event, unless a line says `manual claims` (or routes): then
// the question is printed and waits for a line that answers it. Nothing here is fast; everything is the obvious twin.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/heap.h"
#include "broker/mqtt/stream_decoder.h"
#include "broker/seam/counters.h"
#include "broker/session/options.h"
#include "broker/session/sessions.h"

namespace orrery::session {

class TestHost {
 public:
  TestHost();
  ~TestHost();
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  /// Does what the line says; returns what came of it, each line indented by two spaces.
  std::string run(std::string_view line);
  /// Ends everything. Empty, or what does not balance.
  std::string finish();

 private:
  class TestShard;
  struct Link {
    std::string name;
    mqtt::Version version = mqtt::Version::k311;
    std::deque<std::vector<std::uint8_t>> held;  // packets that came while the client id was claimed
    std::size_t backlog = 0;
    bool ended = false;
  };
  struct Where {
    ShardId shard = 0;
    LinkId link = 0;
  };
  struct Claim {
    ShardId shard;
    std::uint64_t request;
    std::string client_id;
    bool clean_start;
  };
  struct RouteChange {
    ShardId shard;
    std::uint32_t token;
    std::vector<std::string> added, removed;
  };
  struct Pull {
    ShardId shard;
    std::uint32_t token;
    std::uint64_t cursor;
    std::string filter;
  };
  struct Fetch {
    ShardId present, former;
    std::string client_id;
    std::uint64_t epoch;
  };
  struct Holder {
    ShardId shard = 0;
    std::uint64_t epoch = 0;
  };
  struct StoredRetained {
    std::vector<std::uint8_t> message;  // encoded at time 0
    Nanos expires_at = kNever;
  };

  // test_host.cc: the language.
  using Words = std::vector<std::string_view>;
  void command(std::string_view line);
  void client_sends(std::string_view name, std::string_view packet, bool end_of_event);
  void repeat(std::string_view line);
  void shorten();
  bool set_option(std::string_view assignment);
  void say(std::string line);
  void tick(Nanos duration);
  void print_counters(ShardId shard);
  void start();
  Where* find(std::string_view name);
  Where open(std::string_view name, ShardId shard);
  void closed(std::string_view name);
  void give(Where where, const std::vector<std::uint8_t>& packet);

  // test_cluster.cc: what a cluster would answer.
  void end_of_event();
  void later(std::function<void()> what) { later_.push_back(std::move(what)); }
  void decide(const Claim& claim, std::uint64_t epoch);
  void grant(const Claim& claim, std::uint64_t epoch, const std::vector<std::uint8_t>& session, bool present);
  void apply(const RouteChange& change);
  void answer(const RouteChange& change);
  void page(const Pull& pull);
  void fetch(const Fetch& fetch);
  void deliver_later(ShardId to, const MessageView& message, std::string_view share_filter);
  std::vector<ShardId> members(std::string_view share_filter) const;
  void check_balance(std::string& wrong) const;

  MqttOptions options_;
  std::uint16_t shard_count_ = 1;
  std::vector<std::unique_ptr<TestShard>> shards_;
  Nanos now_ = kSecond;
  std::string out_;
  std::map<std::string, Where, std::less<>> links_;
  std::deque<std::function<void()>> later_;

  bool notes_ = false;
  bool manual_claims_ = false;
  bool manual_routes_ = false;
  bool manual_retained_ = false;
  bool manual_rest_ = false;
  bool manual_work_ = false;
  std::deque<Claim> claims_;         // that wait for a line
  std::deque<RouteChange> changes_;  // the same
  std::deque<Pull> pulls_;           // the same
  std::deque<Fetch> fetches_;        // the same
  std::map<std::string, Holder, std::less<>> holders_;
  std::map<std::string, Claim> yielding_;
  std::uint64_t epochs_ = 0;
  /// Rows: filter (or "$share/NAME/FILTER", with the member's number) and shard.
  std::map<std::string, std::set<ShardId>, std::less<>> routes_;
  std::set<std::string, std::less<>> remote_;  // filters of a place that confirms by `confirm`
  std::deque<std::pair<ShardId, std::uint32_t>> unconfirmed_;
  std::map<std::string, StoredRetained, std::less<>> retained_;
  std::map<std::uint64_t, std::string> cursors_;  // behind which topic they stand
  std::uint64_t last_cursor_ = 0;
};

}  // namespace orrery::session

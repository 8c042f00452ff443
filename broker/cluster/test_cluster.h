// SPDX-License-Identifier: Apache-2.0
// For tests: a cluster in memory. Nodes with all their shards' ports and lanes and a control plane, connected by pipes
// that can be cut, dropped, and squeezed; nodes can crash and start again.
//
// Time is virtual and everything is drawn from one seed. A pipe delivers bytes in order, in pieces cut anywhere. A cut
// holds bytes back (as TCP's retransmission does) and makes dials fail; a dropped pipe tells both ends. Node by node
// the sinks are plain ordered containers: the slow obvious twins of the real tables.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "broker/base/heap.h"
#include "broker/cluster/control_plane.h"
#include "broker/cluster/lanes.h"
#include "broker/cluster/peer_port.h"

namespace orrery::cluster::test {

class TestCluster;

/// Rows of all owners, and who is masked.
class TestRoutes final : public RouteSink {
 public:
  using Row = std::pair<std::string, ShardId>;
  void add(NodeId owner, std::string_view filter, ShardId shard) override {
    rows[owner].insert({std::string(filter), shard});
  }
  void remove(NodeId owner, std::string_view filter, ShardId shard) override;
  void remove_node(NodeId owner) override { rows.erase(owner); }
  void mask(NodeId owner) override { masked.insert(owner); }
  void unmask(NodeId owner) override { masked.erase(owner); }
  std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, RouteVisitor& visitor) override;
  std::map<NodeId, std::set<Row>> rows;
  std::set<NodeId> masked;
  /// Rows that were removed in spite of being in here: routes that must never be missing.
  std::set<Row> precious;
  std::uint32_t precious_removed = 0;

 private:
  // Cursors name rows by what was visited last, so that they survive changes.
  std::map<std::uint64_t, Row> cursors_;
  std::uint64_t next_cursor_ = 1;
};

/// Values are "topic=stamp=text"; the larger stamp wins, then the larger text.
class TestRetained final : public RetainedSink {
 public:
  struct Value {
    std::uint64_t stamp = 0;
    std::string text;
    NodeId owner = 0;
  };
  static std::string encode(const std::string& topic, std::uint64_t stamp, const std::string& text) {
    return topic + "=" + std::to_string(stamp) + "=" + text;
  }
  bool apply(NodeId owner, Bytes value) override;
  std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, RetainedVisitor& visitor) override;
  std::map<std::string, Value> values;
};

/// One life of one node.
class TestNode final : public ControlHost, public LaneHost {
 public:
  TestNode(TestCluster& world, const ClusterSetup& setup);
  ~TestNode() override;

  ControlPlane& plane() { return *plane_; }
  Lanes& lanes(ShardId shard = 0) { return *shards_[shard]->lanes; }
  PeerPort& port(ShardId shard = 0) { return shards_[shard]->port; }
  const ClusterSetup& setup() const { return setup_; }

  // What a node layer would do. Each is one event.
  std::uint64_t subscribe(const std::string& filter, ShardId shard = 0);
  std::uint64_t unsubscribe(const std::string& filter, ShardId shard = 0);
  void retain(const std::string& topic, const std::string& text);
  std::uint64_t connect(const std::string& client_id, ShardId shard = 0, bool clean_start = false);
  /// The session ends for good.
  void end_session(const std::string& client_id);
  std::optional<std::uint64_t> send(Place to, const std::string& message, bool wants_ack = true, ShardId from = 0);

  struct Session {
    ShardId shard = 0;
    std::uint64_t epoch = 0;
    std::string state;
  };
  std::map<std::string, Session> sessions;
  std::uint64_t in_force_to = 0;
  std::map<Place, std::vector<std::string>> received;  // by sender, over all shards of this node: "to:message"
  std::map<std::pair<ShardId, Place>, std::uint64_t> accepted;
  std::vector<std::string> lost;  // "from>node/shard first-last"
  std::uint32_t claims_failed = 0;
  TestRoutes routes;
  TestRetained retained;
  /// How long a shard takes to answer a yield; kNever: it does not.
  Nanos yield_delay = 0;
  /// reassert() is carried out this much later.
  Nanos reassert_delay = 0;

 private:
  friend class TestCluster;
  class ShardEffects;
  struct Shard {
    Shard(TestNode& node, ShardId id);
    ~Shard();
    std::unique_ptr<ShardEffects> effects;
    Heap heap;
    PeerPort port;
    std::unique_ptr<Lanes> lanes;
    std::uint64_t wake = 0;  // the number of the wake that counts
  };

  void start(Nanos now);
  void end_of_event(ShardId shard);
  void answer_yield(const std::string& client_id, ShardId shard, std::uint64_t epoch, bool discard);
  void tell_all(NodeMask before, NodeMask after);

  void in_force(Nanos now, std::uint64_t up_to_seq) override;
  void granted(Nanos now, ShardId shard, const claims::Grant& grant) override;
  void refused(Nanos now, ShardId shard, const claims::Refusal& refusal) override;
  void yield(Nanos now, ShardId shard, const claims::Yield& yield) override;
  void reassert(Nanos now, NodeMask before, NodeMask after) override;
  void node_gone(Nanos now, NodeId node) override;
  void node_back(Nanos now, NodeId node, std::uint64_t incarnation) override;
  bool lane_message(Nanos now, Place from, Bytes message) override;
  void lane_accepted(Nanos now, Place to, std::uint64_t up_to) override;
  void lane_lost(Nanos now, Place to, std::uint64_t first, std::uint64_t last) override;

  TestCluster& world_;
  ClusterSetup setup_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<ControlPlane> plane_;
  std::map<std::uint64_t, std::pair<std::string, bool>> requests_;  // client id, clean start
  std::uint64_t next_request_ = 1;
  ShardId current_shard_ = 0;
};

class TestCluster {
 public:
  /// "c1 c2 r1/4": cores and replicants by their first letter, with a number of shards if not 1.
  TestCluster(const std::string& members, std::uint64_t seed);
  ~TestCluster();

  void start_all();
  void start(NodeId node);
  /// The node's process ends. Its peers see their streams closed, unless `silently` (power loss).
  void crash(NodeId node, bool silently = false);
  bool runs(NodeId node) const { return nodes_[node] != nullptr; }
  TestNode& operator[](NodeId node) { return *nodes_[node]; }
  NodeId size() const { return setup_.nodes(); }
  const ClusterSetup& setup() const { return setup_; }

  void cut(NodeId a, NodeId b);
  void heal(NodeId a, NodeId b);
  void heal_all();
  bool is_cut(NodeId a, NodeId b) const { return cuts_.count({std::min(a, b), std::max(a, b)}) != 0; }
  /// Every pipe between the two is reset.
  void drop_pipes(NodeId a, NodeId b);
  /// The node's shards handle no event for so long.
  void pause(NodeId node, Nanos time);

  Nanos now() const { return now_; }
  void run_until(Nanos time);
  void run_for(Nanos time) { run_until(now_ + time); }
  /// Runs until the condition holds or the time has passed; says which.
  bool run_until(const std::function<bool()>& condition, Nanos at_most);
  Rng& rng() { return rng_; }

  /// What is written to the transcript: one line for each event.
  void note(NodeId node, const std::string& what);
  std::string take_transcript();
  bool quiet = false;
  std::uint64_t events() const { return events_; }
  std::uint64_t dials() const { return dials_; }
  /// From a to b, on all pipes.
  std::uint64_t bytes_sent(NodeId a, NodeId b) { return bytes_sent_[{a, b}]; }

  /// What all nodes have told, as "r1: peer_up: member c1 is up".
  const std::vector<std::string>& notes() const { return notes_; }
  int times_told(std::string_view line) const {
    return static_cast<int>(std::count(notes_.begin(), notes_.end(), line));
  }

 private:
  friend class TestNode;
  struct End {
    NodeId node = 0;
    ShardId shard = 0;
    LinkId link = 0;
    bool open = false;
    bool closing = false;
    bool told_backlog = false;
    std::size_t in_flight = 0;                   // bytes sent by this end and not delivered
    Nanos last_arrival = 0;                      // at this end
    std::deque<std::vector<std::uint8_t>> held;  // bytes to this end that a cut holds back
    bool held_close = false;
  };
  struct Pipe {
    End ends[2];
  };
  using PipePtr = std::shared_ptr<Pipe>;

  void at(Nanos time, std::function<void()> what);
  Nanos latency() { return 200 * kMicrosecond + static_cast<Nanos>(rng_.below(800)) * kMicrosecond; }
  void event(NodeId node, ShardId shard, const std::function<void(TestNode&, TestNode::Shard&)>& what);
  void handle(NodeId node, ShardId shard, const std::function<void(TestNode&, TestNode::Shard&)>& what);
  void schedule_wake(NodeId node, ShardId shard);

  void dial(Place from, std::uint32_t tag, Place to);
  std::size_t send(Place from, LinkId link, Bytes bytes);
  void close(Place from, LinkId link, CloseHow how);
  void deliver(const PipePtr& pipe, int to, std::vector<std::uint8_t> bytes);
  void close_end(const PipePtr& pipe, int end, bool after_arrivals);
  LinkId attach(const PipePtr& pipe, int end);

  ClusterSetup setup_;
  Rng rng_;
  Nanos now_ = 0;
  std::uint64_t next_event_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t dials_ = 0;
  std::map<std::pair<NodeId, NodeId>, std::uint64_t> bytes_sent_;
  std::map<std::pair<Nanos, std::uint64_t>, std::function<void()>> queue_;
  std::vector<std::unique_ptr<TestNode>> nodes_;
  std::vector<std::uint64_t> lives_;
  std::vector<Nanos> paused_until_;
  std::vector<std::deque<std::pair<ShardId, std::function<void(TestNode&, TestNode::Shard&)>>>> deferred_;
  std::map<std::pair<Place, LinkId>, std::pair<PipePtr, int>> links_;
  std::map<Place, LinkId> next_link_;
  std::set<std::pair<NodeId, NodeId>> cuts_;
  std::string transcript_;
  std::vector<std::string> notes_;
};

}  // namespace orrery::cluster::test

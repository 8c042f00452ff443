// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/test_cluster.h"

#include <algorithm>
#include <sstream>

#include "base/assert.h"
#include "broker/seam/note_text.h"

namespace orrery::cluster::test {

// Sinks ---------------------------------------------------------------------------------------------------------------

void TestRoutes::remove(NodeId owner, std::string_view filter, ShardId shard) {
  const Row row{std::string(filter), shard};
  if (rows[owner].erase(row) != 0 && precious.count(row) != 0) ++precious_removed;
}

std::uint64_t TestRoutes::for_each_of(NodeId owner, std::uint64_t cursor, RouteVisitor& visitor) {
  auto at = rows[owner].begin();
  if (cursor != 0) at = rows[owner].upper_bound(cursors_.at(cursor));
  while (at != rows[owner].end()) {
    const Row row = *at;
    if (!visitor.route(row.first, row.second)) {
      cursors_[next_cursor_] = row;
      return next_cursor_++;
    }
    ++at;
  }
  return kCursorEnd;
}

bool TestRetained::apply(NodeId owner, Bytes value) {
  const std::string text(as_text(value));
  const std::size_t first = text.find('=');
  const std::size_t second = text.find('=', first + 1);
  if (second == std::string::npos) return false;
  const Value candidate{std::stoull(text.substr(first + 1, second - first - 1)), text.substr(second + 1), owner};
  Value& mine = values[text.substr(0, first)];
  if (std::pair(candidate.stamp, candidate.text) > std::pair(mine.stamp, mine.text)) mine = candidate;
  return true;
}

std::uint64_t TestRetained::for_each_of(NodeId owner, std::uint64_t cursor, RetainedVisitor& visitor) {
  std::uint64_t index = 0;
  for (const auto& [topic, value] : values) {
    if (index++ < cursor || value.owner != owner) continue;
    const std::string encoded = encode(topic, value.stamp, value.text);
    if (!visitor.retained(as_bytes(encoded))) return index;
  }
  return kCursorEnd;
}

// A node --------------------------------------------------------------------------------------------------------------

class TestNode::ShardEffects final : public Effects {
 public:
  ShardEffects(TestCluster& world, Place place) : world_(world), place_(place) {}
  std::size_t send(LinkId link, Bytes bytes) override { return world_.send(place_, link, bytes); }
  void close(LinkId link, CloseHow how) override { world_.close(place_, link, how); }
  void stop_reading(LinkId) override {}
  void resume_reading(LinkId) override {}
  void dial(std::uint32_t tag, NodeId node, ShardId shard) override { world_.dial(place_, tag, {node, shard}); }
  void wake_at(Nanos) override {}
  std::size_t post(ShardId, Bytes) override { return 0; }
  void persist(std::uint64_t, const StorageBatch&) override {}
  void work(Work, std::uint32_t) override {}
  void tell(const Note& note) override {
    std::string line = world_.setup_.members[place_.node].name + ": " + note_row(note.kind).name + ": ";
    append_note_text(note, "here", line);
    world_.notes_.push_back(line);
  }

 private:
  TestCluster& world_;
  Place place_;
};

TestNode::Shard::Shard(TestNode& node, ShardId id)
    : effects(std::make_unique<ShardEffects>(node.world_, Place{node.setup_.self, id})),
      port(node.setup_, id, *effects, heap),
      lanes(std::make_unique<Lanes>(node.setup_, id, port, heap, node)) {}
TestNode::Shard::~Shard() = default;

TestNode::TestNode(TestCluster& world, const ClusterSetup& setup) : world_(world), setup_(setup) {
  for (ShardId s = 0; s < setup.members[setup.self].shards; ++s) shards_.push_back(std::make_unique<Shard>(*this, s));
  plane_ = std::make_unique<ControlPlane>(setup_, shards_[0]->port, shards_[0]->heap, *this, routes, retained);
}
TestNode::~TestNode() = default;

void TestNode::start(Nanos now) {
  plane_->start(now);
  for (ShardId s = 0; s < shards_.size(); ++s) shards_[s]->lanes->start(now);
  for (ShardId s = 0; s < shards_.size(); ++s) end_of_event(s);
}

void TestNode::end_of_event(ShardId shard) {
  if (shard == 0) plane_->end_of_event(world_.now());
  shards_[shard]->lanes->end_of_event(world_.now());
  world_.schedule_wake(setup_.self, shard);
}

std::uint64_t TestNode::subscribe(const std::string& filter, ShardId shard) {
  const std::uint64_t sequence = plane_->append_route_add(world_.now(), filter, shard);
  end_of_event(0);
  return sequence;
}
std::uint64_t TestNode::unsubscribe(const std::string& filter, ShardId shard) {
  const std::uint64_t sequence = plane_->append_route_remove(world_.now(), filter, shard);
  end_of_event(0);
  return sequence;
}
void TestNode::retain(const std::string& topic, const std::string& text) {
  const std::string value = TestRetained::encode(topic, plane_->next_stamp(), text);
  plane_->append_retained(world_.now(), as_bytes(value));
  end_of_event(0);
}

std::uint64_t TestNode::connect(const std::string& client_id, ShardId shard, bool clean_start) {
  const std::uint64_t request = next_request_++;
  requests_[request] = {client_id, clean_start};
  plane_->claim(world_.now(), shard, {request, clean_start, client_id});
  end_of_event(0);
  return request;
}

void TestNode::end_session(const std::string& client_id) {
  const auto at = sessions.find(client_id);
  plane_->release(world_.now(), {at->second.epoch, client_id});
  sessions.erase(at);
  end_of_event(0);
}

std::optional<std::uint64_t> TestNode::send(Place to, const std::string& message, bool wants_ack, ShardId from) {
  const auto ticket = shards_[from]->lanes->send(world_.now(), to, as_bytes(message), wants_ack);
  end_of_event(from);
  return ticket;
}

void TestNode::in_force(Nanos, std::uint64_t up_to_seq) {
  in_force_to = up_to_seq;
  world_.note(setup_.self, "in force " + std::to_string(up_to_seq));
}

void TestNode::granted(Nanos, ShardId shard, const claims::Grant& grant) {
  const auto at = requests_.find(grant.request);
  ORRERY_ASSERT(at != requests_.end());
  const std::string client_id = at->second.first;
  requests_.erase(at);
  Session& mine = sessions[client_id];
  mine.shard = shard;
  mine.epoch = grant.epoch;
  if (grant.session_present) mine.state = as_text(grant.session);
  world_.note(setup_.self, "granted " + client_id + (grant.session_present ? " with " + mine.state : ""));
}

void TestNode::refused(Nanos, ShardId, const claims::Refusal& refusal) {
  world_.note(setup_.self, "claim failed " + requests_[refusal.request].first);
  requests_.erase(refusal.request);
  ++claims_failed;
}

void TestNode::yield(Nanos, ShardId shard, const claims::Yield& yield) {
  const std::string id(yield.client_id);
  const std::uint64_t epoch = yield.epoch;
  const bool discard = yield.discard;
  world_.note(setup_.self, "told to yield " + id + (discard ? " and discard" : ""));
  if (yield_delay == kNever) return;
  const std::uint64_t life = setup_.incarnation;
  world_.at(world_.now() + yield_delay, [this, &world = world_, id, shard, epoch, discard, self = setup_.self, life] {
    if (!world.runs(self) || world[self].setup().incarnation != life) return;
    answer_yield(id, shard, epoch, discard);
    end_of_event(0);
  });
}

void TestNode::answer_yield(const std::string& client_id, ShardId shard, std::uint64_t epoch, bool discard) {
  const auto at = sessions.find(client_id);
  const bool held = at != sessions.end() && at->second.shard == shard && at->second.epoch <= epoch;
  const std::string state = held ? at->second.state : "";
  if (held) sessions.erase(at);
  const bool present = held && !discard;
  plane_->yielded(world_.now(), {epoch, present, client_id, present ? as_bytes(state) : Bytes{}});
}

void TestNode::reassert(Nanos, NodeMask before, NodeMask after) {
  const std::uint64_t life = setup_.incarnation;
  world_.at(world_.now() + reassert_delay, [this, &world = world_, before, after, self = setup_.self, life] {
    if (!world.runs(self) || world[self].setup().incarnation != life) return;
    tell_all(before, after);
    end_of_event(0);
  });
}

void TestNode::tell_all(NodeMask before, NodeMask after) {
  for (const auto& [client_id, session] : sessions)
    if (before == 0 || registrar_of(client_id, before) != registrar_of(client_id, after))
      plane_->hold(world_.now(), session.shard, {session.epoch, client_id});
  for (ShardId s = 0; s < shards_.size(); ++s) plane_->held_all(world_.now(), s, {after});
}

void TestNode::node_gone(Nanos now, NodeId node) {
  world_.note(setup_.self, "gone " + setup_.members[node].name);
  for (const auto& shard : shards_) shard->lanes->node_gone(now, node);
}
void TestNode::node_back(Nanos now, NodeId node, std::uint64_t incarnation) {
  for (const auto& shard : shards_) shard->lanes->node_back(now, node, incarnation);
}

bool TestNode::lane_message(Nanos, Place from, Bytes message) {
  received[from].push_back(std::to_string(current_shard_) + ":" + std::string(as_text(message)));
  return true;
}
void TestNode::lane_accepted(Nanos, Place to, std::uint64_t up_to) { accepted[{current_shard_, to}] = up_to; }
void TestNode::lane_lost(Nanos, Place to, std::uint64_t first, std::uint64_t last) {
  std::ostringstream text;
  text << setup_.members[to.node].name << "/" << to.shard << " " << first << "-" << last;
  lost.push_back(text.str());
  world_.note(setup_.self, "lost " + text.str());
}

// The cluster ---------------------------------------------------------------------------------------------------------

TestCluster::TestCluster(const std::string& members, std::uint64_t seed) : rng_(seed) {
  std::istringstream words(members);
  std::string word;
  while (words >> word) {
    const std::size_t slash = word.find('/');
    const int shards = slash == std::string::npos ? 1 : std::stoi(word.substr(slash + 1));
    setup_.members.push_back({word.substr(0, slash), word[0] == 'c', static_cast<ShardId>(shards)});
  }
  setup_.seed = seed;
  nodes_.resize(setup_.members.size());
  lives_.resize(setup_.members.size());
  paused_until_.resize(setup_.members.size());
  deferred_.resize(setup_.members.size());
}
TestCluster::~TestCluster() = default;

void TestCluster::start_all() {
  for (NodeId n = 0; n < size(); ++n) start(n);
}

void TestCluster::start(NodeId node) {
  ClusterSetup setup = setup_;
  setup.self = node;
  setup.incarnation = ++lives_[node];
  nodes_[node] = std::make_unique<TestNode>(*this, setup);
  nodes_[node]->start(now_);
}

void TestCluster::crash(NodeId node, bool silently) {
  nodes_[node].reset();
  deferred_[node].clear();
  paused_until_[node] = 0;
  for (auto at = links_.begin(); at != links_.end();) {
    const auto [pipe, end] = at->second;
    if (at->first.first.node != node) {
      ++at;
      continue;
    }
    at = links_.erase(at);
    pipe->ends[end].open = false;
    if (!silently) close_end(pipe, 1 - end, true);
  }
}

void TestCluster::at(Nanos time, std::function<void()> what) { queue_[{time, next_event_++}] = std::move(what); }

void TestCluster::run_until(Nanos time) {
  while (!queue_.empty() && queue_.begin()->first.first <= time) {
    now_ = queue_.begin()->first.first;
    const std::function<void()> what = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    ++events_;
    what();
  }
  now_ = time;
}

bool TestCluster::run_until(const std::function<bool()>& condition, Nanos at_most) {
  const Nanos end = now_ + at_most;
  while (!condition()) {
    if (now_ >= end) return false;
    run_until(std::min(end, now_ + 10 * kMillisecond));
  }
  return true;
}

void TestCluster::event(NodeId node, ShardId shard, const std::function<void(TestNode&, TestNode::Shard&)>& what) {
  if (!runs(node)) return;
  if (now_ < paused_until_[node] || !deferred_[node].empty()) {
    deferred_[node].push_back({shard, what});
    return;
  }
  handle(node, shard, what);
}

void TestCluster::handle(NodeId node, ShardId shard, const std::function<void(TestNode&, TestNode::Shard&)>& what) {
  TestNode& n = *nodes_[node];
  n.current_shard_ = shard;
  what(n, *n.shards_[shard]);
  n.end_of_event(shard);
}

void TestCluster::pause(NodeId node, Nanos time) {
  paused_until_[node] = std::max(paused_until_[node], now_ + time);
  at(paused_until_[node], [this, node] {
    while (now_ >= paused_until_[node] && !deferred_[node].empty()) {
      const auto [shard, what] = std::move(deferred_[node].front());
      handle(node, shard, what);
      deferred_[node].pop_front();
    }
  });
}

void TestCluster::schedule_wake(NodeId node, ShardId shard) {
  TestNode& n = *nodes_[node];
  TestNode::Shard& s = *n.shards_[shard];
  Nanos next = std::min(s.port.next_deadline(), s.lanes->next_deadline());
  if (shard == 0) next = std::min(next, n.plane_->next_deadline());
  const std::uint64_t wake = ++s.wake;
  if (next == kNever) return;
  at(std::max(next, now_), [this, node, shard, wake, life = lives_[node]] {
    if (!runs(node) || lives_[node] != life || nodes_[node]->shards_[shard]->wake != wake) return;
    event(node, shard, [this, shard](TestNode& t, TestNode::Shard& ts) {
      ts.port.tick(now_);
      ts.lanes->tick(now_);
      if (shard == 0) t.plane_->tick(now_);
    });
  });
}

// Pipes ---------------------------------------------------------------------------------------------------------------

LinkId TestCluster::attach(const PipePtr& pipe, int end) {
  End& e = pipe->ends[end];
  e.link = next_link_[{e.node, e.shard}]++;
  e.open = true;
  links_[{{e.node, e.shard}, e.link}] = {pipe, end};
  return e.link;
}

void TestCluster::dial(Place from, std::uint32_t tag, Place to) {
  ++dials_;
  const std::uint64_t life = lives_[from.node];
  const auto fail = [this, from, tag, life] {
    if (lives_[from.node] == life)
      event(from.node, from.shard, [this, tag](TestNode&, TestNode::Shard& s) { s.port.dial_failed(now_, tag); });
  };
  if (is_cut(from.node, to.node)) return at(now_ + kSecond, fail);
  at(now_ + latency(), [this, from, tag, to, life, fail] {
    if (lives_[from.node] != life || !runs(from.node)) return;
    if (!runs(to.node) || is_cut(from.node, to.node)) return fail();
    auto pipe = std::make_shared<Pipe>();
    pipe->ends[0].node = from.node;
    pipe->ends[0].shard = from.shard;
    pipe->ends[1].node = to.node;
    pipe->ends[1].shard = to.shard;
    attach(pipe, 0);
    attach(pipe, 1);
    event(to.node, to.shard, [this, pipe](TestNode&, TestNode::Shard& s) {
      s.port.link_open(now_, pipe->ends[1].link, {LinkKind::kPeerIn, 0, {}});
    });
    event(from.node, from.shard, [this, pipe, tag](TestNode&, TestNode::Shard& s) {
      s.port.link_open(now_, pipe->ends[0].link, {LinkKind::kPeerOut, tag, {}});
    });
  });
}

std::size_t TestCluster::send(Place from, LinkId link, Bytes bytes) {
  const auto at_link = links_.find({from, link});
  if (at_link == links_.end()) return 0;
  const auto [pipe, end] = at_link->second;
  End& mine = pipe->ends[end];
  if (mine.closing || !mine.open) return 0;
  mine.in_flight += bytes.size();
  bytes_sent_[{from.node, pipe->ends[1 - end].node}] += bytes.size();
  mine.told_backlog = true;
  // In pieces, cut anywhere.
  while (!bytes.empty()) {
    const std::size_t n = rng_.below(4) == 0 ? 1 + rng_.below(bytes.size()) : bytes.size();
    std::vector<std::uint8_t> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    bytes = bytes.subspan(n);
    End& other = pipe->ends[1 - end];
    if (is_cut(mine.node, other.node)) {
      other.held.push_back(std::move(piece));
      continue;
    }
    other.last_arrival = std::max(other.last_arrival, now_ + latency());
    at(other.last_arrival,
       [this, p = pipe, to = 1 - end, moved = std::move(piece)]() mutable { deliver(p, to, std::move(moved)); });
  }
  return mine.in_flight;
}

void TestCluster::deliver(const PipePtr& pipe, int to, std::vector<std::uint8_t> bytes) {
  End& end = pipe->ends[to];
  End& sender = pipe->ends[1 - to];
  if (!end.open) {
    if (runs(end.node)) close_end(pipe, 1 - to, false);  // nobody knows this pipe here: a reset
    return;
  }
  if (is_cut(end.node, sender.node)) {
    end.held.push_back(std::move(bytes));
    return;
  }
  sender.in_flight -= bytes.size();
  if (!end.closing)
    event(end.node, end.shard, [this, link = end.link, moved = std::move(bytes)](TestNode&, TestNode::Shard& s) {
      s.port.feed(now_, link, moved);
    });
  if (sender.in_flight != 0 || !sender.told_backlog || !sender.open || sender.closing) return;
  sender.told_backlog = false;
  event(sender.node, sender.shard,
        [this, link = sender.link](TestNode&, TestNode::Shard& s) { s.port.drained(now_, link); });
}

void TestCluster::close(Place from, LinkId link, CloseHow how) {
  const auto at_link = links_.find({from, link});
  if (at_link == links_.end()) return;
  const auto [pipe, end] = at_link->second;
  if (pipe->ends[end].closing) return;
  pipe->ends[end].closing = true;
  close_end(pipe, end, false);
  if (how == CloseHow::kAbort) pipe->ends[1 - end].held.clear();
  close_end(pipe, 1 - end, how == CloseHow::kFlush);
}

/// The end learns that the pipe is closed: after what is on its way to it, or overtaking it.
void TestCluster::close_end(const PipePtr& pipe, int which, bool after_arrivals) {
  End& end = pipe->ends[which];
  if (!end.open) return;
  if (pipe->ends[1 - which].node != end.node && is_cut(end.node, pipe->ends[1 - which].node) && !end.closing) {
    end.held_close = true;
    return;
  }
  const Nanos when = end.closing ? now_ : now_ + latency();
  at(after_arrivals ? std::max(when, end.last_arrival) : when, [this, pipe, which] {
    End& e = pipe->ends[which];
    if (!e.open) return;
    e.open = false;
    links_.erase({{e.node, e.shard}, e.link});
    event(e.node, e.shard, [this, link = e.link](TestNode&, TestNode::Shard& s) { s.port.link_closed(now_, link); });
  });
}

void TestCluster::cut(NodeId a, NodeId b) { cuts_.insert({std::min(a, b), std::max(a, b)}); }

void TestCluster::heal(NodeId a, NodeId b) {
  if (cuts_.erase({std::min(a, b), std::max(a, b)}) == 0) return;
  std::vector<std::pair<PipePtr, int>> pipes;
  for (const auto& [key, value] : links_) pipes.push_back(value);
  for (const auto& [pipe, which] : pipes) {
    End& end = pipe->ends[which];
    const NodeId other = pipe->ends[1 - which].node;
    if (!(end.node == a && other == b) && !(end.node == b && other == a)) continue;
    end.last_arrival = std::max(end.last_arrival, now_);
    for (auto& piece : end.held) {
      end.last_arrival = std::max(end.last_arrival, now_ + latency());
      at(end.last_arrival,
         [this, p = pipe, w = which, moved = std::move(piece)]() mutable { deliver(p, w, std::move(moved)); });
    }
    end.held.clear();
    // The other side closed meanwhile, or does not live any more: the first sign of life is answered with a reset.
    if (end.held_close || !pipe->ends[1 - which].open) close_end(pipe, which, true);
  }
}

void TestCluster::heal_all() {
  const auto cuts = cuts_;
  for (const auto& [a, b] : cuts) heal(a, b);
}

void TestCluster::drop_pipes(NodeId a, NodeId b) {
  std::vector<std::pair<PipePtr, int>> pipes;
  for (const auto& [key, value] : links_)
    if (key.first.node == a && value.first->ends[1 - value.second].node == b) pipes.push_back(value);
  for (const auto& [pipe, end] : pipes) {
    close_end(pipe, end, false);
    close_end(pipe, 1 - end, false);
  }
}

void TestCluster::note(NodeId node, const std::string& what) {
  if (quiet) return;
  transcript_ += setup_.members[node].name + " " + what + "\n";
}

std::string TestCluster::take_transcript() {
  std::string out;
  out.swap(transcript_);
  return out;
}

}  // namespace orrery::cluster::test

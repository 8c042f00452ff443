// SPDX-License-Identifier: Apache-2.0
#include "broker/node/loopback_world.h"

#include <algorithm>

#include "broker/seam/note_text.h"

namespace orrery::node {
namespace {
constexpr Nanos kLinkLatency = kMillisecond;
constexpr Nanos kPostLatency = 10 * kMicrosecond;
/// What a stream holds before its sender is told that bytes wait.
constexpr std::size_t kWindow = 128 * 1024;
constexpr Nanos kStoreLatency = 2 * kMillisecond;
}  // namespace

class LoopbackWorld::ShardEffects final : public Effects {
 public:
  ShardEffects(LoopbackWorld& world, Place place, std::uint64_t life) : world_(world), place_(place), life_(life) {}

  std::size_t send(LinkId link, Bytes bytes) override {
    LinkState& l = state(link);
    if (!l.open || l.closing) return 0;
    l.queued += bytes.size();
    if (!bytes.empty())
      world_.at(world_.now_ + kLinkLatency,
                [this, self = self(link), peer = l.peer, copy = Octets(bytes.begin(), bytes.end())] {
                  world_.deliver(self, peer, copy);
                });
    l.blocked = l.queued > kWindow;
    return l.blocked ? l.queued - kWindow : 0;
  }
  void close(LinkId link, CloseHow) override {
    LinkState& l = state(link);
    if (!l.open || l.closing) return;
    l.closing = true;
    world_.at(world_.now_ + kLinkLatency, [this, peer = l.peer] { world_.close_end(peer); });
    world_.at(world_.now_, [this, self = self(link)] { world_.close_end(self); });
  }
  void stop_reading(LinkId link) override {
    LinkState& l = state(link);
    if (l.open && !l.closing) l.stopped = true;
  }
  void resume_reading(LinkId link) override {
    LinkState& l = state(link);
    if (!l.stopped) return;
    l.stopped = false;
    world_.at(world_.now_, [this, link] { world_.read_unread(self(link)); });
  }
  void dial(std::uint32_t tag, NodeId node, ShardId shard) override {
    world_.at(world_.now_ + kLinkLatency, [this, tag, node, shard] {
      if (!world_.alive(place_, life_)) return;
      NodeState& there = world_.nodes_[node];
      if (!there.up || world_.cuts_.contains(std::minmax(place_.node, node)))
        return world_.shard(place_).dial_failed(world_.now_, tag);
      const Place to{node, shard};
      const LinkId here = world_.new_link(place_, {false, -1, to, 0, there.life});
      const LinkId far = world_.new_link(to, {false, -1, place_, here, life_});
      state(here).peer.link = far;
      world_.shard(to).link_open(world_.now_, far, {LinkKind::kPeerIn, 0, {}});
      world_.shard(place_).link_open(world_.now_, here, {LinkKind::kPeerOut, tag, {}});
    });
  }
  void wake_at(Nanos when) override {
    const std::uint64_t wish = ++wish_;
    if (when == kNever) return;
    world_.at(std::max(when, world_.now_), [this, wish] {
      if (wish == wish_ && world_.alive(place_, life_)) world_.shard(place_).wake(world_.now_);
    });
  }
  std::size_t post(ShardId to, Bytes message) override {
    Posts& posts = world_.nodes_[place_.node].posts[{place_.shard, to}];
    posts.bytes += message.size();
    world_.at(world_.now_ + kPostLatency, [this, to, copy = Octets(message.begin(), message.end())] {
      if (world_.alive(place_, life_)) world_.arrive(place_, to, copy);
    });
    if (posts.bytes > kPostsHigh) posts.told = true;
    return posts.bytes;
  }
  void persist(std::uint64_t ticket, const StorageBatch& batch) override {
    const bool stores = world_.remembers_ && batch.valid();
    world_.at(world_.now_ + kStoreLatency, [this, ticket, copy = stores ? batch : StorageBatch{}, stores] {
      if (!world_.alive(place_, life_)) return;
      if (stores) world_.nodes_[place_.node].storage.apply(place_.shard, copy);
      const StorageResult not_stored = world_.remembers_ ? StorageResult::kRefused : StorageResult::kFailed;
      world_.shard(place_).persisted(world_.now_, ticket, stores ? StorageResult::kStored : not_stored);
    });
  }
  void work(Work kind, std::uint32_t units) override { world_.works_[static_cast<int>(kind)] += units; }
  void tell(const Note& note) override {
    std::string line = note_row(note.kind).name;
    line += ": ";
    append_note_text(note, {}, line);
    world_.notes_.push_back({place_, note.kind, std::move(line)});
  }

 private:
  End self(LinkId link) const { return {false, -1, place_, link, life_}; }
  LinkState& state(LinkId link) { return world_.nodes_[place_.node].links[place_.shard][link]; }

  LoopbackWorld& world_;
  const Place place_;
  const std::uint64_t life_;
  std::uint64_t wish_ = 0;
};

LoopbackWorld::LoopbackWorld(NodeFactory factory, std::vector<ClusterMember> members, bool remembers)
    : factory_(std::move(factory)), members_(std::move(members)), remembers_(remembers), nodes_(members_.size()) {
  for (std::size_t n = 0; n < nodes_.size(); ++n) boot(static_cast<NodeId>(n));
}

LoopbackWorld::~LoopbackWorld() { events_.clear(); }

void LoopbackWorld::boot(NodeId node) {
  NodeState& n = nodes_[node];
  ++n.life;
  n.up = true;
  const ShardId shards = members_[node].shards;
  n.links.assign(shards, {});
  n.posts.clear();
  std::vector<Effects*> effects;
  for (ShardId s = 0; s < shards; ++s) {
    n.effects.push_back(std::make_unique<ShardEffects>(*this, Place{node, s}, n.life));
    effects.push_back(n.effects.back().get());
  }
  n.node = factory_(NodeSetup{members_, node, n.life, node + 100u, remembers_}, effects);
  for (ShardId s = 0; s < shards; ++s)
    n.storage.for_each(s, [&](Bytes key, Bytes value) { n.node->shard(s).recovered(now_, key, value); });
  for (ShardId s = 0; s < shards; ++s) n.node->shard(s).start(now_);
}

void LoopbackWorld::at(Nanos when, std::function<void()> what) { events_.emplace(when, std::move(what)); }

void LoopbackWorld::run_for(Nanos duration) {
  const Nanos until = now_ + duration;
  while (step(until)) {
  }
  now_ = until;
}

bool LoopbackWorld::step(Nanos until) {
  if (events_.empty() || events_.begin()->first > until) return false;
  auto event = events_.extract(events_.begin());
  now_ = event.key();
  event.mapped()();
  return true;
}

bool LoopbackWorld::alive(Place place, std::uint64_t life) const {
  return nodes_[place.node].up && nodes_[place.node].life == life;
}

LinkId LoopbackWorld::new_link(Place place, End peer) {
  auto& links = nodes_[place.node].links[place.shard];
  LinkId id = 0;
  while (id < links.size() && links[id].open) ++id;
  if (id == links.size()) links.emplace_back();
  links[id] = {.open = true, .unread = {}, .peer = peer};
  return id;
}

void LoopbackWorld::deliver(End from, End to, Octets bytes) {
  if (to.client) {
    Client& c = clients_[static_cast<std::size_t>(to.number)];
    if (!c.reads) return c.unread.push_back(std::move(bytes));
    if (!c.closed) c.received.insert(c.received.end(), bytes.begin(), bytes.end());
    return taken(from, bytes.size());
  }
  if (!alive(to.place, to.life)) return;
  LinkState& l = nodes_[to.place.node].links[to.place.shard][to.link];
  if (!l.open || l.closing) return;
  if (l.stopped || !l.unread.empty()) return l.unread.push_back(std::move(bytes));
  taken(from, bytes.size());
  shard(to.place).bytes(now_, to.link, bytes);
}

/// The other end has taken so many of the bytes that this one sent.
void LoopbackWorld::taken(End from, std::size_t bytes) {
  if (from.client) {
    clients_[static_cast<std::size_t>(from.number)].queued -= bytes;
    return;
  }
  if (!alive(from.place, from.life)) return;
  LinkState& l = nodes_[from.place.node].links[from.place.shard][from.link];
  if (!l.open || l.closing) return;
  l.queued -= bytes;
  if (!l.blocked || l.queued > kWindow) return;
  l.blocked = false;
  at(now_, [this, from] {
    if (!alive(from.place, from.life)) return;
    const LinkState& now = nodes_[from.place.node].links[from.place.shard][from.link];
    if (now.open && !now.closing) shard(from.place).drained(now_, from.link);
  });
}

void LoopbackWorld::read_unread(End to) {
  if (!alive(to.place, to.life)) return;
  LinkState* l = &nodes_[to.place.node].links[to.place.shard][to.link];
  while (l->open && !l->closing && !l->stopped && !l->unread.empty()) {
    Octets bytes = std::move(l->unread.front());
    l->unread.pop_front();
    taken(l->peer, bytes.size());
    shard(to.place).bytes(now_, to.link, bytes);
    l = &nodes_[to.place.node].links[to.place.shard][to.link];
  }
  if (l->open && l->unread.empty() && l->peer_ended) close_end(to);
}

void LoopbackWorld::read(int client, bool reads) {
  Client& c = clients_[static_cast<std::size_t>(client)];
  c.reads = reads;
  if (reads) take_some(client, c.unread.size());
}

void LoopbackWorld::take_some(int client, std::size_t pieces) {
  Client& c = clients_[static_cast<std::size_t>(client)];
  for (; pieces > 0 && !c.unread.empty(); --pieces) {
    const Octets bytes = std::move(c.unread.front());
    c.unread.pop_front();
    c.received.insert(c.received.end(), bytes.begin(), bytes.end());
    taken(c.peer, bytes.size());
  }
}

std::size_t LoopbackWorld::queued_for(int client) const {
  const End& link = clients_[static_cast<std::size_t>(client)].peer;
  return nodes_[link.place.node].links[link.place.shard][link.link].queued;
}

void LoopbackWorld::close_end(End to) {
  if (to.client) {
    clients_[static_cast<std::size_t>(to.number)].closed = true;
    return;
  }
  if (!alive(to.place, to.life)) return;
  LinkState& l = nodes_[to.place.node].links[to.place.shard][to.link];
  if (!l.open) return;
  l.peer_ended = !l.closing;
  if (l.peer_ended && !l.unread.empty()) return;
  l.closing = true;
  shard(to.place).link_closed(now_, to.link);
  nodes_[to.place.node].links[to.place.shard][to.link].open = false;
}

void LoopbackWorld::arrive(Place from, ShardId to, Octets message) {
  Posts& posts = nodes_[from.node].posts[{from.shard, to}];
  if (posts.held) return posts.waiting.push_back(std::move(message));
  posts.bytes -= message.size();
  shard({from.node, to}).message(now_, from.shard, message);
  if (!posts.told || posts.bytes > kPostsHigh / 2) return;
  posts.told = false;
  shard(from).posts_taken(now_, to);
}

void LoopbackWorld::hold_posts(Place from, ShardId to, bool held) {
  Posts& posts = nodes_[from.node].posts[{from.shard, to}];
  posts.held = held;
  while (!posts.held && !posts.waiting.empty()) {
    Octets message = std::move(posts.waiting.front());
    posts.waiting.pop_front();
    arrive(from, to, std::move(message));
  }
}

int LoopbackWorld::connect(Place to, LinkKind kind) {
  const int number = static_cast<int>(clients_.size());
  const LinkId link = new_link(to, {true, number, {}, 0, 0});
  clients_.push_back({.received = {}, .unread = {}, .peer = {false, -1, to, link, nodes_[to.node].life}});
  shard(to).link_open(now_, link, {kind, 0, "client"});
  return number;
}

void LoopbackWorld::send(int client, Bytes bytes) {
  Client& c = clients_[static_cast<std::size_t>(client)];
  c.queued += bytes.size();
  at(now_ + kLinkLatency, [this, self = End{true, client, {}, 0, 0}, to = c.peer,
                           copy = Octets(bytes.begin(), bytes.end())] { deliver(self, to, copy); });
}

void LoopbackWorld::close(int client) {
  Client& c = clients_[static_cast<std::size_t>(client)];
  c.closed = true;
  at(now_ + kLinkLatency, [this, to = c.peer] { close_end(to); });
}

std::vector<std::uint8_t> LoopbackWorld::take(int client) {
  std::vector<std::uint8_t> out;
  out.swap(clients_[static_cast<std::size_t>(client)].received);
  return out;
}

void LoopbackWorld::kill(NodeId node) {
  NodeState& n = nodes_[node];
  n.up = false;
  for (const auto& links : n.links)
    for (const LinkState& l : links)
      if (l.open) at(now_ + kLinkLatency, [this, peer = l.peer] { close_end(peer); });
  n.node.reset();
}

void LoopbackWorld::revive(NodeId node) { boot(node); }

void LoopbackWorld::cut(NodeId a, NodeId b, bool cut) {
  if (!cut) {
    cuts_.erase(std::minmax(a, b));
    return;
  }
  cuts_.insert(std::minmax(a, b));
  for (ShardId s = 0; s < members_[a].shards; ++s)
    for (LinkId id = 0; id < nodes_[a].links[s].size(); ++id) {
      const LinkState& l = nodes_[a].links[s][id];
      if (!l.open || l.peer.client || l.peer.place.node != b) continue;
      at(now_, [this, peer = l.peer] { close_end(peer); });
      at(now_, [this, self = End{false, -1, {a, s}, id, nodes_[a].life}] { close_end(self); });
    }
}

ShardStats LoopbackWorld::stats(NodeId node) const {
  ShardStats sum;
  const NodeState& n = nodes_[node];
  for (ShardId s = 0; s < members_[node].shards; ++s) {
    const ShardStats one = n.node->shard(s).stats();
    for (int i = 0; i < kCounters; ++i) sum.counters[i] += one.counters[i];
    sum.memory_bytes += one.memory_bytes;
    for (std::size_t k = 0; k < kNoteKinds; ++k) sum.notes.values[k] += one.notes.values[k];
  }
  return sum;
}

}  // namespace orrery::node

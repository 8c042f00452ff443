// SPDX-License-Identifier: Apache-2.0
// What the world contract needs of a world, and the node that it puts into it. For tests only.
//
// A WorldHarness makes one world, starts scripted nodes in it and plays raw clients. Time is the world's own: virtual
// in the simulator, real in the runtime, so the contract waits for conditions and never for instants. Shards may run on
// threads of their own: a scripted shard holds the harness's lock during each event, and the harness holds it while it
// asks a condition.
//
// ScriptedNode's shards write down every event, check what can be checked at once (order of time, one end for each
// link, nothing after the end, no call from inside a call), and then run the test's script, which may use the Effects.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/seam/node.h"

namespace orrery::world_contract {

/// What every contract needs: a world that runs, and a lock on what its shards wrote down.
class Harness {
 public:
  virtual ~Harness() = default;
  /// Runs the world until `done` (asked with the lock held) or for `limit` of its time; returns what done() said last.
  virtual bool run_until(const std::function<bool()>& done, Nanos limit) = 0;
  virtual void lock() = 0;
  virtual void unlock() = 0;
};

class WorldHarness : public Harness {
 public:
  /// Starts all members but those in `absent`, which nobody listens for. Once, before anything else.
  virtual void start(const std::vector<ClusterMember>& members, const NodeFactory& factory,
                     const std::set<NodeId>& absent) = 0;

  /// A plain TCP client of the node (LinkKind::kTcp). Returns its number: 0, 1, 2, ... At most 16 are asked for.
  virtual int connect(NodeId node) = 0;
  /// Everything is sent in the end, however long it takes; does not run the world.
  virtual void client_send(int client, Bytes bytes) = 0;
  virtual void client_close(int client, CloseHow how) = 0;
  /// Ends the client's direction after everything sent, and goes on receiving.
  virtual void client_finish(int client) = 0;
  /// Bytes of client_send() that its transport has not taken: 0 while the node reads.
  virtual std::size_t client_waiting(int client) = 0;
  /// A client that does not read leaves bytes in the transport. Clients read when they are made.
  virtual void client_read(int client, bool reads) = 0;
  /// All that the client has received so far.
  virtual std::string client_received(int client) = 0;
  /// The node has ended the connection and the client has seen it.
  virtual bool client_saw_end(int client) = 0;
};

enum class What {
  kStart,
  kLinkOpen,
  kBytes,
  kDrained,
  kHalfClosed,
  kLinkClosed,
  kDialFailed,
  kWake,
  kMessage,
  kPostsTaken,
  kRecovered,
  kPersisted
};

struct Record {
  What what = What::kStart;
  Nanos now = 0;
  Place place = {};
  LinkId link = 0;
  LinkKind kind = LinkKind::kTcp;
  std::uint32_t tag = 0;
  ShardId from = 0;
  bool reset = false;     // of kLinkClosed: it came as link_reset()
  std::string data = {};  // of bytes, a message, or a recovered value
  std::string peer = {};  // of kLinkOpen: LinkInfo::peer_address
  std::string key = {};   // of a recovered record
  std::uint64_t ticket = 0;
  StorageResult result = StorageResult::kStored;
};

/// Holds the harness's lock for a scope.
class Held {
 public:
  explicit Held(Harness& harness) : harness_(harness) { harness_.lock(); }
  ~Held() { harness_.unlock(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  Harness& harness_;
};

/// What a shard does at an event: called with the lock held, after the event was written down.
using Script = std::function<void(const Record&, Effects&)>;

/// Everything that the shards of one world wrote down. Read it with the harness's lock held.
class Log {
 public:
  Log(Harness& harness, Script script) : harness_(harness), script_(std::move(script)) {}

  /// All shards go on sending to a client that has finished. Before the world starts.
  void take_half_close() { takes_half_close_ = true; }

  const std::vector<Record>& records() const { return records_; }
  const std::vector<std::string>& violations() const { return violations_; }

  int count(What what) const {
    return static_cast<int>(
        std::count_if(records_.begin(), records_.end(), [&](const Record& r) { return r.what == what; }));
  }
  int count(What what, Place place, LinkId link) const {
    return static_cast<int>(std::count_if(records_.begin(), records_.end(), [&](const Record& r) {
      return r.what == what && r.place == place && r.link == link;
    }));
  }
  const Record* first(What what) const {
    for (const Record& r : records_)
      if (r.what == what) return &r;
    return nullptr;
  }
  /// How many bytes arrived on a link.
  std::size_t bytes_of(Place place, LinkId link) const {
    std::size_t sum = 0;
    for (const Record& r : records_)
      if (r.what == What::kBytes && r.place == place && r.link == link) sum += r.data.size();
    return sum;
  }
  /// All bytes that arrived on a link, joined.
  std::string received(Place place, LinkId link) const {
    std::string all;
    for (const Record& r : records_)
      if (r.what == What::kBytes && r.place == place && r.link == link) all += r.data;
    return all;
  }

 private:
  friend class ScriptedShard;
  Harness& harness_;
  Script script_;
  bool takes_half_close_ = false;
  std::vector<Record> records_;
  std::vector<std::string> violations_;
};

/// The Effects that a script gets: remembers what send() returned and which links were closed, and passes on.
class WatchedEffects : public Effects {
 public:
  explicit WatchedEffects(Effects& world) : world_(world) {}
  std::size_t send(LinkId link, Bytes bytes) override {
    const std::size_t backlog = world_.send(link, bytes);
    if (backlog > 0) blocked_.insert(link);
    return backlog;
  }
  void close(LinkId link, CloseHow how) override {
    if (open_.count(link) != 0) closing_.insert(link);
    world_.close(link, how);
  }
  void stop_reading(LinkId link) override {
    if (open_.count(link) != 0) stopped_.insert(link);
    world_.stop_reading(link);
  }
  void resume_reading(LinkId link) override {
    stopped_.erase(link);
    world_.resume_reading(link);
  }
  void dial(std::uint32_t tag, NodeId node, ShardId shard) override {
    ++dialling_[tag];
    world_.dial(tag, node, shard);
  }
  void wake_at(Nanos when) override {
    wish_ = when;
    world_.wake_at(when);
  }
  std::size_t post(ShardId to, Bytes message) override {
    const std::size_t waiting = world_.post(to, message);
    if (waiting > kPostsHigh) behind_.insert(to);
    return waiting;
  }
  void persist(std::uint64_t ticket, const StorageBatch& batch) override {
    persisting_.push_back(ticket);
    world_.persist(ticket, batch);
  }
  void work(Work kind, std::uint32_t units) override { world_.work(kind, units); }
  void cost(Nanos nanos) override { world_.cost(nanos); }
  void give_up(int status, std::string_view last_words) override { world_.give_up(status, last_words); }
  void tell(const Note& note) override { world_.note(note); }

 private:
  friend class ScriptedShard;
  Effects& world_;
  std::set<LinkId> open_;      // link_open came, link_closed has not
  std::set<LinkId> closing_;   // close() was called
  std::set<LinkId> finished_;  // half_closed() came
  std::set<LinkId> blocked_;   // send() returned more than 0, drained() has not come
  std::set<LinkId> stopped_;   // stop_reading() was called, and resume_reading() not since
  std::set<ShardId> behind_;   // post() returned more than kPostsHigh, posts_taken() has not come
  std::map<std::uint32_t, int> dialling_;
  std::deque<std::uint64_t> persisting_;  // tickets that have no answer yet, oldest first
  Nanos wish_ = kNever;
  std::size_t most_open_ = 0;
};

class ScriptedShard : public Shard {
 public:
  ScriptedShard(Log& log, Effects& world, Place place) : log_(log), effects_(world), place_(place) {}

  void recovered(Nanos now, Bytes key, Bytes value) override {
    handle(
        {.what = What::kRecovered, .now = now, .data = std::string(as_text(value)), .key = std::string(as_text(key))});
  }
  void start(Nanos now) override { handle({.what = What::kStart, .now = now}); }
  void link_open(Nanos now, LinkId link, const LinkInfo& info) override {
    handle({.what = What::kLinkOpen,
            .now = now,
            .link = link,
            .kind = info.kind,
            .tag = info.dial_tag,
            .peer = std::string(info.peer_address)});
  }
  void bytes(Nanos now, LinkId link, MutableBytes bytes) override {
    std::string data(as_text(bytes));
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{0xee});  // the shard may overwrite them: the world must not care
    handle({.what = What::kBytes, .now = now, .link = link, .data = std::move(data)});
  }
  void drained(Nanos now, LinkId link) override { handle({.what = What::kDrained, .now = now, .link = link}); }
  void link_closed(Nanos now, LinkId link) override { handle({.what = What::kLinkClosed, .now = now, .link = link}); }
  void link_reset(Nanos now, LinkId link) override {
    handle({.what = What::kLinkClosed, .now = now, .link = link, .reset = true});
  }
  bool takes_half_close() const override { return log_.takes_half_close_; }
  void half_closed(Nanos now, LinkId link) override { handle({.what = What::kHalfClosed, .now = now, .link = link}); }
  void dial_failed(Nanos now, std::uint32_t tag) override {
    handle({.what = What::kDialFailed, .now = now, .tag = tag});
  }
  void wake(Nanos now) override { handle({.what = What::kWake, .now = now}); }
  void message(Nanos now, ShardId from, Bytes message) override {
    handle({.what = What::kMessage, .now = now, .from = from, .data = std::string(as_text(message))});
  }
  void posts_taken(Nanos now, ShardId to) override { handle({.what = What::kPostsTaken, .now = now, .from = to}); }
  void persisted(Nanos now, std::uint64_t ticket, StorageResult result) override {
    handle({.what = What::kPersisted, .now = now, .ticket = ticket, .result = result});
  }
  ShardStats stats() const override { return {}; }

 private:
  void handle(Record record) {
    const Held held(log_.harness_);
    record.place = place_;
    expect(!inside_, "an event came from inside another");
    inside_ = true;
    check_before(record);
    log_.records_.push_back(record);
    log_.script_(record, effects_);
    if (record.what == What::kLinkClosed) {
      effects_.open_.erase(record.link);
      effects_.closing_.erase(record.link);
      effects_.blocked_.erase(record.link);
      effects_.finished_.erase(record.link);
      effects_.stopped_.erase(record.link);
    }
    inside_ = false;
  }

  void check_before(const Record& r) {
    expect(r.now >= last_now_, "time went back");
    last_now_ = r.now;
    if (r.what == What::kRecovered) {
      expect(!started_, "a record was recovered after start");
      expect(last_key_ < r.key, "records are not recovered in order of their keys, or one came twice");
      last_key_ = r.key;
      return;
    }
    expect((r.what == What::kStart) == !started_, "start must come first and once");
    started_ = true;
    WatchedEffects& e = effects_;
    switch (r.what) {
      case What::kLinkOpen:
        expect(e.open_.insert(r.link).second, "a link id was used again before link_closed returned");
        e.most_open_ = std::max(e.most_open_, e.open_.size());
        expect(r.link < e.most_open_ + 16, "link ids are not dense");
        if (r.kind == LinkKind::kPeerOut) expect(e.dialling_[r.tag]-- > 0, "link_open of a dial that nobody asked for");
        break;
      case What::kBytes:
        expect(e.open_.count(r.link) == 1, "bytes on a link that is not open");
        expect(e.closing_.count(r.link) == 0, "bytes after close()");
        expect(e.stopped_.count(r.link) == 0, "bytes on a link that is not read");
        expect(e.finished_.count(r.link) == 0, "bytes after half_closed()");
        expect(!r.data.empty(), "an event of no bytes");
        break;
      case What::kDrained:
        expect(e.open_.count(r.link) == 1, "drained on a link that is not open");
        expect(e.blocked_.erase(r.link) == 1, "drained, and send() had not returned more than 0");
        break;
      case What::kHalfClosed:
        expect(e.open_.count(r.link) == 1, "half_closed on a link that is not open");
        expect(e.closing_.count(r.link) == 0, "half_closed after close()");
        expect(takes_half_close(), "half_closed, and the shard does not take it");
        expect(e.finished_.insert(r.link).second, "half_closed twice");
        break;
      case What::kLinkClosed:
        expect(e.open_.count(r.link) == 1, "link_closed of a link that is not open");
        break;
      case What::kDialFailed:
        expect(e.dialling_[r.tag]-- > 0, "dial_failed of a dial that nobody asked for");
        break;
      case What::kWake:
        expect(e.wish_ <= r.now, "woken before the wish, or without one");
        e.wish_ = kNever;
        break;
      case What::kPostsTaken:
        expect(e.behind_.erase(r.from) == 1, "posts_taken, and post() had not returned more than kPostsHigh");
        break;
      case What::kPersisted:
        expect(!e.persisting_.empty() && e.persisting_.front() == r.ticket, "persisted without, or out of, its turn");
        if (!e.persisting_.empty()) e.persisting_.pop_front();
        break;
      case What::kStart:
      case What::kMessage:
      case What::kRecovered:
        break;
    }
  }
  void expect(bool holds, const char* rule) {
    if (!holds) log_.violations_.push_back(rule);
  }

  Log& log_;
  WatchedEffects effects_;
  Place place_;
  Nanos last_now_ = INT64_MIN;
  std::string last_key_;
  bool started_ = false;
  bool inside_ = false;
};

class ScriptedNode : public Node {
 public:
  ScriptedNode(Log& log, const NodeSetup& setup, std::span<Effects* const> effects) {
    for (std::size_t i = 0; i < effects.size(); ++i)
      shards_.push_back(std::make_unique<ScriptedShard>(log, *effects[i], Place{setup.self, static_cast<ShardId>(i)}));
  }
  ShardId shards() const override { return static_cast<ShardId>(shards_.size()); }
  Shard& shard(ShardId id) override { return *shards_[id]; }

 private:
  std::vector<std::unique_ptr<ScriptedShard>> shards_;
};

inline NodeFactory scripted_factory(Log& log) {
  return [&log](const NodeSetup& setup, std::span<Effects* const> effects) {
    return std::make_unique<ScriptedNode>(log, setup, effects);
  };
}

}  // namespace orrery::world_contract

// SPDX-License-Identifier: Apache-2.0
// A world for the tests of this folder: nodes, clients and the simplest network that keeps the seam's contract.
//
// Everything that is sent arrives whole after one millisecond; shards of a node are 10 microseconds apart; a batch is
// stored after two milliseconds; nothing is lost but by kill(), which takes what was not stored. Time jumps from event
// to event. The simulator (sim/world) is the world with models; this one is for reading.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/seam/node.h"
#include "broker/seam/storage_image.h"

namespace orrery::node {

class LoopbackWorld {
 public:
  /// `remembers`: nodes have storage.
  LoopbackWorld(NodeFactory factory, std::vector<ClusterMember> members, bool remembers = false);
  ~LoopbackWorld();

  Nanos now() const { return now_; }
  void run_for(Nanos duration);
  /// Handles the next event, if there is one at or before `until`.
  bool step(Nanos until);

  /// A raw client stream to a shard; returns the client's number.
  int connect(Place to, LinkKind kind);
  void send(int client, Bytes bytes);
  void close(int client);
  /// A client that does not read leaves what comes in its link's window, and then with the shard's transport.
  void read(int client, bool reads);
  /// Takes so many of the pieces that wait for a client that does not read.
  void take_some(int client, std::size_t pieces);
  /// Bytes of send() that the shard's side has not taken.
  std::size_t untaken(int client) const { return clients_[static_cast<std::size_t>(client)].queued; }
  /// Bytes that shards have sent to the client, and it has not taken.
  std::size_t queued_for(int client) const;
  /// What has come since the last call.
  std::vector<std::uint8_t> take(int client);
  bool closed(int client) const { return clients_[static_cast<std::size_t>(client)].closed; }

  /// What a shard posts to another is not taken there until it is told otherwise.
  void hold_posts(Place from, ShardId to, bool held);
  std::size_t posted(Place from, ShardId to) { return nodes_[from.node].posts[{from.shard, to}].bytes; }

  /// The node vanishes with its links; others see theirs closed. revive() starts it as a new incarnation.
  void kill(NodeId node);
  void revive(NodeId node);
  /// Cuts (or mends) everything between two nodes: streams close, dials fail.
  void cut(NodeId a, NodeId b, bool cut);

  /// What the node has stored; clear it while the node is down, and it has a new disk.
  StorageImage& storage(NodeId node) { return nodes_[node].storage; }
  ShardStats stats(NodeId node) const;
  std::uint64_t works(Work kind) const { return works_[static_cast<int>(kind)]; }
  struct Told {
    Place place;
    NoteKind kind;
    std::string line;  // its name and its words
  };
  /// Everything that any shard has told.
  const std::vector<Told>& notes() const { return notes_; }

 private:
  class ShardEffects;
  struct End {  // one end of a stream: a client, or a shard's link
    bool client = false;
    int number = -1;
    Place place;
    LinkId link = 0;
    std::uint64_t life = 0;
  };
  using Octets = std::vector<std::uint8_t>;
  struct Client {
    Octets received;
    bool closed = false;
    bool reads = true;
    std::size_t queued = 0;  // sent and not taken by the shard
    std::deque<Octets> unread;
    End peer;
  };
  struct LinkState {
    bool open = false;
    bool closing = false;
    bool stopped = false;
    bool peer_ended = false;  // behind what is unread
    bool blocked = false;     // send() returned more than 0, and drained() has not come
    std::size_t queued = 0;   // sent and not taken by the peer
    std::deque<Octets> unread;
    End peer;
  };
  struct Posts {  // from one shard to another
    std::size_t bytes = 0;
    bool told = false;
    bool held = false;
    std::deque<Octets> waiting;
  };
  struct NodeState {
    std::unique_ptr<Node> node;
    std::vector<std::unique_ptr<ShardEffects>> effects;
    std::vector<std::vector<LinkState>> links;  // by shard, by link
    std::map<std::pair<ShardId, ShardId>, Posts> posts;
    std::uint64_t life = 0;  // also the incarnation
    bool up = false;
    StorageImage storage;
  };

  void at(Nanos when, std::function<void()> what);
  void boot(NodeId node);
  LinkId new_link(Place place, End peer);
  void deliver(End from, End to, Octets bytes);
  void taken(End from, std::size_t bytes);
  void close_end(End to);
  void read_unread(End to);
  void arrive(Place from, ShardId to, Octets message);
  bool alive(Place place, std::uint64_t life) const;
  Shard& shard(Place place) { return nodes_[place.node].node->shard(place.shard); }

  NodeFactory factory_;
  std::vector<ClusterMember> members_;
  bool remembers_;
  std::vector<NodeState> nodes_;
  std::vector<Client> clients_;
  std::multimap<Nanos, std::function<void()>> events_;
  std::set<std::pair<NodeId, NodeId>> cuts_;
  Nanos now_ = 0;
  std::uint64_t works_[kWorkKinds] = {};
  std::vector<Told> notes_;
};

}  // namespace orrery::node

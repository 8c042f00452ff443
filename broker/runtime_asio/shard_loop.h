// SPDX-License-Identifier: Apache-2.0
// One shard in the real world: its thread's loop, its links, and the Effects that it is given.
//
// Everything a shard waits for is in one epoll set: links (edge-triggered), listeners, a timer, and a bell that other
// threads ring. A turn takes a batch of events after another:
//   the clock is read once, events go to the shard, what it sends is collected, and at the end of the batch posted
//   messages are handed over, each link is written to once, closed links are settled.
// A shard posts its messages before it writes to its clients, and takes messages before it handles bytes from clients.
// So when one client was told something (its SUBACK, say) and makes another client act on it, that other client's shard
// has the messages that go with it before it sees the act. Between turns Asio's io_context waits on the set
// (io_wait.h).
//
// A shard belongs to whoever holds `running_`: its own thread, except while that waits. A shard that is busy for less
// than half of its time, and has messages for one that sleeps, runs that one for a moment instead of waking its thread:
// on an idle machine a wake-up costs more than the work (help()). Other threads touch nothing else but the bell and
// stop().
//
// shard_loop.cc holds turns and timers, shard_links.cc what happens on a link, shard_read.cc reading and holding back,
// shard_tls.cc what TLS adds to it, shard_accept.cc listeners, shard_dial.cc connections to other members.
#pragma once

#include <atomic>
#include <barrier>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/base/heap.h"
#include "broker/base/slab.h"
#include "broker/openssl/tls.h"
#include "broker/runtime_asio/busy_share.h"
#include "broker/runtime_asio/deadlines.h"
#include "broker/runtime_asio/fd.h"
#include "broker/runtime_asio/io_wait.h"
#include "broker/runtime_asio/limits.h"
#include "broker/runtime_asio/mailbox.h"
#include "broker/runtime_asio/note_log.h"
#include "broker/runtime_asio/send_batch.h"
#include "broker/runtime_asio/storage_thread.h"
#include "broker/seam/effects.h"
#include "broker/seam/node.h"

struct epoll_event;

namespace orrery::runtime {

/// Clients' connections of one listener, over all shards.
struct ListenerCount {
  std::uint32_t max = UINT32_MAX;
  std::atomic<std::uint32_t> open{0};
};

/// What the shards share of a listener.
struct SharedListener {
  std::string name;
  std::shared_ptr<const openssl::TlsContext> tls;  // null: its links are plain
  ListenerCount count;
};

class ShardLoop;

/// What the shards of one node share. Set up before the threads start.
struct Commons {
  LogFn log;
  LogOptions log_options;
  std::string node_name;
  std::vector<ClusterMember> members;
  std::vector<HostPort> peer_addresses;  // of each member's shard 0; empty when the node is alone
  std::vector<std::unique_ptr<SharedListener>> listeners;
  ListenerCount clients;       // of all listeners, bounded by the process's descriptors
  ListenerCount peers;         // connections that other members opened
  std::atomic<int> status{0};  // of a node that gave up
  std::vector<std::unique_ptr<ShardLoop>> shards;
  std::vector<std::unique_ptr<Mailbox>> mailboxes;  // by receiver
  std::unique_ptr<StorageThread> storage;           // null: the node remembers nothing
};

class ShardLoop final : public Effects {
 public:
  ShardLoop(ShardId self, Commons& commons);
  ~ShardLoop() override;

  /// Takes a listening socket. `listener` is its position in Commons::listeners; peers' listeners have none.
  void add_listener(Fd socket, LinkKind kind, std::uint32_t listener);
  IoWait& io() { return *io_; }

  /// The thread's body: starts the shard, waits until all have started, and serves until stop(). Then links get some
  /// time to take what was sent, and end.
  void run(Shard& shard, std::barrier<>& started);
  /// From any thread.
  void stop();
  /// From any thread: there are answers of the storage thread for this shard.
  void ring() {
    if (bell_.mark()) bell_.wake();
  }
  /// Before run(), from the thread that will start run()'s: what the storage holds for the shard.
  std::string recover(Shard& shard);

  std::size_t send(LinkId link, Bytes bytes) override;
  void close(LinkId link, CloseHow how) override;
  void stop_reading(LinkId link) override;
  void resume_reading(LinkId link) override;
  void dial(std::uint32_t tag, NodeId node, ShardId shard) override;
  void wake_at(Nanos when) override { wish_ = when; }
  std::size_t post(ShardId to, Bytes message) override;
  void persist(std::uint64_t ticket, const StorageBatch& batch) override;
  void work(Work, std::uint32_t) override {}
  void give_up(int status, std::string_view last_words) override;

 protected:
  void tell(const Note& note) override;

 private:
  static constexpr std::uint32_t kNoListener = UINT32_MAX;

  /// What a descriptor in the epoll set is; with an id it makes the event's 64 bits.
  enum class Source : std::uint32_t { kLink, kListener, kDial, kLinger, kBell, kTimer };

  enum class LinkState : std::uint8_t {
    kOpen,
    kFlushing,  // close(kFlush): ends when everything is written
    kEnded,     // the peer is gone; what is in the batch is still written
    kAborting,  // reset, nothing more is written
  };
  struct Waiting {
    std::vector<std::uint8_t> bytes;
    std::size_t taken = 0;
    std::size_t size() const { return bytes.size() - taken; }
  };
  struct Link {
    int fd;
    LinkState state = LinkState::kOpen;
    LinkKind kind;
    bool told_waiting : 1 = false;  // the last send() returned more than 0
    bool watched_for_write : 1 = false;
    bool in_dirty : 1 = false;
    bool in_ended : 1 = false;
    bool in_read_again : 1 = false;
    bool stopped : 1 = false;      // stop_reading()
    bool unread : 1 = false;       // the socket may have bytes, or its end, that no event will tell again
    bool hung_up : 1 = false;      // the peer has ended its direction
    bool kept : 1 = false;         // in kept_
    bool reset : 1 = false;        // by the peer, while it was open
    bool half_closed : 1 = false;  // the peer has sent its last byte, and the shard goes on
    std::uint32_t origin;          // the listener, or for kPeerOut the place as node << 16 | shard
    std::uint32_t stamp = 0;
    SendBatch::Chain batch;
    std::unique_ptr<Waiting> waiting;  // only while the transport does not take bytes
    std::unique_ptr<openssl::TlsConnection> tls;
  };
  struct Listener {
    Fd socket;
    LinkKind kind;
    std::uint32_t listener;
    bool resting = false;
    bool said_so = false;
  };
  struct Dial {
    Fd socket;
    std::uint32_t tag;
    Place to;
    std::uint32_t stamp;
  };
  struct Linger {
    Fd socket;
    std::uint32_t stamp;
  };

  // shard_loop.cc
  void turn();
  void batch(const epoll_event* events, int count);
  bool work_left() const {
    return wish_ <= now_ || bell_.rung() || !read_again_.empty() || !failed_dials_.empty() || !ended_.empty() ||
           !unstored_.empty();
  }
  void help();
  void handle(const epoll_event& event);
  void begin_batch();
  void end_batch();
  void take_messages();
  void tell_taken(ShardId from);
  void hand_over(ShardId to);
  void hand_over_all();
  void hand_over_persists();
  void take_answers();
  void report_unstored();
  void expire();
  void set_timer();
  void finish();
  bool some_link_waits() const;
  bool write_at_stop(const epoll_event& event);
  bool watch(int operation, int fd, std::uint32_t events, Source source, std::uint32_t id);

  /// Where a link comes from or leads to, as long as its socket knows; empty otherwise.
  std::string_view address_of(LinkId link, char (&buffer)[kAddressTextMax]) const;

  // shard_read.cc
  void read_link(LinkId id);
  void read_later(Link& link, LinkId id);
  void deliver(LinkId id, MutableBytes bytes);
  void keep(Link& link, LinkId id, Bytes bytes);
  void look_for_end(Link& link, LinkId id);
  void peer_ended(Link& link, LinkId id, bool reset);

  // shard_links.cc
  bool open_link(Fd socket, LinkKind kind, std::uint32_t tag, std::uint32_t origin, std::string_view peer);
  void on_link(LinkId id, std::uint32_t events);
  void write_batch(Link& link, LinkId id);
  void write_waiting(Link& link, LinkId id);
  void unreachable(Link& link, LinkId id);
  void flush_batch();
  void end_link(Link& link, LinkId id, LinkState state);
  void settle(LinkId id);
  void close_link(LinkId id);
  bool finish_flush(Link& link);
  void on_linger(std::uint32_t id);
  bool discard_input(int fd);
  std::size_t queue(Link& link, LinkId id, Bytes bytes);

  // shard_tls.cc
  void decrypt(LinkId id, Bytes from_peer);
  void tls_failed(Link& link, LinkId id);

  // shard_accept.cc
  void on_listener(std::uint32_t id);
  void rest(std::uint32_t id, const std::string& why);
  void resume_listeners();
  std::string_view name_of(const Listener& listener) const;
  std::string take_place(LinkKind kind, std::uint32_t listener);
  void give_place(LinkKind kind, std::uint32_t listener);

  // shard_dial.cc
  void connect_dial(std::uint32_t id, const Address& address);
  void on_dial(std::uint32_t id);
  void fail_dial(std::uint32_t id, const std::string& why);
  void report_failed_dials();

  const ShardId self_;
  Commons& commons_;
  Shard* shard_ = nullptr;
  Fd epoll_;
  Fd timer_;
  Bell bell_;
  std::unique_ptr<IoWait> io_;
  std::atomic<bool> stopping_{false};

  std::mutex running_;
  bool over_ = false;             // the shard has had its last event
  ShardId run_by_;                // who holds running_, while somebody does
  ShardId to_help_ = kShardsMax;  // has messages of this batch, and has not been woken; kShardsMax: none
  BusyShare busy_;
  Nanos batch_end_ = 0;

  Heap heap_;
  Slab<Link> links_;
  Slab<Dial> dials_;
  Slab<Linger> lingers_;
  std::vector<Listener> listeners_;

  Nanos now_ = 0;
  Nanos wish_ = kNever;       // the shard's
  Nanos timer_set_ = kNever;  // what the kernel's timer is set to; may be earlier than needed
  Nanos accept_again_ = kNever;
  std::uint32_t stamp_ = 0;
  Deadlines dial_deadlines_{kDialTimeout};
  Deadlines flush_deadlines_{kFlushTimeout};
  Deadlines linger_deadlines_{kLingerTimeout};

  SendBatch batch_;
  std::vector<LinkId> dirty_;  // have bytes in the batch
  std::vector<LinkId> ended_;  // to be settled at the end of the batch
  std::vector<LinkId> settling_;
  std::vector<LinkId> read_again_;  // had more than a buffer, or are read again
  std::vector<LinkId> reading_again_;
  std::map<LinkId, std::vector<std::uint8_t>> kept_;  // read before the link was stopped; at most a buffer for each
  std::vector<std::uint32_t> failed_dials_;
  std::vector<std::uint64_t> unstored_;  // tickets that fail, since there is no storage
  std::vector<StorageThread::Request> persists_;
  std::vector<StorageThread::Answer> answers_;
  std::size_t persists_pending_ = 0;  // bytes without an answer
  std::uint32_t stops_told_ = 0;      // how often the shard has been told that something was not stored
  std::vector<Mailbox::Buffer> outboxes_;
  Mailbox::Buffer inbox_;
  std::vector<std::vector<bool>> said_unreachable_;  // by node and shard
  std::vector<std::size_t> handled_;                 // bytes of inbox_, by sender; all 0 between batches
  std::unique_ptr<std::uint8_t[]> read_buffer_;
  std::unique_ptr<std::uint8_t[]> plain_buffer_;  // of what TLS has decrypted; when a first link needs it
  openssl::Octets tls_out_;                       // of one call into TLS
  NoteLog log_;
};

/// The machine's steady clock.
Nanos steady_now();

}  // namespace orrery::runtime

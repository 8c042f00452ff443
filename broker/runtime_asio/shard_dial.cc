// SPDX-License-Identifier: Apache-2.0
// Connections to shards of other members: look-up, connect without blocking, time-out. See shard_loop.h.
//
// A dial that fails inside Effects::dial is reported by the next batch, because no effect calls back into the shard.
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "broker/runtime_asio/shard_loop.h"

namespace orrery::runtime {
void ShardLoop::dial(std::uint32_t tag, NodeId node, ShardId shard) {
  ORRERY_ASSERT(node < commons_.peer_addresses.size());
  const std::uint32_t stamp = ++stamp_;
  const std::uint32_t id = dials_.emplace(Dial{Fd(), tag, {node, shard}, stamp});
  dial_deadlines_.start(now_, id, stamp);
  HostPort to = commons_.peer_addresses[node];
  to.port = static_cast<std::uint16_t>(to.port + shard);
  Address address;
  if (numeric_address(to, address)) return connect_dial(id, address);
  io_->resolve(to, [this, id, stamp](const std::string& error, const Address& found) {
    const std::lock_guard<std::mutex> held(running_);
    if (!dials_.contains(id) || dials_[id].stamp != stamp) return;
    begin_batch();
    if (error.empty())
      connect_dial(id, found);
    else
      fail_dial(id, error);
    end_batch();
    help();
    if (work_left()) bell_.wake();
  });
}

void ShardLoop::connect_dial(std::uint32_t id, const Address& address) {
  Dial& dial = dials_[id];
  dial.socket.reset(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!dial.socket.valid()) return fail_dial(id, std::strerror(errno));
  const int on = 1;
  ::setsockopt(dial.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(dial.socket.get(), address.get(), address.size) != 0 && errno != EINPROGRESS)
    return fail_dial(id, std::strerror(errno));
  if (!watch(EPOLL_CTL_ADD, dial.socket.get(), EPOLLOUT | EPOLLET, Source::kDial, id))
    fail_dial(id, std::strerror(errno));
}

void ShardLoop::on_dial(std::uint32_t id) {
  if (!dials_.contains(id) || !dials_[id].socket.valid()) return;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(dials_[id].socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_dial(id, std::strerror(error));
  Address peer;
  peer.size = sizeof peer.storage;
  if (::getpeername(dials_[id].socket.get(), peer.get(), &peer.size) != 0) return;  // still connecting
  Dial dial = std::move(dials_[id]);
  dials_.erase(id);
  said_unreachable_[dial.to.node][dial.to.shard] = false;
  char text[kAddressTextMax];
  const std::uint32_t origin = std::uint32_t{dial.to.node} << 16 | dial.to.shard;
  if (!open_link(std::move(dial.socket), LinkKind::kPeerOut, dial.tag, origin, format_address(peer, text)))
    shard_->dial_failed(now_, dial.tag);
}

// One note for each time that a peer cannot be reached, however often it is dialled in between.
void ShardLoop::fail_dial(std::uint32_t id, const std::string& why) {
  const Place to = dials_[id].to;
  if (!said_unreachable_[to.node][to.shard])
    note({.kind = NoteKind::kPeerUnreachable,
          .name = commons_.members[to.node].name,
          .text = why,
          .numbers = {self_, to.shard}});
  said_unreachable_[to.node][to.shard] = true;
  failed_dials_.push_back(dials_[id].tag);
  dials_.erase(id);
}

void ShardLoop::report_failed_dials() {
  std::vector<std::uint32_t> failed;
  failed.swap(failed_dials_);
  for (const std::uint32_t tag : failed) shard_->dial_failed(now_, tag);
}

}  // namespace orrery::runtime

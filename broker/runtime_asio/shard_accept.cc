// SPDX-License-Identifier: Apache-2.0
// Listeners of a shard: accepting in bounded batches, and resting when there is no room. See shard_loop.h.
//
// A listener without room (descriptors, memory, max_connections) is taken out of the epoll set for kAcceptPause, so
// that the waiting connections do not make the loop spin; they stay in the kernel's backlog. One note says that it
// rests, and one that it accepts again.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "broker/runtime_asio/shard_loop.h"

namespace orrery::runtime {
namespace {

/// Counts one more unless the maximum is reached.
bool count_in(ListenerCount& count) {
  if (count.open.fetch_add(1) < count.max) return true;
  count.open.fetch_sub(1);
  return false;
}

}  // namespace

void ShardLoop::add_listener(Fd socket, LinkKind kind, std::uint32_t listener) {
  watch(EPOLL_CTL_ADD, socket.get(), EPOLLIN, Source::kListener, static_cast<std::uint32_t>(listeners_.size()));
  listeners_.push_back({std::move(socket), kind, listener});
}

void ShardLoop::on_listener(std::uint32_t id) {
  Listener& listener = listeners_[id];
  for (int i = 0; i < kAcceptBatch; ++i) {
    if (const std::string full = take_place(listener.kind, listener.listener); !full.empty()) return rest(id, full);
    Address from;
    from.size = sizeof from.storage;
    Fd socket(::accept4(listener.socket.get(), from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    int error = socket.valid() ? 0 : errno;
    if (socket.valid()) {
      char text[kAddressTextMax];
      if (open_link(std::move(socket), listener.kind, 0, listener.listener, format_address(from, text))) {
        if (listener.said_so) note({.kind = NoteKind::kListenerResumes, .name = name_of(listener)});
        listener.said_so = false;
        continue;
      }
      error = ENOMEM;
    }
    give_place(listener.kind, listener.listener);
    if (error == EAGAIN) return;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
      return rest(id, std::strerror(error));
    // Anything else is the fate of one connection (ECONNABORTED and the like): go on with the next.
  }
}

/// Counts a connection in; a reason when there is no room for it.
std::string ShardLoop::take_place(LinkKind kind, std::uint32_t listener) {
  if (kind == LinkKind::kPeerIn)
    return count_in(commons_.peers)
               ? ""
               : "more connections from peers than the cluster can need (" + std::to_string(commons_.peers.max) + ")";
  ListenerCount& mine = commons_.listeners[listener]->count;
  if (!count_in(mine)) return "max_connections (" + std::to_string(mine.max) + ") is reached";
  if (kind == LinkKind::kAdmin || count_in(commons_.clients)) return {};
  mine.open.fetch_sub(1);
  return "all descriptors that the process may give to clients (" + std::to_string(commons_.clients.max) +
         ") are in use";
}

std::string_view ShardLoop::name_of(const Listener& listener) const {
  return listener.kind == LinkKind::kPeerIn ? std::string_view("the cluster's listener")
                                            : commons_.listeners[listener.listener]->name;
}

void ShardLoop::give_place(LinkKind kind, std::uint32_t listener) {
  if (kind == LinkKind::kPeerIn) {
    commons_.peers.open.fetch_sub(1);
    return;
  }
  commons_.listeners[listener]->count.open.fetch_sub(1);
  if (kind != LinkKind::kAdmin) commons_.clients.open.fetch_sub(1);
}

void ShardLoop::rest(std::uint32_t id, const std::string& why) {
  Listener& listener = listeners_[id];
  listener.resting = true;
  watch(EPOLL_CTL_MOD, listener.socket.get(), 0, Source::kListener, id);
  accept_again_ = now_ + kAcceptPause;
  if (!listener.said_so) note({.kind = NoteKind::kListenerRests, .name = name_of(listener), .text = why});
  listener.said_so = true;
}

void ShardLoop::resume_listeners() {
  accept_again_ = kNever;
  for (std::uint32_t id = 0; id < listeners_.size(); ++id) {
    if (!listeners_[id].resting) continue;
    listeners_[id].resting = false;
    watch(EPOLL_CTL_MOD, listeners_[id].socket.get(), EPOLLIN, Source::kListener, id);
  }
}

}  // namespace orrery::runtime

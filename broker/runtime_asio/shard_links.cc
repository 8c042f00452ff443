// SPDX-License-Identifier: Apache-2.0
// What happens on an open link: its events, writing, and the ways to end. See shard_loop.h.
//
// A link ends in one of three ways (LinkState), and always in the same place: end_link() notes it, and at the end of
// the batch, when everything that was sent has been written, settle() closes the socket and tells the shard. A
// descriptor is closed only between batches, so an event that was fetched never names a link that came later.
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "broker/runtime_asio/shard_loop.h"

namespace orrery::runtime {
namespace {

constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

/// Writes what the kernel takes; 0 when it takes nothing now, -1 when the connection is broken.
ssize_t write_some(int fd, iovec* parts, int count) {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = static_cast<std::size_t>(count);
  for (;;) {
    const ssize_t n = count == 1 ? ::send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                                 : ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) return n;
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) return -1;
  }
}

}  // namespace

bool ShardLoop::open_link(Fd socket, LinkKind kind, std::uint32_t tag, std::uint32_t origin, std::string_view peer) {
  const int fd = socket.get();
  const LinkId id =
      links_.emplace(Link{.fd = fd, .kind = kind, .origin = origin, .batch = {}, .waiting = {}, .tls = {}});
  if (kind == LinkKind::kTcp || kind == LinkKind::kWebSocket)
    if (const auto& tls = commons_.listeners[origin]->tls)
      links_[id].tls = std::make_unique<openssl::TlsConnection>(*tls);
  const int operation = kind == LinkKind::kPeerOut ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (!watch(operation, fd, kReadEvents, Source::kLink, id)) {
    links_.erase(id);
    return false;
  }
  socket.release();
  shard_->link_open(now_, id, LinkInfo{kind, tag, peer});
  return true;
}

void ShardLoop::on_link(LinkId id, std::uint32_t events) {
  if (!links_.contains(id)) return;
  Link& link = links_[id];
  const bool writing = link.state == LinkState::kOpen || link.state == LinkState::kFlushing;
  if ((events & EPOLLOUT) != 0 && writing && link.waiting != nullptr) write_waiting(link, id);
  if (link.state == LinkState::kFlushing && (events & (EPOLLHUP | EPOLLERR)) != 0)
    end_link(link, id, LinkState::kEnded);
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) link.hung_up = true;
  if ((link.stopped || link.half_closed) && link.state == LinkState::kOpen && (events & (EPOLLHUP | EPOLLERR)) != 0)
    return peer_ended(link, id, true);
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read_link(id);
}

std::size_t ShardLoop::send(LinkId id, Bytes bytes) {
  if (!links_.contains(id)) return 0;
  Link& link = links_[id];
  if (link.state != LinkState::kOpen) return 0;
  if (link.tls == nullptr) return queue(link, id, bytes);
  tls_out_.clear();
  if (!link.tls->write(bytes, tls_out_)) tls_failed(link, id);
  return queue(link, id, tls_out_);
}

/// Bytes as they go out.
std::size_t ShardLoop::queue(Link& link, LinkId id, Bytes bytes) {
  if (link.waiting != nullptr) {
    link.waiting->bytes.insert(link.waiting->bytes.end(), bytes.begin(), bytes.end());
  } else if (!bytes.empty()) {
    batch_.append(link.batch, bytes);
    if (!link.in_dirty) dirty_.push_back(id);
    link.in_dirty = true;
    if (link.batch.bytes >= kLinkBatchBytes) {
      hand_over_all();
      write_batch(link, id);
    }
    if (batch_.bytes() >= kBatchBytes) {
      hand_over_all();
      flush_batch();
    }
  }
  const std::size_t waiting = link.waiting == nullptr ? 0 : link.waiting->size();
  link.told_waiting = waiting > 0;
  return waiting;
}

void ShardLoop::flush_batch() {
  for (const LinkId id : dirty_) {
    if (!links_.contains(id)) continue;
    Link& link = links_[id];
    link.in_dirty = false;
    write_batch(link, id);
  }
  dirty_.clear();
  batch_.clear();
}

void ShardLoop::write_batch(Link& link, LinkId id) {
  constexpr int kParts = 64;
  iovec parts[kParts];
  std::uint32_t next = link.batch.first;
  link.batch = {};
  if (link.state == LinkState::kAborting) return;
  bool taking = link.waiting == nullptr;
  while (next != SendBatch::kNone) {
    const int count = batch_.gather(next, parts, kParts);
    ssize_t written = taking ? write_some(link.fd, parts, count) : 0;
    if (written < 0) return unreachable(link, id);
    for (int i = 0; i < count; ++i) {
      const auto skip = std::min(static_cast<std::size_t>(written), parts[i].iov_len);
      written -= static_cast<ssize_t>(skip);
      if (skip == parts[i].iov_len) continue;
      taking = false;
      if (link.waiting == nullptr) link.waiting = std::make_unique<Waiting>();
      const auto* from = static_cast<const std::uint8_t*>(parts[i].iov_base);
      link.waiting->bytes.insert(link.waiting->bytes.end(), from + skip, from + parts[i].iov_len);
    }
  }
  if (link.waiting == nullptr || link.watched_for_write) return;
  // From now on for good: an edge comes only when a full socket has room again.
  link.watched_for_write = true;
  watch(EPOLL_CTL_MOD, link.fd, kReadEvents | EPOLLOUT, Source::kLink, id);
}

/// A write failed: nothing comes to the peer any more.
void ShardLoop::unreachable(Link& link, LinkId id) {
  link.reset = link.state == LinkState::kOpen;
  end_link(link, id, LinkState::kEnded);
}

void ShardLoop::write_waiting(Link& link, LinkId id) {
  Waiting& waiting = *link.waiting;
  while (waiting.size() > 0) {
    iovec part{waiting.bytes.data() + waiting.taken, waiting.size()};
    const ssize_t n = write_some(link.fd, &part, 1);
    if (n < 0) return unreachable(link, id);
    waiting.taken += static_cast<std::size_t>(n);
    if (n > 0) continue;
    if (waiting.taken > waiting.bytes.size() / 2) {
      waiting.bytes.erase(waiting.bytes.begin(), waiting.bytes.begin() + static_cast<std::ptrdiff_t>(waiting.taken));
      waiting.taken = 0;
    }
    return;
  }
  link.waiting.reset();
  if (link.state == LinkState::kFlushing) return end_link(link, id, LinkState::kFlushing);
  if (!link.told_waiting) return;
  link.told_waiting = false;
  if (!stopping_.load(std::memory_order_relaxed)) shard_->drained(now_, id);
}

void ShardLoop::close(LinkId id, CloseHow how) {
  if (!links_.contains(id)) return;
  Link& link = links_[id];
  if (link.state != LinkState::kOpen) return;
  if (link.tls != nullptr && how == CloseHow::kFlush) {
    tls_out_.clear();
    link.tls->shut(tls_out_);
    queue(link, id, tls_out_);
    if (link.state != LinkState::kOpen) return;
  }
  end_link(link, id, how == CloseHow::kAbort ? LinkState::kAborting : LinkState::kFlushing);
}

void ShardLoop::end_link(Link& link, LinkId id, LinkState state) {
  link.state = state;
  if (link.in_ended) return;
  link.in_ended = true;
  ended_.push_back(id);
}

void ShardLoop::settle(LinkId id) {
  Link& link = links_[id];
  link.in_ended = false;
  if (link.state == LinkState::kFlushing) {
    if (link.waiting != nullptr) {
      link.stamp = ++stamp_;
      flush_deadlines_.start(now_, id, link.stamp);
      return;
    }
    if (finish_flush(link)) link.fd = -1;
  } else if (link.state == LinkState::kAborting) {
    const linger reset{1, 0};
    ::setsockopt(link.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  close_link(id);
}

// Closing a socket that has unread bytes sends a reset, which can overtake the last bytes that we sent. So the socket
// outlives its link for a while, and what arrives is thrown away.
bool ShardLoop::finish_flush(Link& link) {
  ::shutdown(link.fd, SHUT_WR);
  if (discard_input(link.fd)) return false;
  const std::uint32_t stamp = ++stamp_;
  const std::uint32_t id = lingers_.emplace(Linger{Fd(link.fd), stamp});
  watch(EPOLL_CTL_MOD, link.fd, kReadEvents, Source::kLinger, id);
  linger_deadlines_.start(now_, id, stamp);
  return true;
}

void ShardLoop::close_link(LinkId id) {
  if (links_[id].kept) kept_.erase(id);
  const LinkKind kind = links_[id].kind;
  const std::uint32_t origin = links_[id].origin;
  if (links_[id].reset)
    shard_->link_reset(now_, id);
  else
    shard_->link_closed(now_, id);
  if (links_[id].fd >= 0) ::close(links_[id].fd);  // not before: what the shard tells may name the link's address
  links_.erase(id);
  if (kind != LinkKind::kPeerOut) give_place(kind, origin);
}

std::string_view ShardLoop::address_of(LinkId id, char (&buffer)[kAddressTextMax]) const {
  Address address;
  address.size = sizeof address.storage;
  if (!links_.contains(id) || links_[id].fd < 0) return {};
  if (::getpeername(links_[id].fd, address.get(), &address.size) != 0) return {};
  return format_address(address, buffer);
}

void ShardLoop::on_linger(std::uint32_t id) {
  if (lingers_.contains(id) && discard_input(lingers_[id].socket.get())) lingers_.erase(id);
}

/// True when the peer has ended, too.
bool ShardLoop::discard_input(int fd) {
  constexpr int kReads = 16;
  for (int i = 0; i < kReads; ++i) {
    const ssize_t n = ::recv(fd, read_buffer_.get(), kReadBuffer, 0);
    if (n == 0) return true;
    if (n < 0) return errno != EAGAIN && errno != EINTR;
  }
  return false;
}

}  // namespace orrery::runtime

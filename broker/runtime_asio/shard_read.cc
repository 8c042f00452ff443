// SPDX-License-Identifier: Apache-2.0
// Reading links, and holding back. See shard_loop.h.
//
// A link that is stopped is left alone: its bytes stay in the kernel's buffer, which fills, and then its peer is held
// up. Only what had been read already when it was stopped is kept here, at most one read buffer: the rest of a buffer
// that TLS has not decrypted, or all of one when a message from another shard stopped the link. Edges are not told
// twice, so each link remembers whether its socket may have more (unread) and whether its end is in there (hung_up).
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "broker/runtime_asio/shard_loop.h"

namespace orrery::runtime {

// A short read means that the socket is empty, and its next bytes make a new event; only when the peer has ended its
// direction is there something to read after it: the end.
void ShardLoop::read_link(LinkId id) {
  if (!links_.contains(id) || links_[id].state != LinkState::kOpen) return;
  Link& link = links_[id];
  if (link.half_closed) return;
  link.unread = true;
  if (link.stopped) return look_for_end(link, id);
  if (link.kept) {
    std::vector<std::uint8_t> kept = std::move(kept_[id]);
    kept_.erase(id);
    link.kept = false;
    deliver(id, kept);
    return read_later(link, id);
  }
  ssize_t n = 0;
  do {
    n = ::recv(link.fd, read_buffer_.get(), kReadBuffer, 0);
  } while (n < 0 && errno == EINTR);
  link.unread = link.hung_up || n == static_cast<ssize_t>(kReadBuffer);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return peer_ended(link, id, n < 0);
  if (bell_.rung()) take_messages();
  const MutableBytes bytes(read_buffer_.get(), static_cast<std::size_t>(n));
  if (link.state != LinkState::kOpen) return;
  if (link.stopped)  // by one of the messages
    keep(link, id, bytes);
  else
    deliver(id, bytes);
  read_later(link, id);
}

void ShardLoop::deliver(LinkId id, MutableBytes bytes) {
  if (links_[id].tls == nullptr)
    shard_->bytes(now_, id, bytes);
  else
    decrypt(id, bytes);
}

/// If there is something left to read.
void ShardLoop::read_later(Link& link, LinkId id) {
  if (link.state != LinkState::kOpen || !(link.unread || link.kept)) return;
  if (link.stopped) return look_for_end(link, id);
  if (!link.in_read_again) read_again_.push_back(id);
  link.in_read_again = true;
}

void ShardLoop::keep(Link& link, LinkId id, Bytes bytes) {
  if (bytes.empty()) return;
  kept_[id].assign(bytes.begin(), bytes.end());
  link.kept = true;
}

/// Of a link that is not read: its end is told when nothing is unread before it.
void ShardLoop::look_for_end(Link& link, LinkId id) {
  if (!link.hung_up || link.kept || link.half_closed) return;
  std::uint8_t byte = 0;
  const ssize_t n = ::recv(link.fd, &byte, sizeof byte, MSG_PEEK);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) peer_ended(link, id, n < 0);
}

/// By a reset, or after its last byte; then the shard may want to go on.
void ShardLoop::peer_ended(Link& link, LinkId id, bool reset) {
  link.unread = false;
  if (reset || !shard_->takes_half_close()) {
    link.reset = reset;
    return end_link(link, id, LinkState::kEnded);
  }
  if (link.half_closed) return;
  link.half_closed = true;
  shard_->half_closed(now_, id);
}

void ShardLoop::stop_reading(LinkId id) {
  if (links_.contains(id) && links_[id].state == LinkState::kOpen) links_[id].stopped = true;
}

void ShardLoop::resume_reading(LinkId id) {
  if (!links_.contains(id) || !links_[id].stopped) return;
  links_[id].stopped = false;
  read_later(links_[id], id);
}

}  // namespace orrery::runtime

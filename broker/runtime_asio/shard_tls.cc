// SPDX-License-Identifier: Apache-2.0
// What TLS adds to a link: bytes that were read are decrypted before the shard gets them; send() and close() of
// shard_links.cc encrypt. The shard sees neither. A handshake that never ends meets the shard's own connect time-out.
#include "broker/runtime_asio/shard_loop.h"

namespace orrery::runtime {

void ShardLoop::decrypt(LinkId id, Bytes from_peer) {
  using Status = openssl::TlsConnection::Status;
  if (plain_buffer_ == nullptr) plain_buffer_ = std::make_unique<std::uint8_t[]>(kTlsRecord);
  links_[id].tls->feed(from_peer);
  Status status = Status::kMore;
  while (status == Status::kMore) {
    Link& link = links_[id];
    if (link.state == LinkState::kOpen && link.stopped) keep(link, id, link.tls->unread());
    if (link.state != LinkState::kOpen || link.stopped) return link.tls->feed({});
    std::size_t size = 0;
    tls_out_.clear();
    status = link.tls->read(MutableBytes(plain_buffer_.get(), kTlsRecord), size, tls_out_);
    if (!tls_out_.empty()) queue(link, id, tls_out_);
    if (size > 0) shard_->bytes(now_, id, MutableBytes(plain_buffer_.get(), size));
  }
  Link& link = links_[id];
  if (status == Status::kFailed) tls_failed(link, id);
  if (status == Status::kEnded && link.state == LinkState::kOpen) end_link(link, id, LinkState::kEnded);
}

/// Ends the link when the alert has been written.
void ShardLoop::tls_failed(Link& link, LinkId id) {
  if (link.state != LinkState::kOpen) return;
  end_link(link, id, LinkState::kFlushing);
  note({.kind = NoteKind::kTlsFailed,
        .link = id,
        .name = commons_.listeners[link.origin]->name,
        .text = link.tls->error()});
}

}  // namespace orrery::runtime

// SPDX-License-Identifier: Apache-2.0
// What stops a client's link, what is held meanwhile, and how it goes on. See transport.h.
#include <memory>
#include <new>

#include "broker/node/limits.h"
#include "broker/node/transport.h"

namespace orrery::node {

void Transport::stop(LinkId link, Stop why) {
  Link& l = links_[link];
  if (l.ended || (l.stops & why) != 0) return;
  if (why == kUnsent) {
    counters_.add(Counter::kLinksHeldBack);
    effects_.note({.kind = NoteKind::kLinkHeldBack, .link = link, .numbers = {kUnsentStopsReading}});
  }
  if (l.stops == 0) effects_.stop_reading(link);
  l.stops |= why;
  if (l.held == nullptr) l.held = new (heap_.allocate(sizeof(Held))) Held(heap_);
}

/// `rest` is what was read and is left; the link that has any is stopped.
void Transport::hold(LinkId link, Bytes rest, std::size_t payload) {
  if (rest.empty()) return;
  Link& l = links_[link];
  if (l.stops == 0) wait_for_turn(link);
  l.held->bytes.assign(rest.begin(), rest.end());
  l.held->payload = payload;
}

void Transport::wait_for_turn(LinkId link) {
  stop(link, kTurn);
  Link& l = links_[link];
  if (!l.in_turns) turns_.push_back(link);
  l.in_turns = true;
}

/// What stopped the link may have ended: handles what is held as far as it may, and reads again when nothing is left.
void Transport::go_on(Nanos now, LinkId link) {
  Link& l = links_[link];
  if (l.ended) return drop_held(l);
  if (l.stops != 0 || l.held == nullptr) return;
  Held& held = *l.held;
  const Progress progress = stream_bytes(now, link, MutableBytes(held.bytes).subspan(held.at), held.payload);
  if (l.ended) return drop_held(l);
  held.at += progress.handled;
  held.payload = progress.payload;
  if (held.at < held.bytes.size()) {
    if (l.stops == 0) wait_for_turn(link);
    return;
  }
  if (l.stops != 0) {  // for another reason: only the memory goes
    HeapVector<std::uint8_t>(held.bytes.get_allocator()).swap(held.bytes);
    held.at = 0;
    return;
  }
  drop_held(l);
  effects_.resume_reading(link);
  sessions_.heard(now, link);
}

void Transport::work(Nanos now) {
  while (!turns_.empty() && !budget_.spent()) {
    const LinkId link = turns_.front();
    turns_.pop_front();
    if (!links_.contains(link) || !links_[link].in_turns) continue;
    Link& l = links_[link];
    l.in_turns = false;
    l.stops &= static_cast<std::uint8_t>(~kTurn);
    go_on(now, link);
  }
}

bool Transport::run_resumed(Nanos now) {
  if (resumed_.empty()) return false;
  std::vector<LinkId> links;
  links.swap(resumed_);
  for (const LinkId link : links) {
    Link& l = links_[link];
    l.frames.set_frame_payload_max(websocket::kFramePayloadMax);
    l.stops &= static_cast<std::uint8_t>(~kClaim);
    go_on(now, link);
  }
  links.clear();
  if (resumed_.empty()) resumed_.swap(links);  // keep the capacity
  return true;
}

void Transport::drained(Nanos now, LinkId link) {
  links_[link].stops &= static_cast<std::uint8_t>(~kUnsent);
  sessions_.drained(now, link);  // may send so much that the link stays stopped
  go_on(now, link);
}

// The keep alive of a link that we do not read cannot be judged by what came. The first time that it is over the client
// is given another one; from then on it must have taken something of what waits for it.
bool Transport::excused(LinkId link) {
  const Link& l = links_[link];
  if ((l.stops & kUnsent) == 0) return l.stops != 0;
  const std::size_t unsent = effects_.send(link, {});
  const bool takes = !l.held->asked || unsent < l.held->untaken;
  l.held->asked = true;
  l.held->untaken = unsent;
  return takes;
}

void Transport::drop_held(Link& l) {
  if (l.held == nullptr) return;
  std::destroy_at(l.held);
  heap_.free(l.held, sizeof(Held));
  l.held = nullptr;
}

/// In units of WorkBudget, what all packets until now have cost beside themselves.
std::uint64_t Transport::work_so_far() const {
  return counters_[Counter::kMessagesMatched] + counters_[Counter::kMessagesForwarded] +
         counters_[Counter::kBytesOut] / kBytesPerUnit;
}

}  // namespace orrery::node

// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/subscriber_list.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/rng.h"

namespace orrery::routing {

std::uint32_t SubscriberList::home(std::uint32_t session, std::uint32_t index_size) {
  return static_cast<std::uint32_t>(mix64(session)) & (index_size - 1);
}

std::uint32_t SubscriberList::position_of(std::uint32_t session) const {
  const Subscriber* list = subscribers();
  const std::uint32_t slots = index_size(capacity_);
  if (slots == 0) {
    for (std::uint32_t i = 0; i < used_; ++i)
      if (list[i].session == session) return i;
    return kNotFound;
  }
  for (std::uint32_t at = home(session, slots); index()[at] != 0; at = (at + 1) & (slots - 1))
    if (list[index()[at] - 1].session == session) return index()[at] - 1;
  return kNotFound;
}

void SubscriberList::index_add(std::uint32_t position) {
  const std::uint32_t slots = index_size(capacity_);
  if (slots == 0) return;
  std::uint32_t at = home(many_[position].session, slots);
  while (index()[at] != 0) at = (at + 1) & (slots - 1);
  index()[at] = position + 1;
}

const Subscriber* SubscriberList::find(std::uint32_t session) const {
  const std::uint32_t position = position_of(session);
  return position == kNotFound ? nullptr : subscribers() + position;
}

bool SubscriberList::add(Heap& heap, const Subscriber& subscriber) {
  ORRERY_ASSERT(subscriber.session != kHole);
  const std::uint32_t known = position_of(subscriber.session);
  if (known != kNotFound) {
    subscribers()[known] = subscriber;
    return false;
  }
  if (used_ == std::max(capacity_, 1u)) {
    // Twice what lives, or as much as before when a quarter or more were holes.
    rebuild(heap, std::max(4u, std::bit_ceil(size_ + size_ / 3 + 1)));
  }
  subscribers()[used_] = subscriber;
  if (capacity_ != 0) index_add(used_);
  ++used_;
  ++size_;
  return true;
}

bool SubscriberList::remove(Heap& heap, std::uint32_t session) {
  const std::uint32_t position = position_of(session);
  if (position == kNotFound) return false;
  subscribers()[position].session = kHole;
  --size_;
  if (size_ == 0) {
    clear(heap);
  } else if (size_ == 1 || (capacity_ > 4 && size_ < capacity_ / 4)) {
    rebuild(heap, size_ == 1 ? 0 : std::max(4u, std::bit_ceil(size_ * 2)));
  }
  return true;
}

void SubscriberList::clear(Heap& heap) {
  if (capacity_ != 0) heap.free(many_, bytes_of(capacity_));
  one_ = Subscriber{kHole, 0, 0};
  capacity_ = used_ = size_ = turn_ = 0;
}

/// Moves what lives into a block of this capacity (0: in place), without holes; whose turn it is stays.
void SubscriberList::rebuild(Heap& heap, std::uint32_t capacity) {
  Subscriber only{};
  Subscriber* to = capacity == 0 ? &only : static_cast<Subscriber*>(heap.allocate(bytes_of(capacity)));
  const Subscriber* from = subscribers();
  std::uint32_t n = 0;
  std::uint32_t turn = 0;
  for (std::uint32_t i = 0; i < used_; ++i) {
    if (i == turn_) turn = n;
    if (from[i].session != kHole) to[n++] = from[i];
  }
  ORRERY_ASSERT(n == size_);
  if (turn_ >= used_) turn = n;
  if (capacity_ != 0) heap.free(many_, bytes_of(capacity_));
  if (capacity == 0) {
    one_ = only;
  } else {
    many_ = to;
  }
  capacity_ = capacity;
  used_ = n;
  turn_ = turn;
  if (index_size(capacity_) == 0) return;
  std::memset(index(), 0, index_size(capacity_) * sizeof(std::uint32_t));
  for (std::uint32_t i = 0; i < used_; ++i) index_add(i);
}

const Subscriber& SubscriberList::next_in_turn() {
  ORRERY_ASSERT(size_ > 0);
  const Subscriber* list = subscribers();
  for (;;) {
    if (turn_ >= used_) turn_ = 0;
    if (list[turn_].session != kHole) return list[turn_++];
    ++turn_;
  }
}

}  // namespace orrery::routing

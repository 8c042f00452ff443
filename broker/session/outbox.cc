// SPDX-License-Identifier: Apache-2.0
#include "broker/session/outbox.h"

#include <algorithm>
#include <new>

#include "base/assert.h"

namespace orrery::session {

Delivery* Outbox::append(Message* message, std::uint8_t qos, bool retain, std::span<const std::uint32_t> identifiers) {
  auto* d = new (heap_->allocate(sizeof(Delivery))) Delivery;
  d->message = message;
  d->qos = qos;
  d->retain = retain;
  if (!identifiers.empty()) {
    d->identifier_count = static_cast<std::uint16_t>(identifiers.size());
    d->identifiers = static_cast<std::uint32_t*>(heap_->allocate(identifiers.size_bytes()));
    std::copy(identifiers.begin(), identifiers.end(), d->identifiers);
  }
  (last_ != nullptr ? last_->next : first_) = d;
  last_ = d;
  if (next_ == nullptr) next_ = d;
  ++waiting_;
  if (message != nullptr) next_expiry_ = std::min(next_expiry_, message->expires_at());
  return d;
}

void Outbox::sent(std::uint16_t packet_id) {
  ORRERY_ASSERT(next_ != nullptr);
  ORRERY_ASSERT(packet_id != 0);
  if (!next_->begun()) --waiting_;
  next_->packet_id = packet_id;
  next_ = next_->next;
  ++inflight_;
}

void Outbox::drop_first() {
  ORRERY_ASSERT(first_ != nullptr);
  if (next_ == first_) {
    next_ = first_->next;
  } else {
    --inflight_;
  }
  if (!first_->begun()) --waiting_;
  unlink(nullptr, first_);
}

void Outbox::drop_next() {
  ORRERY_ASSERT(next_ != nullptr);
  ORRERY_ASSERT(!next_->begun());
  Delivery* before = nullptr;
  if (next_ != first_)
    for (before = first_; before->next != next_; before = before->next) {
    }
  Delivery* dropped = next_;
  next_ = dropped->next;
  --waiting_;
  unlink(before, dropped);
}

std::uint32_t Outbox::drop_expired(Nanos now) {
  next_expiry_ = kNever;
  return drop_if([&](const Delivery& d) {
    const Nanos expires_at = d.message->expires_at();
    if (expires_at <= now) return true;
    next_expiry_ = std::min(next_expiry_, expires_at);
    return false;
  });
}

void Outbox::rewind() {
  next_ = first_;
  inflight_ = 0;
}

Delivery* Outbox::find_sent(std::uint16_t packet_id) const {
  for (Delivery* d = first_; d != next_; d = d->next)
    if (d->packet_id == packet_id) return d;
  return nullptr;
}

bool Outbox::uses(std::uint16_t packet_id) const {
  for (Delivery* d = first_; d != nullptr && d->begun(); d = d->next)
    if (d->packet_id == packet_id) return true;
  return false;
}

void Outbox::release_message(Delivery* delivery) {
  Message::release(*heap_, delivery->message);
  delivery->message = nullptr;
}

void Outbox::complete(Delivery* delivery) {
  Delivery* before = nullptr;
  if (delivery != first_)
    for (before = first_; before->next != delivery; before = before->next) {
    }
  --inflight_;
  unlink(before, delivery);
}

void Outbox::clear() {
  while (first_ != nullptr) {
    Delivery* next = first_->next;
    destroy(first_);
    first_ = next;
  }
  last_ = next_ = nullptr;
  waiting_ = 0;
  inflight_ = 0;
  next_expiry_ = kNever;
}

void Outbox::restore(Message* message, std::uint8_t qos, bool retain, std::uint16_t packet_id,
                     std::span<const std::uint32_t> identifiers) {
  Delivery* d = append(message, qos, retain, identifiers);
  if (packet_id == 0) return;
  d->packet_id = packet_id;
  --waiting_;
}

void Outbox::append_all(Outbox& other) {
  if (other.first_ == nullptr) return;
  (last_ != nullptr ? last_->next : first_) = other.first_;
  last_ = other.last_;
  if (next_ == nullptr) next_ = other.first_;
  waiting_ += other.waiting_;
  next_expiry_ = std::min(next_expiry_, other.next_expiry_);
  other.next_expiry_ = kNever;
  other.first_ = other.last_ = other.next_ = nullptr;
  other.waiting_ = other.inflight_ = 0;
}

void Outbox::swap(Outbox& other) {
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  std::swap(next_, other.next_);
  std::swap(waiting_, other.waiting_);
  std::swap(inflight_, other.inflight_);
  std::swap(next_expiry_, other.next_expiry_);
}

void Outbox::unlink(Delivery* before, Delivery* delivery) {
  (before != nullptr ? before->next : first_) = delivery->next;
  if (last_ == delivery) last_ = before;
  destroy(delivery);
}

void Outbox::destroy(Delivery* delivery) {
  if (delivery->message != nullptr) Message::release(*heap_, delivery->message);
  heap_->free(delivery->identifiers, delivery->identifier_count * sizeof(std::uint32_t));
  heap_->free(delivery, sizeof(Delivery));
}

}  // namespace orrery::session

// SPDX-License-Identifier: Apache-2.0
// Whose link it is: a user for each kind of link, and for each open link the user that it was opened for.
//
// One byte for each link id that the world has used at the same time (ids are dense), so that a client pays one byte.
#pragma once

#include <array>
#include <cstdint>

#include "base/assert.h"
#include "broker/base/heap.h"
#include "broker/seam/link_user.h"

namespace orrery::node {

class LinkTable {
 public:
  explicit LinkTable(Heap& heap) : owner_(HeapAllocator<std::uint8_t>(heap)) {}

  /// All links of this kind are the user's, who outlives the table. Every kind that a world opens must have a user.
  void set_user(LinkKind kind, LinkUser& user) { users_[index_of(kind)] = &user; }

  /// Remembers whose the link is.
  LinkUser& open(LinkId link, LinkKind kind) {
    if (link >= owner_.size()) owner_.resize(link + std::size_t{1}, kNobody);
    ORRERY_ASSERT(owner_[link] == kNobody);
    ORRERY_ASSERT(users_[index_of(kind)] != nullptr);
    owner_[link] = static_cast<std::uint8_t>(index_of(kind));
    return *users_[index_of(kind)];
  }
  LinkUser& user_of(LinkId link) const {
    ORRERY_ASSERT(link < owner_.size());
    ORRERY_ASSERT(owner_[link] != kNobody);
    return *users_[owner_[link]];
  }
  /// Forgets it: the id may be opened again.
  LinkUser& close(LinkId link) {
    LinkUser& user = user_of(link);
    owner_[link] = kNobody;
    return user;
  }

 private:
  static constexpr std::uint8_t kNobody = UINT8_MAX;
  static constexpr std::size_t index_of(LinkKind kind) { return static_cast<std::size_t>(kind); }

  std::array<LinkUser*, kLinkKinds> users_{};
  HeapVector<std::uint8_t> owner_;  // by link: the kind that it was opened with
};

}  // namespace orrery::node

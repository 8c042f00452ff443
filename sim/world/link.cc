// SPDX-License-Identifier: Apache-2.0
// Slots of the link table.
#include "sim/world/link.h"

#include <new>

#include "sim/kernel/event.h"

namespace orrery::sim {

void LinkTable::make_chunk(std::size_t chunk_index) {
  if (chunk_index >= chunks_.size()) chunks_.resize(chunk_index + 1);
  void* memory = std::aligned_alloc(sizeof(Link) * chunk(), sizeof(Link) * chunk());
  ORRERY_ASSERT(memory != nullptr);
  Link* links = static_cast<Link*>(memory);
  for (std::uint32_t i = 0; i < chunk(); ++i) new (links + i) Link;
  chunks_[chunk_index].reset(links);
  ++chunks_made_;
}

std::uint32_t LinkTable::allocate() {
  if (!free_.empty()) {
    const std::uint32_t index = free_.back();
    free_.pop_back();
    return index;
  }
  ORRERY_ASSERT(used_ <= kEntityIndexMax / 2);
  make_chunk_of(used_);
  return used_++;
}

void LinkTable::release(std::uint32_t index) {
  Link& link = (*this)[index];
  ORRERY_ASSERT(link.over());
  ORRERY_ASSERT(link.pipe[0].head == kNoItem);
  ORRERY_ASSERT(link.pipe[1].head == kNoItem);
  link.flags[0] = 0;
  link.flags[1] = 0;
  ++link.generation;
  if (index >= clients_) free_.push_back(index);
}

}  // namespace orrery::sim

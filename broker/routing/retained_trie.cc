// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/retained_trie.h"

#include <algorithm>

#include "base/assert.h"
#include "base/hash.h"
#include "broker/routing/levels.h"

namespace orrery::routing {

/// What TextArena::compact asks: the owner of a text is the trie's node.
struct RetainedTrie::Owners {
  RetainedTrie& trie;
  TextRef text_of(std::uint32_t node) const { return trie.nodes_[node].text; }
  void text_moved(std::uint32_t node, TextRef, TextRef to) const { trie.nodes_[node].text = to; }
};

RetainedTrie::RetainedTrie(Heap& heap, QuiescentStates& alone, std::uint64_t seed)
    : seed_(seed),
      texts_(heap, alone),
      edges_(heap, alone),
      nodes_(heap, alone),
      ids_(heap, alone, kFiltersMax),
      held_(HeapAllocator<Held>(heap)) {}

std::size_t RetainedTrie::memory_bytes() const {
  return texts_.memory_bytes() + edges_.memory_bytes() + nodes_.memory_bytes() + ids_.memory_bytes();
}

std::uint32_t RetainedTrie::add(std::string_view topic, std::uint32_t record) {
  if (ids_.end() == 0) {
    nodes_.reserve(1);
    ids_.allocate();
  }
  std::uint32_t node = kRoot;
  std::uint32_t depth = 0;
  for (Levels levels(topic); !levels.done(); ++depth) {
    const std::string_view level = levels.next();
    std::uint32_t next = depth == kLevelsMax ? kNone : child(node, level);
    if (next == kNone && depth < kLevelsMax) next = make_child(node, level);
    if (next == kNone) {
      prune(node);
      return kNone;
    }
    node = next;
  }
  ORRERY_ASSERT(nodes_[node].record == kNone);
  nodes_[node].record = record;
  return node;
}

void RetainedTrie::remove(std::uint32_t node) {
  ORRERY_ASSERT(nodes_[node].record != kNone);
  nodes_[node].record = kNone;
  prune(node);
}

std::uint32_t RetainedTrie::child(std::uint32_t parent, std::string_view level) const {
  SlotTable::Probe probe(edges_, edge_hash(parent, hash_text(level, seed_)));
  for (std::uint32_t r = probe.next(); r != 0; r = probe.next())
    if (nodes_[r - 1].parent == parent && texts_.text(nodes_[r - 1].text) == level) return r - 1;
  return kNone;
}

std::uint32_t RetainedTrie::make_child(std::uint32_t parent, std::string_view level) {
  const std::uint32_t id = ids_.next();
  if (id == IdPool::kNone) return kNone;
  const TextRef text = texts_.add(id, level);
  if (text == kNoText) return kNone;
  ids_.allocate();
  nodes_.reserve(std::uint64_t{id} + 1);
  Node& up = nodes_[parent];
  nodes_[id] = Node{};
  nodes_[id].parent = parent;
  nodes_[id].text = text;
  nodes_[id].before = up.last_child;
  (up.last_child == kNone ? up.first_child : nodes_[up.last_child].after) = id;
  up.last_child = id;
  edges_.insert(edge_hash(parent, hash_text(level, seed_)), id + 1);
  texts_.compact(Owners{*this});
  return id;
}

void RetainedTrie::prune(std::uint32_t node) {
  while (node != kRoot && nodes_[node].record == kNone && nodes_[node].first_child == kNone && !held(node)) {
    const Node n = nodes_[node];
    edges_.erase(edge_hash(n.parent, hash_text(texts_.text(n.text), seed_)), node + 1);
    (n.before == kNone ? nodes_[n.parent].first_child : nodes_[n.before].after) = n.after;
    (n.after == kNone ? nodes_[n.parent].last_child : nodes_[n.after].before) = n.before;
    nodes_[node].text = kNoText;
    texts_.remove(n.text);
    ids_.release(node);
    node = n.parent;
  }
  texts_.compact(Owners{*this});
}

bool RetainedTrie::held(std::uint32_t node) const {
  const auto at =
      std::lower_bound(held_.begin(), held_.end(), node, [](const Held& h, std::uint32_t n) { return h.node < n; });
  return at != held_.end() && at->node == node;
}

void RetainedTrie::hold(std::uint32_t node) {
  const auto at =
      std::lower_bound(held_.begin(), held_.end(), node, [](const Held& h, std::uint32_t n) { return h.node < n; });
  if (at != held_.end() && at->node == node) {
    ++at->times;
  } else {
    held_.insert(at, {node, 1});
  }
}

void RetainedTrie::let_go(std::uint32_t node) {
  const auto at =
      std::lower_bound(held_.begin(), held_.end(), node, [](const Held& h, std::uint32_t n) { return h.node < n; });
  ORRERY_ASSERT(at != held_.end());
  ORRERY_ASSERT(at->node == node);
  if (--at->times > 0) return;
  held_.erase(at);
  prune(node);
}

RetainedTrie::Walk::Walk(const RetainedTrie& trie, std::string_view filter) : trie_(trie) {
  if (trie.ids_.end() == 0) begun_ = true;  // nothing was ever there: ends at once, at depth 0
  read_filter(filter);
}

RetainedTrie::Walk::Walk(const RetainedTrie& trie, std::string_view filter, std::uint32_t node) : trie_(trie) {
  read_filter(filter);
  begun_ = true;
  for (std::uint32_t n = node; n != kRoot; n = trie.nodes_[n].parent) ++depth_;
  std::uint32_t n = node;
  for (std::uint32_t depth = depth_;; --depth) {
    at_[depth] = n;
    if (depth == 0) break;
    n = trie.nodes_[n].parent;
  }
}

void RetainedTrie::Walk::read_filter(std::string_view filter) {
  for (Levels rest(filter); !rest.done();) {
    const std::string_view level = rest.next();
    if (level == "#") {
      many_from_ = levels_;
    } else if (levels_ == kLevelsMax) {
      begun_ = true;  // deeper than any topic
      levels_ = 0;
      return;
    } else {
      text_[levels_] = level.data();
      size_[levels_++] = static_cast<std::uint32_t>(level.size());
    }
  }
}

std::uint32_t RetainedTrie::Walk::next() {
  while (advance())
    if (const std::uint32_t found = record(); found != kNone) return found;
  return kNone;
}

std::uint32_t RetainedTrie::Walk::record() const {
  return depth_ == levels_ || depth_ >= many_from_ ? trie_.nodes_[at_[depth_]].record : kNone;
}

bool RetainedTrie::Walk::all_children(std::uint32_t depth) const {
  return depth >= many_from_ || (size_[depth] == 1 && *text_[depth] == '+');
}

/// The child, or the first after it that a wildcard at this depth matches: not $... at the first level [MQTT-4.7.2-1].
std::uint32_t RetainedTrie::Walk::passable(std::uint32_t child, std::uint32_t depth) const {
  while (depth == 0 && child != kNone && trie_.texts_.text(trie_.nodes_[child].text).starts_with('$'))
    child = trie_.nodes_[child].after;
  return child;
}

bool RetainedTrie::Walk::down() {
  std::uint32_t child = kNone;
  if (depth_ < levels_ || depth_ >= many_from_) {
    child = all_children(depth_) ? passable(trie_.nodes_[at_[depth_]].first_child, depth_)
                                 : trie_.child(at_[depth_], {text_[depth_], size_[depth_]});
  }
  if (child == kNone) return false;
  at_[++depth_] = child;
  return true;
}

/// Goes to the next node in preorder that agrees with the filter so far.
bool RetainedTrie::Walk::advance() {
  if (!begun_) {
    begun_ = true;
    at_[0] = kRoot;
    if (down()) return true;
  } else if (depth_ > 0 && down()) {
    return true;
  }
  while (depth_ > 0) {
    const std::uint32_t node = at_[depth_--];
    if (!all_children(depth_)) continue;
    const std::uint32_t sibling = passable(trie_.nodes_[node].after, depth_);
    if (sibling == kNone) continue;
    at_[++depth_] = sibling;
    return true;
  }
  return false;
}

}  // namespace orrery::routing

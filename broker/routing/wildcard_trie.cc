// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/wildcard_trie.h"

#include "base/assert.h"
#include "base/hash.h"

namespace orrery::routing {

/// What TextArena::compact asks: the owner of a text is the trie's node.
struct WildcardTrie::Owners {
  WildcardTrie& trie;
  TextRef text_of(std::uint32_t node) const { return trie.nodes_[node].text.load(std::memory_order_relaxed); }
  void text_moved(std::uint32_t node, TextRef, TextRef to) const {
    trie.nodes_[node].text.store(to, std::memory_order_release);
  }
};

bool WildcardTrie::Node::bare() const {
  return children == 0 && ends.load(std::memory_order_relaxed) == kNone &&
         ends_many.load(std::memory_order_relaxed) == kNone;
}

WildcardTrie::WildcardTrie(Heap& heap, QuiescentStates& states, std::uint64_t seed)
    : seed_(seed), texts_(heap, states), edges_(heap, states), nodes_(heap, states), ids_(heap, states, kFiltersMax) {}

std::size_t WildcardTrie::memory_bytes() const {
  return texts_.memory_bytes() + edges_.memory_bytes() + nodes_.memory_bytes() + ids_.memory_bytes();
}

bool WildcardTrie::insert(std::string_view filter, std::uint32_t id) {
  if (ids_.end() == 0) make_node(kNone);
  std::uint32_t node = kRoot;
  for (Levels levels(filter); !levels.done();) {
    const std::string_view level = levels.next();
    if (level == "#") {
      nodes_[node].ends_many.store(id, std::memory_order_release);
      size_.fetch_add(1, std::memory_order_release);
      return true;
    }
    std::uint32_t next = child(node, level);
    if (next == kNone) next = make_child(node, level);
    if (next == kNone) {
      prune(node);
      return false;
    }
    node = next;
  }
  nodes_[node].ends.store(id, std::memory_order_release);
  size_.fetch_add(1, std::memory_order_release);
  return true;
}

void WildcardTrie::erase(std::string_view filter) {
  std::uint32_t node = kRoot;
  bool many = false;
  for (Levels levels(filter); !levels.done();) {
    const std::string_view level = levels.next();
    many = level == "#";
    if (!many) node = child(node, level);
    ORRERY_ASSERT(node != kNone);
  }
  std::atomic<std::uint32_t>& field = many ? nodes_[node].ends_many : nodes_[node].ends;
  ORRERY_ASSERT(field.load(std::memory_order_relaxed) != kNone);
  field.store(kNone, std::memory_order_release);
  size_.fetch_sub(1, std::memory_order_release);
  prune(node);
}

std::uint32_t WildcardTrie::literal_child(std::uint32_t parent, std::string_view level, std::uint64_t hash) const {
  SlotTable::Probe probe(edges_, edge_hash(parent, hash));
  for (std::uint32_t r = probe.next(); r != 0; r = probe.next()) {
    const Node& n = nodes_[r - 1];
    if (n.parent == parent && texts_.text(n.text.load(std::memory_order_acquire)) == level) return r - 1;
  }
  return kNone;
}

std::uint32_t WildcardTrie::child(std::uint32_t parent, std::string_view level) const {
  if (level == "+") return nodes_[parent].plus.load(std::memory_order_relaxed);
  return literal_child(parent, level, hash_text(level, seed_));
}

std::uint32_t WildcardTrie::make_node(std::uint32_t parent) {
  const std::uint32_t id = ids_.allocate();
  if (id == IdPool::kNone) return kNone;
  nodes_.reserve(std::uint64_t{id} + 1);
  Node& n = nodes_[id];
  n.parent = parent;
  n.children = 0;
  n.text.store(kNoText, std::memory_order_relaxed);
  n.plus.store(kNone, std::memory_order_relaxed);
  n.ends.store(kNone, std::memory_order_relaxed);
  n.ends_many.store(kNone, std::memory_order_relaxed);
  return id;
}

std::uint32_t WildcardTrie::make_child(std::uint32_t parent, std::string_view level) {
  const std::uint32_t node = make_node(parent);
  if (node == kNone) return kNone;
  if (level == "+") {
    nodes_[parent].plus.store(node, std::memory_order_release);
  } else {
    const TextRef text = texts_.add(node, level);
    if (text == kNoText) {
      ids_.release(node);
      return kNone;
    }
    nodes_[node].text.store(text, std::memory_order_relaxed);
    edges_.insert(edge_hash(parent, hash_text(level, seed_)), node + 1);
    texts_.compact(Owners{*this});
  }
  ++nodes_[parent].children;
  return node;
}

void WildcardTrie::prune(std::uint32_t node) {
  while (node != kRoot && nodes_[node].bare()) {
    Node& n = nodes_[node];
    const std::uint32_t parent = n.parent;
    const TextRef text = n.text.load(std::memory_order_relaxed);
    if (text == kNoText) {
      nodes_[parent].plus.store(kNone, std::memory_order_release);
    } else {
      edges_.erase(edge_hash(parent, hash_text(texts_.text(text), seed_)), node + 1);
      n.text.store(kNoText, std::memory_order_release);
      texts_.remove(text);
    }
    --nodes_[parent].children;
    ids_.release(node);
    node = parent;
  }
  texts_.compact(Owners{*this});
}

WildcardTrie::Walk::Walk(const WildcardTrie& trie, std::string_view topic)
    : trie_(trie), rest_(topic), dollar_(topic.starts_with('$')), waiting_(kNone) {
  branch_[branches_++] = {kRoot, 0};
}

bool WildcardTrie::Walk::has_level(std::uint32_t depth) {
  if (depth < levels_) return true;
  if (rest_.done()) return false;
  const std::string_view text = rest_.next();
  level_[levels_++] = {text.data(), text.size(), hash_text(text, trie_.seed_)};
  return true;
}

std::uint32_t WildcardTrie::Walk::next() {
  if (waiting_ != kNone) {
    const std::uint32_t id = waiting_;
    waiting_ = kNone;
    return id;
  }
  while (branches_ > 0) {
    const std::uint32_t id = visit(branch_[--branches_]);
    if (id != kNone) return id;
  }
  return kNone;
}

/// Takes up the node's children that agree with the topic; returns the filter that ends at the node, if any.
std::uint32_t WildcardTrie::Walk::visit(Branch branch) {
  const Node& n = trie_.nodes_[branch.node];
  // A topic that begins with $ matches no filter that begins with a wildcard [MQTT-4.7.2-1].
  const bool wildcards = branch.node != kRoot || !dollar_;
  const std::uint32_t many = wildcards ? n.ends_many.load(std::memory_order_acquire) : kNone;
  if (!has_level(branch.depth)) {
    const std::uint32_t ends = n.ends.load(std::memory_order_acquire);
    if (many == kNone) return ends;
    waiting_ = ends;
    return many;
  }
  const std::uint32_t plus = wildcards ? n.plus.load(std::memory_order_acquire) : kNone;
  if (plus != kNone) branch_[branches_++] = {plus, branch.depth + 1};
  const Level& level = level_[branch.depth];
  const std::uint32_t literal = trie_.literal_child(branch.node, {level.data, level.size}, level.hash);
  if (literal != kNone) branch_[branches_++] = {literal, branch.depth + 1};
  return many;
}

}  // namespace orrery::routing

// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/topic_index.h"

#include "base/assert.h"
#include "base/hash.h"
#include "broker/mqtt/topic.h"
#include "broker/routing/levels.h"

namespace orrery::routing {
namespace {

bool goes_into_trie(std::string_view filter) { return mqtt::has_wildcard(filter) && shared_filter(filter).empty(); }

std::uint32_t upper_half(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

/// What TextArena::compact asks: the owner of a text is the filter's id.
struct TopicIndex::Owners {
  TopicIndex& index;
  TextRef text_of(std::uint32_t id) const { return index.text_of_[id].load(std::memory_order_relaxed); }
  void text_moved(std::uint32_t id, TextRef from, TextRef to) const {
    index.table_.replace(upper_half(hash_text(index.texts_.text(from), index.seed_)), from, to);
    index.text_of_[id].store(to, std::memory_order_release);
  }
};

bool filter_within_limits(std::string_view filter) {
  if (filter.size() > kFilterBytesMax) return false;
  const std::string_view inside = shared_filter(filter);
  const std::string_view matched = inside.empty() ? filter : inside;
  return !mqtt::has_wildcard(matched) || mqtt::topic_levels(matched) <= kLevelsMax;
}

TopicIndex::TopicIndex(Heap& heap, QuiescentStates& states, std::uint64_t seed, Values values)
    : seed_(seed),
      texts_(heap, states, values),
      table_(heap, states),
      text_of_(heap, states),
      ids_(heap, states, kFiltersMax),
      trie_(heap, states, seed) {}

std::size_t TopicIndex::memory_bytes() const {
  return texts_.memory_bytes() + table_.memory_bytes() + text_of_.memory_bytes() + ids_.memory_bytes() +
         trie_.memory_bytes();
}

TextRef TopicIndex::find_text(std::string_view filter, std::uint32_t hash) const {
  SlotTable::Probe probe(table_, hash);
  for (TextRef text = probe.next(); text != kNoText; text = probe.next())
    if (texts_.text(text) == filter) return text;
  return kNoText;
}

TextRef TopicIndex::find_topic(std::string_view topic) const {
  const TextRef text = find_text(topic, upper_half(hash_text(topic, seed_)));
  return text != kNoText && shared_filter(topic).empty() ? text : kNoText;
}

std::uint32_t TopicIndex::find(std::string_view filter) const {
  const TextRef text = find_text(filter, upper_half(hash_text(filter, seed_)));
  return text == kNoText ? kNoFilter : texts_.owner(text);
}

TopicIndex::Inserted TopicIndex::insert(std::string_view filter) {
  const std::uint32_t hash = upper_half(hash_text(filter, seed_));
  const TextRef known = find_text(filter, hash);
  if (known != kNoText) return {texts_.owner(known), false};
  const std::uint32_t id = ids_.next();
  if (id == IdPool::kNone || !filter_within_limits(filter)) return {kNoFilter, false};
  const TextRef text = texts_.add(id, filter);
  if (text == kNoText) return {kNoFilter, false};
  // All that a reader of the id looks at comes before the trie and the table give the id to readers.
  text_of_.reserve(std::uint64_t{id} + 1);
  text_of_[id].store(text, std::memory_order_release);
  if (goes_into_trie(filter) && !trie_.insert(filter, id)) {
    text_of_[id].store(kNoText, std::memory_order_release);
    texts_.remove(text);
    return {kNoFilter, false};
  }
  ids_.allocate();
  table_.insert(hash, text);
  ++size_;
  texts_.compact(Owners{*this});
  return {id, true};
}

void TopicIndex::erase(std::uint32_t id) {
  ORRERY_ASSERT(id < end());
  const TextRef text = text_of_[id].load(std::memory_order_relaxed);
  ORRERY_ASSERT(text != kNoText);
  const std::string_view filter = texts_.text(text);
  if (goes_into_trie(filter)) trie_.erase(filter);
  table_.erase(upper_half(hash_text(filter, seed_)), text);
  text_of_[id].store(kNoText, std::memory_order_release);
  texts_.remove(text);
  ids_.release(id);
  --size_;
  texts_.compact(Owners{*this});
}

}  // namespace orrery::routing

// SPDX-License-Identifier: Apache-2.0
// Taking a topic or filter apart at its slashes, level by level, and the hash of a level below a node of a trie.
#pragma once

#include <cstdint>
#include <string_view>

namespace orrery::routing {

/// Yields the levels in order; "" has one (empty) level, "/" has two.
class Levels {
 public:
  explicit Levels(std::string_view text) : rest_(text) {}
  bool done() const { return done_; }
  /// Not to be called when done().
  std::string_view next() {
    const std::size_t slash = rest_.find('/');
    const std::string_view level = rest_.substr(0, slash);
    if (slash == std::string_view::npos) {
      done_ = true;
    } else {
      rest_.remove_prefix(slash + 1);
    }
    return level;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

/// For the child `level` of a trie's node, from hash_text(level, seed).
std::uint32_t edge_hash(std::uint32_t parent, std::uint64_t level_hash);

/// The filter inside "$share/{ShareName}/{filter}"; empty when `filter` is not of that form.
inline std::string_view shared_filter(std::string_view filter) {
  constexpr std::string_view kPrefix = "$share/";
  if (!filter.starts_with(kPrefix)) return {};
  const std::size_t slash = filter.find('/', kPrefix.size());
  if (slash == std::string_view::npos || slash == kPrefix.size()) return {};
  return filter.substr(slash + 1);
}

}  // namespace orrery::routing

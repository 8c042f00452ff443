// SPDX-License-Identifier: Apache-2.0
#include "broker/auth/filter_relation.h"

#include <cstddef>
#include <cstdint>

namespace orrery::auth {
namespace {

enum class Kind : std::uint8_t { kLiteral, kPlus, kHash, kEnd };

struct Level {
  Kind kind = Kind::kEnd;
  std::string_view text;

  bool is(Kind k) const { return kind == k; }
  bool dollar() const { return kind == Kind::kLiteral && text.starts_with('$'); }
  bool empty() const { return kind == Kind::kLiteral && text.empty(); }
};

/// A filter's levels in order; after '#' comes '#' for ever, after the last level kEnd.
class Levels {
 public:
  explicit Levels(std::string_view filter) : rest_(filter) {}
  Level next() {
    if (ended_) return {};
    const std::size_t slash = rest_.find('/');
    const std::string_view text = rest_.substr(0, slash);
    if (text == "#") return {Kind::kHash, text};
    ended_ = slash == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(slash + 1);
    return {text == "+" ? Kind::kPlus : Kind::kLiteral, text};
  }

 private:
  std::string_view rest_;
  bool ended_ = false;
};

}  // namespace

bool filter_covers(std::string_view a, std::string_view b) {
  Levels as(a);
  Levels bs(b);
  bool first = true;
  // Whether the topics of `b` must have this level even if `b` has '#' here: the first one always, and the second after
  // an empty first one, since the topic of one empty level does not exist.
  bool needed = true;
  while (true) {
    const Level wide = as.next();
    const Level narrow = bs.next();
    if (wide.is(Kind::kHash)) return !(first && narrow.dollar());
    if (wide.is(Kind::kEnd) || narrow.is(Kind::kEnd)) return wide.kind == narrow.kind;
    if (narrow.is(Kind::kHash) && !needed) return false;
    if (wide.is(Kind::kPlus)) {
      if (first && narrow.dollar()) return false;
    } else if (!narrow.is(Kind::kLiteral) || narrow.text != wide.text) {
      return false;
    }
    needed = first && narrow.empty();
    first = false;
  }
}

bool filters_overlap(std::string_view a, std::string_view b) {
  Levels as(a);
  Levels bs(b);
  bool first = true;
  bool must_go_on = false;  // all that a common topic has so far is one empty level, which is no topic yet
  while (true) {
    const Level x = as.next();
    const Level y = bs.next();
    if (x.is(Kind::kEnd) && y.is(Kind::kEnd)) return true;
    if (x.is(Kind::kHash) || y.is(Kind::kHash)) {
      if (first) return !x.dollar() && !y.dollar();
      return !(must_go_on && (x.is(Kind::kEnd) || y.is(Kind::kEnd)));
    }
    if (x.is(Kind::kEnd) || y.is(Kind::kEnd)) return false;
    if (x.is(Kind::kLiteral) && y.is(Kind::kLiteral)) {
      if (x.text != y.text) return false;
    } else if (first && (x.dollar() || y.dollar())) {
      return false;
    }
    must_go_on = first && (x.empty() || y.empty());
    first = false;
  }
}

}  // namespace orrery::auth

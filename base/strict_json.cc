// SPDX-License-Identifier: Apache-2.0
// See strict_json.h. The grammar is nlohmann's SAX parser; the tree, the places and the errors are ours.
#include "base/strict_json.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "base/units.h"

namespace orrery {
namespace detail {

enum class JsonKind { kNull, kBoolean, kInteger, kUnsigned, kReal, kText, kArray, kObject };

struct JsonNode {
  JsonKind kind = JsonKind::kNull;
  bool boolean = false;
  bool from_outside = false;  // given by set(): `text` is what was given, and may be read as text whatever its kind
  std::uint32_t line = 0;     // 0 for values given by set()
  const std::string* source = nullptr;
  std::int64_t integer = 0;
  std::uint64_t natural = 0;
  double real = 0;
  std::string text;
  std::vector<std::string> keys;  // of an object, in step with `items`
  std::vector<JsonNode> items;

  std::string where() const { return line == 0 ? *source : *source + ":" + std::to_string(line); }
  const JsonNode* find(std::string_view key) const {
    const auto at = std::find(keys.begin(), keys.end(), key);
    return at == keys.end() ? nullptr : &items[static_cast<std::size_t>(at - keys.begin())];
  }
};

}  // namespace detail

namespace {

using detail::JsonKind;
using detail::JsonNode;

[[noreturn]] void fail_at(const JsonNode& node, const std::string& path, const std::string& what) {
  throw ConfigError(node.where() + ": " + (path.empty() ? "" : path + ": ") + what);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShownMax = 60;
  return "\"" + std::string(text.substr(0, kShownMax)) + (text.size() > kShownMax ? "..." : "") + "\"";
}

std::string found(const JsonNode& node) {
  switch (node.kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBoolean:
      return node.boolean ? "true" : "false";
    case JsonKind::kInteger:
    case JsonKind::kUnsigned:
    case JsonKind::kReal:
      return node.text;
    case JsonKind::kText:
      return in_quotes(node.text);
    case JsonKind::kArray:
      return "an array";
    case JsonKind::kObject:
      return "an object";
  }
  return {};
}

[[noreturn]] void fail_expected(const JsonNode& node, const std::string& path, const std::string& expected) {
  fail_at(node, path, "expected " + expected + ", found " + found(node));
}

std::string child_path(const std::string& path, std::string_view key) {
  const bool plain = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '$';
  });
  return (path.empty() ? "" : path + ".") + (plain ? std::string(key) : in_quotes(key));
}

/// How many single changes (insert, remove, replace, swap of neighbours) lead from a to b.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const std::size_t replace = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

/// The words of "; did you mean ...?" when one of `names` is near to what was written, otherwise nothing.
template <class Names>
std::string suggestion(std::string_view written, const Names& names) {
  constexpr std::size_t kLengthMax = 64;
  if (written.size() > kLengthMax) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, written.size() / 3) + 1;
  for (const std::string_view name : names) {
    const std::size_t distance = edit_distance(written, name);
    if (distance >= best_distance || distance >= name.size()) continue;
    best = name;
    best_distance = distance;
  }
  return best.empty() ? std::string() : "; did you mean " + in_quotes(best) + "?";
}

template <class Names>
std::string joined(const Names& names) {
  std::string out;
  for (const std::string_view name : names) (out += out.empty() ? "" : ", ") += name;
  return out;
}

template <class T>
std::string range_words(const std::string& kind, T min, T max) {
  if (max == std::numeric_limits<T>::max()) return kind + " of at least " + std::to_string(min);
  return kind + " from " + std::to_string(min) + " to " + std::to_string(max);
}

/// What the lexer has read so far; shared by the copies of the iterator below.
struct Progress {
  std::uint32_t line = 1;
  char last = 0;
};

/// Feeds characters to the parser and counts the lines they are on.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  Progress* progress;

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    progress->last = *at++;
    if (progress->last == '\n') ++progress->line;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

/// Builds the tree from the parser's events. Open containers cannot move: only the innermost one grows.
class TreeBuilder {
 public:
  TreeBuilder(JsonNode& root, const std::string& source, std::string_view text, const Progress& progress)
      : root_(root), source_(source), text_(text), progress_(progress) {}

  bool null() { return add(JsonKind::kNull); }
  bool boolean(bool value) { return add(JsonKind::kBoolean) && (last_->boolean = value, true); }
  bool number_integer(std::int64_t value) {
    add_number(JsonKind::kInteger, std::to_string(value));
    last_->integer = value;
    return true;
  }
  bool number_unsigned(std::uint64_t value) {
    add_number(JsonKind::kUnsigned, std::to_string(value));
    last_->natural = value;
    return true;
  }
  bool number_float(double value, const std::string& text) {
    add_number(JsonKind::kReal, text);
    last_->real = value;
    return true;
  }
  bool string(std::string& value) { return add(JsonKind::kText) && (last_->text = std::move(value), true); }
  bool binary(std::vector<std::uint8_t>&) { return false; }  // JSON text has none
  bool start_object(std::size_t) { return open(JsonKind::kObject); }
  bool start_array(std::size_t) { return open(JsonKind::kArray); }
  bool key(std::string& name) {
    open_.back()->keys.push_back(std::move(name));
    return true;
  }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  bool end_object() {
    refuse_duplicates(*open_.back());
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
    const auto end =
        text_.begin() + static_cast<std::ptrdiff_t>(std::min(position > 0 ? position - 1 : 0, text_.size()));
    const auto line = 1 + std::count(text_.begin(), end, '\n');
    std::string what = error.what();
    for (const char* prefix : {"syntax error ", "number overflow "})
      if (const auto at = what.find(prefix); at != std::string::npos) what.erase(0, at);
    throw ConfigError(source_ + ":" + std::to_string(line) + ": not JSON: " + what);
  }

 private:
  bool add(JsonKind kind) {
    last_ = open_.empty() ? &root_ : &open_.back()->items.emplace_back();
    last_->kind = kind;
    last_->source = &source_;
    last_->line = progress_.line;
    return true;
  }
  // The lexer reads one character past a number, which may be the end of its line.
  void add_number(JsonKind kind, std::string text) {
    add(kind);
    if (progress_.last == '\n') --last_->line;
    last_->text = std::move(text);
  }
  bool open(JsonKind kind) {
    add(kind);
    if (open_.size() == kJsonDepthMax)
      fail_at(*last_, {}, "nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
    open_.push_back(last_);
    return true;
  }
  void refuse_duplicates(const JsonNode& object) const {
    std::vector<std::size_t> order(object.keys.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](auto a, auto b) { return std::tie(object.keys[a], a) < std::tie(object.keys[b], b); });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (object.keys[order[i]] != object.keys[order[i - 1]]) continue;
      const JsonNode& first = object.items[order[i - 1]];
      fail_at(object.items[order[i]], path(),
              "the key " + in_quotes(object.keys[order[i]]) + " is given twice, first on line " +
                  std::to_string(first.line));
    }
  }
  std::string path() const {
    std::string out;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const JsonNode& node = *open_[i];
      if (node.kind == JsonKind::kObject)
        out = child_path(out, node.keys.back());
      else
        out += "[" + std::to_string(node.items.size() - 1) + "]";
    }
    return out;
  }

  JsonNode& root_;
  const std::string& source_;
  std::string_view text_;
  const Progress& progress_;
  std::vector<JsonNode*> open_;
  JsonNode* last_ = nullptr;
};

void parse_into(JsonNode& root, std::string_view text, const std::string& source) {
  Progress progress;
  TreeBuilder builder(root, source, text, progress);
  const CountingIterator begin{text.data(), &progress};
  const CountingIterator end{text.data() + text.size(), &progress};
  nlohmann::json::sax_parse(begin, end, &builder, nlohmann::json::input_format_t::json, true, true);
}

/// Makes every value of a tree come from the outside.
void mark_outside(JsonNode& node, const std::string& origin) {
  node.source = &origin;
  node.line = 0;
  for (JsonNode& item : node.items) mark_outside(item, origin);
}

JsonNode outside_value(std::string_view value, const std::string& origin) {
  JsonNode node;
  const bool looks_like_a_tree = value.starts_with('{') || value.starts_with('[');
  try {
    parse_into(node, value, origin);
  } catch (const ConfigError&) {
    if (looks_like_a_tree) throw;
    node = JsonNode();
    node.kind = JsonKind::kText;
    node.text = value;
  }
  mark_outside(node, origin);
  if (!looks_like_a_tree && node.kind != JsonKind::kText) {
    node.from_outside = true;
    node.text = value;
  }
  return node;
}

}  // namespace

bool JsonItem::is_text() const { return node_->kind == JsonKind::kText; }
bool JsonItem::is_object() const { return node_->kind == JsonKind::kObject; }
bool JsonItem::is_number() const {
  return node_->kind == JsonKind::kInteger || node_->kind == JsonKind::kUnsigned || node_->kind == JsonKind::kReal;
}
void JsonItem::fail(const std::string& what) const { fail_at(*node_, path_, what); }

std::int64_t JsonItem::signed_number(std::int64_t min, std::int64_t max) const {
  std::int64_t value = node_->integer;
  bool whole = node_->kind == JsonKind::kInteger;
  if (node_->kind == JsonKind::kUnsigned && node_->natural <= INT64_MAX) {
    value = static_cast<std::int64_t>(node_->natural);
    whole = true;
  }
  if (!whole || value < min || value > max) fail_expected(*node_, path_, range_words("a whole number", min, max));
  return value;
}

std::uint64_t JsonItem::unsigned_number(std::uint64_t min, std::uint64_t max) const {
  if (node_->kind != JsonKind::kUnsigned || node_->natural < min || node_->natural > max)
    fail_expected(*node_, path_, range_words("a whole number", min, max));
  return node_->natural;
}

void JsonItem::number(double& out, double min, double max) const {
  double value = node_->real;
  if (node_->kind == JsonKind::kInteger) value = static_cast<double>(node_->integer);
  if (node_->kind == JsonKind::kUnsigned) value = static_cast<double>(node_->natural);
  if (!is_number() || value < min || value > max) {
    char words[96];
    std::snprintf(words, sizeof words, "a number from %g to %g", min, max);
    fail_expected(*node_, path_, words);
  }
  out = value;
}

void JsonItem::boolean(bool& out) const {
  if (node_->kind != JsonKind::kBoolean) fail_expected(*node_, path_, "true or false");
  out = node_->boolean;
}

void JsonItem::text(std::string& out) const {
  if (!is_text() && !node_->from_outside) fail_expected(*node_, path_, "a text in quotes");
  out = node_->text;
}

std::size_t JsonItem::choice(std::span<const std::string_view> names) const {
  for (std::size_t i = 0; i < names.size(); ++i)
    if ((is_text() || node_->from_outside) && node_->text == names[i]) return i;
  std::string valid;
  for (const std::string_view name : names) (valid += valid.empty() ? "" : ", ") += in_quotes(name);
  const std::string hint = is_text() ? suggestion(node_->text, names) : std::string();
  fail_at(*node_, path_, "expected one of " + valid + ", found " + found(*node_) + hint);
}

void JsonItem::duration(Nanos& out, Nanos min, Nanos max) const {
  const auto value = is_text() ? parse_duration(node_->text) : std::nullopt;
  if (!value) fail_expected(*node_, path_, "a duration such as \"250ms\", \"15s\" or \"1h30m\"");
  if (*value < min || *value > max) {
    fail_expected(*node_, path_,
                  "a duration " + (max == INT64_MAX ? "of at least " + in_quotes(format_duration(min))
                                                    : "from " + in_quotes(format_duration(min)) + " to " +
                                                          in_quotes(format_duration(max))));
  }
  out = *value;
}

void JsonItem::size(std::uint64_t& out, std::uint64_t min, std::uint64_t max) const {
  std::optional<std::uint64_t> value;
  if (is_text()) value = parse_size(node_->text);
  if (node_->kind == JsonKind::kUnsigned) value = node_->natural;
  if (!value) fail_expected(*node_, path_, "a size such as \"64KiB\" or \"1MB\", or a number of bytes");
  if (*value < min || *value > max) {
    fail_expected(
        *node_, path_,
        "a size " + (max >= INT64_MAX ? "of at least " + in_quotes(format_size(min))
                                      : "from " + in_quotes(format_size(min)) + " to " + in_quotes(format_size(max))));
  }
  out = *value;
}

void JsonItem::object(const JsonObjectFn& fn) const {
  if (!is_object()) fail_expected(*node_, path_, "an object");
  JsonObject reader(*node_, path_);
  fn(reader);
  reader.finish();
}

void JsonItem::array(const JsonItemFn& fn) const {
  if (node_->kind != JsonKind::kArray) fail_expected(*node_, path_, "an array");
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    JsonItem item(node_->items[i], path_ + "[" + std::to_string(i) + "]");
    fn(item);
  }
}

void JsonItem::map(const JsonMapFn& fn) const {
  if (!is_object()) fail_expected(*node_, path_, "an object");
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    JsonItem item(node_->items[i], child_path(path_, node_->keys[i]));
    fn(node_->keys[i], item);
  }
}

JsonObject::JsonObject(const detail::JsonNode& node, std::string path) : node_(&node), path_(std::move(path)) {}

bool JsonObject::with(std::string_view key, const JsonItemFn& fn) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
  const JsonNode* child = node_->find(key);
  if (child == nullptr) return false;
  JsonItem item(*child, child_path(path_, key));
  fn(item);
  return true;
}

bool JsonObject::boolean(std::string_view key, bool& out) {
  return with(key, [&](JsonItem& item) { item.boolean(out); });
}
bool JsonObject::text(std::string_view key, std::string& out) {
  return with(key, [&](JsonItem& item) { item.text(out); });
}
bool JsonObject::duration(std::string_view key, Nanos& out, Nanos min, Nanos max) {
  return with(key, [&](JsonItem& item) { item.duration(out, min, max); });
}
bool JsonObject::size(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
  return with(key, [&](JsonItem& item) { item.size(out, min, max); });
}
bool JsonObject::object(std::string_view key, const JsonObjectFn& fn) {
  return with(key, [&](JsonItem& item) { item.object(fn); });
}
bool JsonObject::array(std::string_view key, const JsonItemFn& fn) {
  return with(key, [&](JsonItem& item) { item.array(fn); });
}
bool JsonObject::map(std::string_view key, const JsonMapFn& fn) {
  return with(key, [&](JsonItem& item) { item.map(fn); });
}

void JsonObject::require(std::string_view key) { required_.emplace_back(key); }

void JsonObject::fail(std::string_view key, const std::string& what) const {
  const JsonNode* child = node_->find(key);
  fail_at(child == nullptr ? *node_ : *child, child_path(path_, key), what);
}

void JsonObject::finish() const {
  for (std::size_t i = 0; i < node_->keys.size(); ++i) {
    const std::string& key = node_->keys[i];
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    fail_at(node_->items[i], child_path(path_, key),
            "unknown key" + suggestion(key, asked_) + " (valid: " + (asked_.empty() ? "none" : joined(asked_)) + ")");
  }
  // After the unknown keys: a misspelt key is the likelier mistake, and its error says more.
  for (const std::string& key : required_)
    if (node_->find(key) == nullptr) fail_at(*node_, path_, "the key " + in_quotes(key) + " is missing");
}

struct JsonDocument::State {
  JsonNode root;
  std::deque<std::string> sources;  // nodes point at them
};

JsonDocument::JsonDocument(std::unique_ptr<State> state) : state_(std::move(state)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

// An editor looks for the file's schema under this key; nothing else does.
static void drop_schema(JsonNode& root) {
  const auto at = std::find(root.keys.begin(), root.keys.end(), kSchemaKey);
  if (at == root.keys.end()) return;
  const auto item = root.items.begin() + (at - root.keys.begin());
  if (item->kind != JsonKind::kText) fail_expected(*item, std::string(kSchemaKey), "the text of a path or URL");
  root.items.erase(item);
  root.keys.erase(at);
}

JsonDocument JsonDocument::parse(std::string_view text, std::string_view name) {
  auto state = std::make_unique<State>();
  const std::string& source = state->sources.emplace_back(name);
  parse_into(state->root, text.empty() ? "{}" : text, source);
  drop_schema(state->root);
  return JsonDocument(std::move(state));
}

JsonItem JsonDocument::root() const { return JsonItem(state_->root, {}); }

void JsonDocument::set(std::string_view path, std::string_view value, std::string_view origin) {
  const std::string& source = state_->sources.emplace_back(origin);
  JsonNode* node = &state_->root;
  std::string walked;
  for (std::string_view rest = path; !rest.empty();) {
    if (node->kind != JsonKind::kObject)
      throw ConfigError(source + ": " + std::string(path) + ": " + walked + " is " + found(*node) + ", not an object");
    const std::size_t dot = rest.find('.');
    const std::string key(rest.substr(0, dot));
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    if (key.empty()) throw ConfigError(source + ": " + in_quotes(path) + " is not a key path such as \"node.name\"");
    walked = child_path(walked, key);
    const auto at = std::find(node->keys.begin(), node->keys.end(), key);
    if (at != node->keys.end()) {
      node = &node->items[static_cast<std::size_t>(at - node->keys.begin())];
      continue;
    }
    node->keys.push_back(key);
    node = &node->items.emplace_back();
    node->kind = JsonKind::kObject;
    node->source = &source;
  }
  *node = outside_value(value, source);
}

void JsonDocument::fail(std::string_view path, const std::string& what) const {
  const JsonNode* node = &state_->root;
  for (std::size_t at = 0; at < path.size();) {
    const bool item = path[at] == '[';
    at += item || path[at] == '.' ? 1 : 0;
    const std::size_t end = std::min(path.find_first_of(item ? "]" : ".[", at), path.size());
    const std::string step(path.substr(at, end - at));
    at = end + (item ? 1 : 0);
    const auto index = static_cast<std::size_t>(std::strtoul(step.c_str(), nullptr, 10));
    const bool inside = node->kind == JsonKind::kArray && index < node->items.size();
    const JsonNode* const next = !item ? node->find(step) : inside ? &node->items[index] : nullptr;
    if (next == nullptr) break;
    node = next;
  }
  fail_at(*node, std::string(path), what);
}

}  // namespace orrery

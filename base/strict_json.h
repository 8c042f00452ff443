// SPDX-License-Identifier: Apache-2.0
// Files that people write (configuration, scenarios, fault plans): JSON with comments, read strictly.
//
// A JsonDocument remembers where every value stands. Readers take what they know, key by key, and whatever is left over
// is an error with a suggestion: a misspelt key never passes silently. All errors are one ConfigError whose text says
// file, line, key path, and what would be valid:
//
//   demo.json:12: listeners.tcp.default.bnd: unknown key; did you mean "bind"? (valid: bind, max_connections)
//
//   JsonDocument document = JsonDocument::parse(text, "demo.json");
//   document.root().object([&](JsonObject& o) {
//     o.number("shards", shards, 1, 64);                       // absent: `shards` stays as it is
//     o.duration("keep_alive", keep_alive, kSecond, 24 * 3600 * kSecond);
//     o.map("listeners", [&](std::string_view name, JsonItem& item) { ... });
//   });                                                        // unknown keys are refused here
//
// Every document may have a text under "$schema" at its root, for editors: it is passed over, and no reader meets it.
//
// Readers are views into the document, which must outlive them. Not for the hot path; nothing here reads a file.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/types.h"

namespace orrery {

/// Deeper nesting is refused.
inline constexpr int kJsonDepthMax = 64;

class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {
struct JsonNode;
}

class JsonObject;
class JsonItem;
using JsonObjectFn = std::function<void(JsonObject&)>;
using JsonItemFn = std::function<void(JsonItem&)>;
using JsonMapFn = std::function<void(std::string_view name, JsonItem&)>;

/// One value and the path that leads to it.
class JsonItem {
 public:
  JsonItem(const detail::JsonNode& node, std::string path) : node_(&node), path_(std::move(path)) {}

  template <std::signed_integral T>
  void number(T& out, std::type_identity_t<T> min, std::type_identity_t<T> max) const {
    out = static_cast<T>(signed_number(min, max));
  }
  template <std::unsigned_integral T>
  void number(T& out, std::type_identity_t<T> min, std::type_identity_t<T> max) const {
    out = static_cast<T>(unsigned_number(min, max));
  }
  void number(double& out, double min, double max) const;
  void boolean(bool& out) const;
  void text(std::string& out) const;
  /// The position in `names` of the text that is given.
  std::size_t choice(std::span<const std::string_view> names) const;
  template <class T>
  void choice(T& out, std::initializer_list<std::pair<std::string_view, T>> choices) const {
    std::vector<std::string_view> names;
    for (const auto& c : choices) names.push_back(c.first);
    out = choices.begin()[choice(names)].second;
  }
  /// Text such as "250ms" or "1h30m" (base/units.h).
  void duration(Nanos& out, Nanos min = 0, Nanos max = INT64_MAX) const;
  /// Text such as "64KiB" or "1MB", or a plain number of bytes.
  void size(std::uint64_t& out, std::uint64_t min = 0, std::uint64_t max = INT64_MAX) const;
  /// Calls `fn` with a reader of the object, and refuses the keys that `fn` did not ask for.
  void object(const JsonObjectFn& fn) const;
  void array(const JsonItemFn& fn) const;
  /// An object whose keys are names that the writer chose, in the order of the file.
  void map(const JsonMapFn& fn) const;

  bool is_text() const;
  bool is_number() const;
  bool is_object() const;
  const std::string& path() const { return path_; }
  /// Throws a ConfigError that points at this value.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::int64_t signed_number(std::int64_t min, std::int64_t max) const;
  std::uint64_t unsigned_number(std::uint64_t min, std::uint64_t max) const;

  const detail::JsonNode* node_;
  std::string path_;
};

/// The members of an object. Every reading function returns false, and leaves its output as it is, when the key is
/// absent.
class JsonObject {
 public:
  JsonObject(const detail::JsonNode& node, std::string path);

  template <class T>
  bool number(std::string_view key, T& out, std::type_identity_t<T> min, std::type_identity_t<T> max) {
    return with(key, [&](JsonItem& item) { item.number(out, min, max); });
  }
  bool boolean(std::string_view key, bool& out);
  bool text(std::string_view key, std::string& out);
  template <class T>
  bool choice(std::string_view key, T& out, std::initializer_list<std::pair<std::string_view, T>> choices) {
    return with(key, [&](JsonItem& item) { item.choice(out, choices); });
  }
  bool duration(std::string_view key, Nanos& out, Nanos min = 0, Nanos max = INT64_MAX);
  bool size(std::string_view key, std::uint64_t& out, std::uint64_t min = 0, std::uint64_t max = INT64_MAX);
  bool object(std::string_view key, const JsonObjectFn& fn);
  bool array(std::string_view key, const JsonItemFn& fn);
  bool map(std::string_view key, const JsonMapFn& fn);
  /// For a value of more than one form: calls `fn` with whatever stands there.
  bool with(std::string_view key, const JsonItemFn& fn);

  /// Makes finish() refuse the object when the key is absent.
  void require(std::string_view key);
  /// Throws a ConfigError that points at the key's value, or at the object when the key is absent.
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;
  /// Refuses keys that were never asked for, and the lack of required ones. object() calls it after its function.
  void finish() const;

 private:
  const detail::JsonNode* node_;
  std::string path_;
  std::vector<std::string> asked_;
  std::vector<std::string> required_;
};

inline constexpr std::string_view kSchemaKey = "$schema";

class JsonDocument {
 public:
  /// `name` is what errors call the text, usually the file's name. An empty text is an empty object.
  static JsonDocument parse(std::string_view text, std::string_view name);
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonItem root() const;

  /// Puts a value at a path such as "listeners.tcp.default.bind", over what stands there, as a command line or an
  /// environment does. `value` is JSON or, when it is not, a text. Errors name `origin` instead of file and line.
  void set(std::string_view path, std::string_view value, std::string_view origin);

  /// Throws a ConfigError about a path such as "cluster.members[1].name", for mistakes that only show when everything
  /// has been read. Points at the value there or, when there is none, at the nearest one around it.
  [[noreturn]] void fail(std::string_view path, const std::string& what) const;

 private:
  struct State;
  explicit JsonDocument(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace orrery

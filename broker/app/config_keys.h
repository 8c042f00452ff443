// SPDX-License-Identifier: Apache-2.0
// The list of all configuration keys, as a visit: what each key is called, means, may be, and which field it sets.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "broker/app/config.h"

namespace orrery::app {

inline constexpr std::string_view kRoleNames[] = {"core", "replicant"};
/// In the order of session::SharedStrategy.
inline constexpr std::string_view kSharedStrategyNames[] = {"round_robin",   "random",     "sticky",
                                                            "hash_clientid", "hash_topic", "local"};
/// In the order of runtime::LogFormat.
inline constexpr std::string_view kLogFormatNames[] = {"text", "json"};

/// A list that the file may add to. In a map `find_or_add` gets the entry's key, in an array nothing.
struct Entries {
  std::size_t count;
  std::function<std::size_t(std::string_view name)> find_or_add;
  std::function<std::string_view(std::size_t)> name;
  std::function<void(std::size_t)> describe;
};

class ConfigKeys {
 public:
  virtual ~ConfigKeys() = default;

  virtual void section(const char* key, const char* about, const std::function<void()>& inside) = 0;
  /// An object whose keys are names that the operator chooses.
  virtual void map(const char* key, const char* about, const Entries& entries) = 0;
  virtual void array(const char* key, const char* about, const Entries& entries) = 0;

  /// Empty only when `optional`.
  virtual void text(const char* key, const char* about, std::string& value, bool optional) = 0;
  /// "host:port"; empty only when `optional`.
  virtual void address(const char* key, const char* about, std::string& value, bool optional) = 0;
  virtual void flag(const char* key, const char* about, bool& value) = 0;
  /// `value` is a position in `names`; where the key is optional, it is the default's.
  virtual void choice(const char* key, const char* about, std::size_t& value, std::span<const std::string_view> names,
                      bool optional) = 0;
  virtual void duration(const char* key, const char* about, Nanos& value, Nanos min, Nanos max) = 0;
  /// Whole seconds written as a duration; with `infinite`, "infinity" stands for UINT32_MAX.
  virtual void seconds(const char* key, const char* about, std::uint32_t& value, bool infinite) = 0;
  virtual void size(const char* key, const char* about, std::uint32_t& value, std::uint32_t min, std::uint32_t max) = 0;

  template <class T>
  void number(const char* key, const char* about, T& value, std::type_identity_t<T> min, std::type_identity_t<T> max) {
    std::uint64_t wide = value;
    whole(key, about, wide, min, max);
    value = static_cast<T>(wide);
  }

 protected:
  virtual void whole(const char* key, const char* about, std::uint64_t& value, std::uint64_t min,
                     std::uint64_t max) = 0;
};

void describe_config(BrokerConfig& config, ConfigKeys& keys);

}  // namespace orrery::app

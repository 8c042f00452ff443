// SPDX-License-Identifier: Apache-2.0
// Opens a shared object and finds the broker in it. The only place of the simulator that loads code.
#pragma once

#include <memory>
#include <string>

#include "sim/plug/plug_table.h"

namespace orrery::sim {

/// An open shared object. The table is valid while this lives.
class Plugin {
 public:
  /// Null on failure, with a sentence in `error`.
  static std::unique_ptr<Plugin> load(const std::string& path, std::string& error);
  ~Plugin();
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  const PlugTable& table() const { return table_; }

 private:
  Plugin(void* handle, const PlugTable& table) : handle_(handle), table_(table) {}
  void* handle_;
  PlugTable table_;
};

}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
// Opens a shared object and finds the broker in it. The only place of the simulator that loads code.
#pragma once

#include <memory>
#include <string>

#include "sim/plug/abi.h"

namespace orrery::sim {

/// An open shared object. The table is valid while this lives.
class Plugin {
 public:
  /// Null on failure, with a sentence in `error`.
  static std::unique_ptr<Plugin> load(const std::string& path, std::string& error);
  ~Plugin();
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  const orrery_broker& broker() const { return *broker_; }

 private:
  Plugin(void* handle, const orrery_broker* broker) : handle_(handle), broker_(broker) {}
  void* handle_;
  const orrery_broker* broker_;
};

}  // namespace orrery::sim

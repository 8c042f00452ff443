// SPDX-License-Identifier: Apache-2.0
// A directory for each node of each world that the program makes, for plugged-in brokers that keep files
// (sim/plug/abi.h).
#pragma once

#include <filesystem>
#include <string>

namespace orrery::sim {

/// Below the system's directory for temporary files; everything is removed with this object.
class WorldDirectories {
 public:
  WorldDirectories() = default;
  ~WorldDirectories();
  WorldDirectories(const WorldDirectories&) = delete;
  WorldDirectories& operator=(const WorldDirectories&) = delete;

  /// The directories that are asked for from now on are another world's.
  void next_world() { ++world_; }
  /// Makes it if it is not there. Throws std::filesystem::filesystem_error.
  std::string of(const std::string& member);

 private:
  std::filesystem::path root_;
  unsigned world_ = 0;
};

}  // namespace orrery::sim

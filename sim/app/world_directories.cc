// SPDX-License-Identifier: Apache-2.0
#include "sim/app/world_directories.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace orrery::sim {

WorldDirectories::~WorldDirectories() {
  std::error_code ignored;
  if (!root_.empty()) std::filesystem::remove_all(root_, ignored);
}

std::string WorldDirectories::of(const std::string& member) {
  if (root_.empty()) {
    std::string name = (std::filesystem::temp_directory_path() / "orrery-sim-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::filesystem::filesystem_error("cannot make a directory for the broker's files", name,
                                              std::error_code(errno, std::generic_category()));
    root_ = name;
  }
  const std::filesystem::path path = root_ / std::to_string(world_) / member;
  std::filesystem::create_directories(path);
  return path.string();
}

}  // namespace orrery::sim

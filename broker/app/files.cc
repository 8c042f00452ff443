// SPDX-License-Identifier: Apache-2.0
#include "broker/app/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/strict_json.h"

namespace orrery::app {

std::string read_file(const std::string& what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file.is_open()) text << file.rdbuf();
  if (!file.is_open() || file.bad() || text.bad())
    throw ConfigError(what + " " + path + " cannot be read: " + std::strerror(errno));
  return text.str();
}

void write_secret_file(const std::string& what, const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  const auto refuse = [&] {
    const std::string why = std::strerror(errno);
    ::unlink(beside.c_str());
    throw ConfigError(what + " " + path + " cannot be written: " + why);
  };
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) throw ConfigError(what + " " + path + " cannot be written: " + beside + ": " + std::strerror(errno));
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t n = ::write(fd, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      ::close(fd);
      refuse();
    }
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  const bool synced = ::fsync(fd) == 0;
  if (::close(fd) != 0 || !synced || ::rename(beside.c_str(), path.c_str()) != 0) refuse();
}

}  // namespace orrery::app

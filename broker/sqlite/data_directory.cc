// SPDX-License-Identifier: Apache-2.0
// See data_directory.h.
#include "broker/sqlite/data_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

namespace orrery::sqlite {
namespace {

constexpr char kLockFile[] = "lock";
constexpr char kIdentityFile[] = "orrery-data";
constexpr char kIdentityDraft[] = "orrery-data.new";
constexpr std::string_view kFirstLine = "orrery data directory\nformat ";
constexpr std::string_view kNode = "node ";
/// A longer identity file is not one.
constexpr std::size_t kIdentityBytesMax = 1024;

std::string user(uid_t uid) {
  const passwd* const entry = ::getpwuid(uid);
  const std::string number = "uid " + std::to_string(uid);
  return entry == nullptr ? number : std::string(entry->pw_name) + " (" + number + ")";
}

/// Empty when it cannot be read; `error` says why.
std::string read_small(int directory, const char* name, int& error) {
  error = 0;
  const int file = ::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) {
    error = errno;
    return {};
  }
  std::string text(kIdentityBytesMax + 1, '\0');
  const ssize_t size = ::read(file, text.data(), text.size());
  if (size < 0) error = errno;
  ::close(file);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return out + '"';
}

}  // namespace

std::string why_not_written(int error) {
  const std::string why = std::string("cannot be written: ") + std::strerror(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return why + "; make room on its disk, or choose another directory";
    case EROFS:
      return why + "; mount it writable, or choose another directory";
    case EACCES:
    case EPERM:
      return why + "; give this process the right to write there, or choose another directory";
    default:
      return why + "; look at the disk, or choose another directory";
  }
}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
  if (directory_ >= 0) ::close(directory_);
}

std::string DataDirectory::cannot_write(int error) const { return sentence(why_not_written(error)); }

std::string DataDirectory::claim(const std::string& path, const std::string& node_name) {
  path_ = path;
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  node_name_ = node_name;
  for (const auto step : {&DataDirectory::make_and_enter, &DataDirectory::lock, &DataDirectory::identify})
    if (std::string error = (this->*step)(); !error.empty()) return error;
  return {};
}

std::string DataDirectory::make_and_enter() {
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) {
    if (errno == ENOENT) return sentence("cannot be made: the directory above it is not there; make that one first");
    if (errno == ENOTDIR) return sentence("cannot be made: what is above it is not a directory");
    return sentence("cannot be made: " + std::string(std::strerror(errno)) +
                    "; make it yourself, owned by the user of this process, or choose another directory");
  }
  directory_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0) {
    if (errno == ENOTDIR) return sentence("is not a directory; choose another path");
    return sentence("cannot be opened: " + std::string(std::strerror(errno)) + "; choose another directory");
  }
  struct stat status{};
  if (::fstat(directory_, &status) != 0) return sentence("cannot be looked at: " + std::string(std::strerror(errno)));
  if (status.st_uid == ::geteuid()) return {};
  return sentence("belongs to " + user(status.st_uid) + ", and this process runs as " + user(::geteuid()) +
                  "; run it as the directory's owner, or give it the directory with \"chown -R\"");
}

std::string DataDirectory::lock() {
  lock_ = ::openat(directory_, kLockFile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_ < 0) return cannot_write(errno);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return sentence("cannot be locked: " + std::string(std::strerror(errno)));
    std::array<char, 256> text{};
    const ssize_t size = ::pread(lock_, text.data(), text.size() - 1, 0);
    std::string who(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
    while (!who.empty() && who.back() == '\n') who.pop_back();
    return sentence("is in use by " + (who.empty() ? "another process" : who) +
                    "; stop that one, or choose another directory");
  }
  const std::string who = "process " + std::to_string(::getpid()) + ", node " + quoted(node_name_) + "\n";
  if (::ftruncate(lock_, 0) != 0 || ::lseek(lock_, 0, SEEK_SET) != 0 || !write_all(lock_, who))
    return cannot_write(errno);
  return {};
}

std::string DataDirectory::identify() {
  int error = 0;
  const std::string text = read_small(directory_, kIdentityFile, error);
  if (error == 0) {
    if (std::string wrong = check_identity(text); !wrong.empty()) return wrong;
    if (::faccessat(directory_, "store.db", R_OK | W_OK, 0) == 0) return {};
    if (errno == ENOENT)
      return sentence("has lost its store.db; restore it from a backup, or move the directory away to start anew");
    return sentence("holds a store.db that " + why_not_written(errno));
  }
  if (error != ENOENT)
    return sentence(std::string("holds ") + kIdentityFile + ", which cannot be read: " + std::strerror(error));
  // New, or never finished: then there is nothing in it but what this program makes first.
  DIR* const list = ::fdopendir(::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (list == nullptr) return sentence("cannot be listed: " + std::string(std::strerror(errno)));
  std::string stranger;
  while (const dirent* entry = ::readdir(list)) {
    const std::string_view name = entry->d_name;
    const bool ours = name == "." || name == ".." || name == kLockFile || name == kIdentityDraft ||
                      name == "store.db" || name == "store.db-wal" || name == "store.db-journal" ||
                      name == "lost+found";
    if (!ours) stranger = name;
  }
  ::closedir(list);
  if (!stranger.empty()) {
    ::unlinkat(directory_, kLockFile, 0);
    return sentence("holds " + quoted(stranger) + " and no data of a node; choose an empty directory or a new one");
  }
  is_new_ = true;
  return {};
}

std::string DataDirectory::check_identity(const std::string& text) const {
  const std::string damaged =
      sentence(std::string("holds a damaged ") + kIdentityFile +
               "; restore it from a backup, or move the directory away to start with nothing remembered");
  if (!text.starts_with(kFirstLine)) return damaged;
  unsigned format = 0;
  const char* const begin = text.data() + kFirstLine.size();
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(begin, end, format);
  if (error != std::errc{} || rest == end || *rest != '\n') return damaged;
  if (format != kDataFormat) {
    return sentence("has format " + std::to_string(format) + ", and this program knows format " +
                    std::to_string(kDataFormat) + "; use the program that wrote it, or choose another directory");
  }
  const std::string_view line(rest + 1, static_cast<std::size_t>(end - rest - 1));
  if (!line.starts_with(kNode) || !line.ends_with('\n')) return damaged;
  const std::string_view node = line.substr(kNode.size(), line.size() - kNode.size() - 1);
  if (node == node_name_) return {};
  return sentence("belongs to the node " + quoted(node) + ", and this node is " + quoted(node_name_) +
                  "; correct node.name or node.data_dir");
}

std::string DataDirectory::confirm() {
  if (!is_new_) return {};
  const std::string text =
      std::string(kFirstLine) + std::to_string(kDataFormat) + "\n" + std::string(kNode) + node_name_ + "\n";
  const int file = ::openat(directory_, kIdentityDraft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return cannot_write(errno);
  const bool written = write_all(file, text) && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  if (!written) return cannot_write(error);
  if (::renameat(directory_, kIdentityDraft, directory_, kIdentityFile) != 0 || ::fsync(directory_) != 0)
    return cannot_write(errno);
  is_new_ = false;
  return {};
}

}  // namespace orrery::sqlite

// SPDX-License-Identifier: Apache-2.0
// A node's data directory: made when it is not there, locked while the node lives, and known to be this node's.
//
// Whatever is wrong is a sentence that says what is and what to do, and nothing in the directory but its lock file has
// been changed then. The files are described in docs/storage.md. The store itself (sqlite_store.h) is opened between
// claim() and confirm(): the file that says whose directory this is comes last, so a directory without it was never
// finished.
#pragma once

#include <string>

namespace orrery::sqlite {

/// Raised when an older program could not use the directory any more.
inline constexpr unsigned kDataFormat = 1;

class DataDirectory {
 public:
  DataDirectory() = default;
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  /// Makes the directory if need be (0700), locks it, and checks whose it is. A sentence, or empty.
  std::string claim(const std::string& path, const std::string& node_name);
  /// The store is there: a new directory becomes this node's. A sentence, or empty.
  std::string confirm();
  /// Of the store; it is there already when the directory is not new.
  std::string store_path() const { return path_ + "/store.db"; }
  bool is_new() const { return is_new_; }

 private:
  std::string make_and_enter();
  std::string lock();
  std::string identify();
  std::string check_identity(const std::string& text) const;
  std::string sentence(const std::string& what) const { return "node.data_dir: " + path_ + " " + what; }
  std::string cannot_write(int error) const;

  std::string path_;
  std::string node_name_;
  int directory_ = -1;
  int lock_ = -1;
  bool is_new_ = false;
};

/// What is wrong with writing, and what to do about it: "cannot be written: why; do that".
std::string why_not_written(int error);

}  // namespace orrery::sqlite

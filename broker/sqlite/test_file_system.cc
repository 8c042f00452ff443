// SPDX-License-Identifier: Apache-2.0
// See test_file_system.h. A file of ours is SQLite's own file behind a table of our methods.
#include "broker/sqlite/test_file_system.h"

#include <sqlite3.h>

#include <new>

namespace orrery::sqlite::test {
namespace {

struct File {
  sqlite3_file base;
  sqlite3_file* real;  // behind this struct
};
sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

int x_close(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
int x_read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) { return real(f)->pMethods->xRead(real(f), to, n, at); }
int x_write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  if (fails()) return SQLITE_IOERR_WRITE;
  if (full()) return SQLITE_FULL;
  return real(f)->pMethods->xWrite(real(f), from, n, at);
}
int x_truncate(sqlite3_file* f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); }
int x_sync(sqlite3_file* f, int flags) {
  if (fails()) return SQLITE_IOERR_FSYNC;
  ++syncs();
  return real(f)->pMethods->xSync(real(f), flags);
}
int x_size(sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); }
int x_lock(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
int x_unlock(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
int x_reserved(sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
int x_control(sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }
int x_sector(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int x_traits(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int x_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}
int x_shm_lock(sqlite3_file* f, int at, int n, int flags) { return real(f)->pMethods->xShmLock(real(f), at, n, flags); }
void x_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int x_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

const sqlite3_io_methods kMethods = {2,          x_close,   x_read,     x_write,   x_truncate, x_sync,   x_size,
                                     x_lock,     x_unlock,  x_reserved, x_control, x_sector,   x_traits, x_map,
                                     x_shm_lock, x_barrier, x_unmap,    nullptr,   nullptr};

int x_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  auto* const below = static_cast<sqlite3_vfs*>(vfs->pAppData);
  File& ours = *new (file) File{};
  ours.real = reinterpret_cast<sqlite3_file*>(&ours + 1);
  const int code = below->xOpen(below, name, ours.real, flags, flags_out);
  ours.base.pMethods = ours.real->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}

}  // namespace

std::atomic<bool>& full() {
  static std::atomic<bool> value{false};
  return value;
}
std::atomic<bool>& fails() {
  static std::atomic<bool> value{false};
  return value;
}
std::atomic<int>& syncs() {
  static std::atomic<int> value{0};
  return value;
}

const char* file_system() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs* const below = sqlite3_vfs_find(nullptr);
    sqlite3_vfs copy = *below;
    copy.zName = "orrery-test";
    copy.pNext = nullptr;
    copy.pAppData = below;
    copy.szOsFile = static_cast<int>(sizeof(File)) + below->szOsFile;
    copy.xOpen = x_open;
    return copy;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  return registered == SQLITE_OK ? vfs.zName : nullptr;
}

}  // namespace orrery::sqlite::test

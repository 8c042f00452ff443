// SPDX-License-Identifier: Apache-2.0
// For tests: the file system that SQLite uses, with a disk that becomes full, or fails, when a test says so.
//
// Everything goes to the real files. While full() every write is answered "no space", while fails() every write and
// every sync is an input/output error. Any thread may set them.
#pragma once

#include <atomic>

namespace orrery::sqlite::test {

/// SQLite's name of it; registered at the first call.
const char* file_system();
std::atomic<bool>& full();
std::atomic<bool>& fails();
/// Syncs since the program began.
std::atomic<int>& syncs();

}  // namespace orrery::sqlite::test

// SPDX-License-Identifier: Apache-2.0
// A signal handler can reach nothing but globals: the text is kept in one, of fixed size.
#include "sim/app/crash.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "sim/app/exit_codes.h"

namespace orrery::sim {
namespace {

char crash_text[4096];
std::size_t crash_text_size = 0;

void on_crash(int) {
  // Nothing can be done about an output that fails here.
  if (::write(STDERR_FILENO, crash_text, crash_text_size) < 0) _exit(kExitCrash);
  _exit(kExitCrash);
}

}  // namespace

void report_crashes_with(const std::string& replay) {
  const std::string text = "\ncrashed; replay: " + replay + "\n";
  crash_text_size = std::min(text.size(), sizeof crash_text);
  std::memcpy(crash_text, text.data(), crash_text_size);
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction old{};
    ::sigaction(signal, nullptr, &old);
    // A sanitizer's own handler says more than ours: it stays.
    if (old.sa_handler != SIG_DFL && old.sa_handler != on_crash) continue;
    struct sigaction action{};
    action.sa_handler = on_crash;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace orrery::sim

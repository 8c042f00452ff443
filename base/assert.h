// SPDX-License-Identifier: Apache-2.0
// Assertions stay on in every build: they state what the programmer promises, never what a peer sent. Split `a && b` in
// two.
#pragma once

namespace orrery {
/// Prints the expression and its place on standard error and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}  // namespace orrery

#define ORRERY_ASSERT(expression) \
  (static_cast<bool>(expression) ? void(0) : ::orrery::assertion_failed(#expression, __FILE__, __LINE__))

// SPDX-License-Identifier: Apache-2.0
// In sanitizer builds: where the sanitizers' runtimes find the program that turns addresses into names. They look for
// one in PATH, where Debian's clang-19 does not put it.

extern "C" {
const char* __asan_default_options();
const char* __lsan_default_options();
const char* __tsan_default_options();
const char* __ubsan_default_options();

const char* __asan_default_options() { return "external_symbolizer_path=" ORRERY_SYMBOLIZER; }
const char* __lsan_default_options() { return __asan_default_options(); }
const char* __tsan_default_options() { return __asan_default_options(); }
const char* __ubsan_default_options() { return __asan_default_options(); }
}

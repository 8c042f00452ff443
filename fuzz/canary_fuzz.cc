// SPDX-License-Identifier: Apache-2.0
// A target with a planted bug, behind four comparisons of one byte each: nothing finds it by chance in a few million
// runs (one in 2^32), coverage feedback finds it in some ten thousand. It shows that the fuzzer's eyes are open.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  if (data[0] != 0x10) return 0;
  if (data[1] != 'O') return 0;
  if (data[2] != 'r') return 0;
  if (data[3] != 0xff) return 0;
  std::fputs("canary: the planted bug\n", stderr);
  std::abort();
}

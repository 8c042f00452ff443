// SPDX-License-Identifier: Apache-2.0
// A target that reads one byte behind the end of its input. Nothing but AddressSanitizer notices; its test
// (fuzz.overread) shows that the replays of a sanitized build would.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const volatile std::uint8_t* const input = data;
  static_cast<void>(input[size]);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, section 4) with padding, read strictly: one text for each value. Blanks, missing or superfluous
// '=', letters of other alphabets and, by base64_decode, set bits after the end are all refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace orrery {

std::string base64_encode(Bytes bytes);
/// Writes 4 characters for each started 3 bytes; returns the end.
char* base64_encode(Bytes bytes, char* out);
std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text);
/// The number of bytes that a text stands for, or -1 if it is not one. Set bits after the end are passed over: RFC 6455
/// asks of a Sec-WebSocket-Key only that it decodes to 16 bytes.
int base64_decoded_size(std::string_view text);

}  // namespace orrery

// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, section 4) with padding, read strictly: one text for each value. Blanks, missing or superfluous
// '=', letters of other alphabets and set bits after the end are all refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"

namespace orrery::auth {

std::string base64_encode(Bytes bytes);
std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text);

}  // namespace orrery::auth

// SPDX-License-Identifier: Apache-2.0
// Durations and sizes as people write them: "15s", "250ms", "1h30m"; "64KiB", "1MB".
//
// A duration is one or more whole numbers, each with a unit (ns, us, ms, s, m, h, d). A size is a whole number with an
// optional unit (B, KB, MB, GB or KiB, MiB, GiB, any case); as in EMQX's files, KB too means 1024 bytes. Anything else,
// and what does not fit in 63 bits, is no value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace orrery {

std::optional<Nanos> parse_duration(std::string_view text);
std::optional<std::uint64_t> parse_size(std::string_view text);

/// The shortest text that parses back to the same value.
std::string format_duration(Nanos value);
std::string format_size(std::uint64_t value);

}  // namespace orrery

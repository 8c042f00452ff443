// SPDX-License-Identifier: Apache-2.0
// UTF-8 Encoded String of MQTT (1.5.4): well-formed UTF-8 as in Unicode table 3-7 (no surrogates, nothing overlong,
// nothing above U+10FFFF) and no U+0000. Other control characters and non-characters are allowed and kept; U+FEFF is
// not stripped.
#pragma once

#include "base/types.h"

namespace orrery::mqtt {

/// Constant memory, one pass, eight bytes at a time while the text is ASCII.
bool valid_utf8(std::string_view text);

/// What one pass over a topic learns.
struct TopicScan {
  bool valid_utf8 = false;
  bool has_wildcard = false;  // any '+' or '#'
  std::uint32_t levels = 0;   // one more than the '/' in it; not meaningful when valid_utf8 is false
};
TopicScan scan_topic(std::string_view topic);

}  // namespace orrery::mqtt

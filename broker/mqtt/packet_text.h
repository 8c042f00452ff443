// SPDX-License-Identifier: Apache-2.0
// Packets as text and bytes as text: the two languages of this folder's transcripts (testdata/*.txt). For tests only.
//
// Bytes: hexadecimal digits; 'abc' are the characters themselves, "abc" a string with its two length bytes in front.
// White space between them means nothing.
#pragma once

#include <string>
#include <string_view>

#include "broker/mqtt/any_packet.h"

namespace orrery::mqtt {

/// Aborts on text that is not in the language.
Buffer parse_bytes(std::string_view text);

/// One line for each packet of the stream, in words; then "error 0x.. ..." or "incomplete" if it does not end well.
std::string describe_stream(Version version, Sender sender, Bytes stream);

/// The line of one packet.
std::string describe(const AnyView& view);

}  // namespace orrery::mqtt

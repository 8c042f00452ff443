// SPDX-License-Identifier: Apache-2.0
// A packet from the words that describe() makes of it (packet_text.h): what the transcripts of other folders are
// written in. For tests only.
//
// "TYPE word ... key=value ... {part} [properties]", in any order after the type; what is left out is as in an empty
// view, but a CONNECT's version is 5. Texts stand in double quotes, \xNN is a byte, and "x"*1000 is a text a thousand
// times over.
#pragma once

#include <string>
#include <string_view>

#include "broker/mqtt/any_packet.h"

namespace orrery::mqtt {

/// Appends the packet's bytes. `error` says what could not be read, and then nothing was appended.
bool packet_from_text(Version version, std::string_view text, Buffer& out, std::string& error);

}  // namespace orrery::mqtt

// SPDX-License-Identifier: Apache-2.0
// What decoding answers: fine, or the reason code that the standard wants for what is wrong, and a few words for the
// log.
//
// Malformed Packet means that the bytes cannot be read as the packet that they claim to be; Protocol Error that they
// can, and say what is not allowed (1.2). In the versions before 5 the code is for the log only: the connection is
// closed.
#pragma once

#include "broker/mqtt/types.h"

namespace orrery::mqtt {

struct [[nodiscard]] DecodeResult {
  ReasonCode reason = ReasonCode::kSuccess;
  /// Static text of what was wrong; null when ok.
  const char* what = nullptr;

  bool ok() const { return what == nullptr; }
};

constexpr DecodeResult malformed(const char* what) { return {ReasonCode::kMalformedPacket, what}; }
constexpr DecodeResult protocol_error(const char* what) { return {ReasonCode::kProtocolError, what}; }

}  // namespace orrery::mqtt

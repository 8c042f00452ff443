// SPDX-License-Identifier: Apache-2.0
// The client-side codec (client/) under the names that the suite uses.
#pragma once

#include "client/decode.h"
#include "client/handshake.h"
#include "client/octets.h"
#include "client/packet.h"
#include "client/protocol.h"
#include "client/websocket.h"

namespace orrery::conformance {
using namespace client;  // NOLINT(google-build-using-namespace): the suite is written in this codec's words
}

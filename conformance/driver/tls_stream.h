// SPDX-License-Identifier: Apache-2.0
// TLS over another stream, as a client. The server's certificate is not checked: the suite judges MQTT, and brokers
// under test sign their own.
#pragma once

#include <memory>
#include <string>

#include "conformance/driver/target.h"

namespace orrery::conformance {

/// Shakes hands by the deadline; null with a sentence in `error` when that fails. `host` is the name that is asked for.
std::unique_ptr<Stream> start_tls(std::unique_ptr<Stream> under, const std::string& host, Nanos deadline,
                                  std::string& error);

}  // namespace orrery::conformance

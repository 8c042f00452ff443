// SPDX-License-Identifier: Apache-2.0
// A case: one promise of the standard, as a short conversation with a broker that keeps it or does not.
//
// A case runs once for each protocol version it applies to and once on each target. Its body is straight-line code
// against context.h and client.h; it throws CaseFailed when the broker breaks the promise and NotApplicable when the
// broker rightly does not offer what the case needs.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "conformance/driver/capability.h"
#include "conformance/wire.h"

namespace orrery::conformance {

class Context;

/// How strong the words of the standard are. A SHOULD that is not followed is reported and does not fail the run.
enum class Level : std::uint8_t { kMust, kShould, kMay };
const char* level_name(Level l);

enum class Over : std::uint8_t { kAny, kOnlyWebSocket };

struct Case {
  /// Unique; the area first: "connect-second".
  std::string id;
  /// Statements covered in each version, blank between: "3.1.0-2 4.8.0-1 X-second-connect" (the prefix MQTT- is
  /// implied).
  std::string v311;
  std::string v5;
  std::string what;
  std::string expect;
  Level level = Level::kMust;
  Versions versions = kBoth;
  Capabilities needs = 0;
  Over over = Over::kAny;
  std::function<void(Context&)> body = {};
};
using Cases = std::vector<Case>;

/// "MQTT-3.1.0-2" and so on for one version.
std::vector<std::string> requirements_of(const Case& c, Version v);

class CaseFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class NotApplicable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace orrery::conformance

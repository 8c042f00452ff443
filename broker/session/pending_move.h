// SPDX-License-Identifier: Apache-2.0
// A session that was taken over and waits for its routes: CONNACK for `claim`, and the former holder gives the rest.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace orrery::session {

struct PendingMove {
  std::uint32_t session = 0;
  std::uint64_t epoch = 0;  // of that session: another one in the same slot is not meant
  std::uint64_t claim = 0;
  Place former;
};

}  // namespace orrery::session

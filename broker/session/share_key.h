// SPDX-License-Identifier: Apache-2.0
// What a strategy of shared subscriptions hashes of a message: the same on every shard and node.
#pragma once

#include <cstdint>

#include "base/hash.h"
#include "broker/session/message.h"
#include "broker/session/options.h"

namespace orrery::session {

/// For kSticky always the same; not for the strategies that take turns or draw.
inline std::uint64_t share_key(SharedStrategy strategy, const MessageView& message) {
  switch (strategy) {
    case SharedStrategy::kHashClientId:
      return message.publisher;
    case SharedStrategy::kHashTopic:
      return hash_text(message.topic, 0);
    default:
      return 0;
  }
}

}  // namespace orrery::session

// SPDX-License-Identifier: Apache-2.0
// The crowd as the world sees it: clients are numbers, and what happens to them is a call with the number.
//
// A client has at most one connection and at most one pending timer; both are kept by the World. Clients have no CPU:
// what a call here does takes no virtual time, and what it sends leaves at `now`. From inside these calls any client
// call of World may be made, for this client or another. None of these calls is made from inside a call of World.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace orrery::sim {

/// Position in the crowd: 0 to WorldOptions::clients - 1.
using ClientId = std::uint32_t;

enum class EndedBy : std::uint8_t {
  kClose,    // the node closed the connection after sending everything
  kReset,    // the node reset it, or died
  kRefused,  // never opened: nobody listens at the node
  kTimeout,  // connect got no answer, or what was sent could not be delivered for NetworkModel::give_up
};

class ClientHost {
 public:
  virtual ~ClientHost() = default;
  virtual void client_connected(Nanos now, ClientId client) = 0;
  /// Bytes of the stream, cut anywhere. May be overwritten; valid until the call returns.
  virtual void client_bytes(Nanos now, ClientId client, MutableBytes bytes) = 0;
  /// The connection (or the attempt) is over; connect() may be called from here. Not called for an end that the client
  /// itself asked for by client_close.
  virtual void client_closed(Nanos now, ClientId client, EndedBy how) = 0;
  /// `arg` is what was given to client_timer_at.
  virtual void client_timer(Nanos now, ClientId client, std::uint32_t arg) = 0;
  /// An event of this client is a few events away: a hint to touch its memory. Must not change anything.
  virtual void prefetch(ClientId client) const = 0;
};

}  // namespace orrery::sim

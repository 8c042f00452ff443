// SPDX-License-Identifier: Apache-2.0
// The fourth of a shard's four machines: a session on its way from one shard to another (ARCHITECTURE.md, CONNECT).
//
// 1. The holder is told to yield: it exports subscriptions, deliveries and packet identifiers, and becomes a ghost that
//    stays subscribed, so that nothing is lost while the new routes travel; what matches waits in its outbox.
// 2. The taker imports, subscribes, and holds back what matches here (Session::held).
// 3. When its routes are in force it answers its client and fetches the rest from the ghost, which then ends. What
//    matched at both places has the same message id and is kept once. Either side gives up waiting after a while.
// This class writes and reads the store's entries; who yields, claims and waits is in takeover.cc. The exported form is
// in docs/peer-protocol.md, "Session".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "broker/seam/counters.h"
#include "broker/session/store.h"

namespace orrery::session {

class Handover {
 public:
  /// All arguments outlive it. `place` is this shard's own.
  Handover(Place place, Heap& heap, Counters& counters, Store& store)
      : place_(place), heap_(heap), counters_(counters), store_(store) {}

  /// Exports a session and gives it up: it is a ghost afterwards. Valid until the next call.
  Bytes give_up(Nanos now, std::uint32_t slot);
  /// What came for a ghost since.
  Bytes give_up_rest(Nanos now, std::uint32_t slot);

  enum class Import : std::uint8_t { kUnreadable, kRevived, kMoved };
  /// Imports into a session. `added` are the rows of the route table that it needs here. kMoved: it holds from now on
  /// what matches here, and `former` is where the rest will come from. kUnreadable may leave a part imported.
  Import take(Nanos now, std::uint32_t slot, Bytes exported, std::vector<std::string>& added, Place& former);
  /// The rest has come, or will not (empty): goes behind what was imported, and what was held behind that, once.
  void take_rest(Nanos now, std::uint32_t slot, Bytes rest);
  /// The rest came for a session that no longer waits for it: counted.
  void lose_rest(Bytes rest);

 private:
  void write_deliveries(Nanos now, const Outbox& outbox);
  bool read_deliveries(Nanos now, ByteReader& in, Outbox& out, std::vector<std::uint64_t>* ids);

  const Place place_;
  Heap& heap_;
  Counters& counters_;
  Store& store_;
  std::vector<std::uint8_t> out_;           // scratch: what is exported
  std::vector<std::uint32_t> identifiers_;  // scratch: of one delivery
};

}  // namespace orrery::session

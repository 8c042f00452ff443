// SPDX-License-Identifier: Apache-2.0
// The book of deliveries: every PUBLISH that a client receives is checked here against what was sent.
//
// It owns the flows (sim/oracle/flow.h), one for each publisher and subscriber that belong together, and reads the
// clients' state (how many messages a publisher has sent, where it is connected). It writes Tally and Verdicts and
// nothing else; the run does not depend on it. O(1) a message, no allocation unless a rule is broken.
#pragma once

#include <string>
#include <vector>

#include "sim/crowd/client.h"
#include "sim/crowd/layout.h"
#include "sim/crowd/mqtt_wire.h"
#include "sim/crowd/payload.h"
#include "sim/crowd/tally.h"
#include "sim/oracle/flow.h"
#include "sim/oracle/verdicts.h"

namespace orrery::sim {

class Ledger {
 public:
  Ledger(const Layout& layout, const PayloadCodec& codec, const std::vector<Client>& clients, Verdicts& verdicts,
         Tally& tally);

  /// A PUBLISH that the subscriber takes for new (a repeated QoS 2 packet identifier is not).
  void received(Nanos now, ClientId subscriber, const ServerPacket& packet);
  /// A SUBACK after a new session began: what was sent before it is not owed.
  void subscribed(Nanos now, ClientId subscriber);
  /// Nothing is on its way any more: judges every message that is missing.
  void finish(Nanos now);

  void prefetch(ClientId client) const;
  std::size_t memory_bytes() const { return flows_.capacity() * sizeof(Flow); }

 private:
  void check_content(Nanos now, ClientId subscriber, const Group& g, const ServerPacket& packet);
  void check_will(Nanos now, ClientId subscriber, const PayloadHeader& h);
  void check_retained(Nanos now, ClientId subscriber, const Group& g, const PayloadHeader& h);
  void enter(Nanos now, ClientId subscriber, const Group& g, const PayloadHeader& h, const ServerPacket& packet);
  void missing(Nanos now, const Group& g, ClientId publisher, ClientId subscriber, std::uint32_t number);
  void restart(Nanos now, const Group& g, ClientId subscriber, Nanos owed_from);
  template <class Visit>
  void each_publisher(const Group& g, ClientId subscriber, Visit visit);
  bool in_fault(Nanos when) const;
  void blame(Rule rule, Nanos now, ClientId subscriber, const std::string& what);
  std::string describe(ClientId publisher, std::uint32_t number) const;

  const Layout& layout_;
  const PayloadCodec& codec_;
  const std::vector<Client>& clients_;
  Verdicts& verdicts_;
  Tally& tally_;
  std::vector<Flow> flows_;
  mutable std::string scratch_;
};

}  // namespace orrery::sim

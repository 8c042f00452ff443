// SPDX-License-Identifier: Apache-2.0
// Watches one connection and checks, in every case, the rules that need history: who may send what when, packet
// identifiers in flight, windows, topic aliases, codes for each filter, deliveries that match a subscription.
//
// A case about retained messages thus also notices a reused identifier. The observer hears of everything that was sent
// (malformed bytes as far as they can be read) and of every packet that came, in order.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "conformance/wire.h"

namespace orrery::conformance {

/// MQTT's matching of a topic name against a filter (4.7), written the slow way; "$share/group/" in front is skipped.
bool topic_matches(std::string_view filter, std::string_view topic);

class Observer {
 public:
  explicit Observer(Version version) : version_(version) {}

  void sent(const Packet& packet);
  /// Adds what the packet breaks.
  void received(const Packet& packet, std::vector<Violation>& out);
  /// CONNACK 0 has come, whatever followed it.
  bool accepted() const { return phase_ == Phase::kConnected || phase_ == Phase::kDisconnected; }
  /// The topic of a PUBLISH, its alias resolved; call after received().
  std::string topic_of(const Packet& publish) const;

 private:
  enum class Phase : std::uint8_t { kNew, kConnected, kRefused, kDisconnected };
  enum class Stage : std::uint8_t { kPublished1, kPublished2, kReceived, kReleased };
  struct Wanted {
    unsigned qos = 0;
  };

  void violate(std::vector<Violation>& out, const char* v311, const char* v5, std::string what) const {
    out.push_back({v311, v5, std::move(what)});
  }
  void check_phase(const Packet& p, std::vector<Violation>& out);
  void check_limits(const Packet& p, std::vector<Violation>& out) const;
  void connack(const Packet& p, std::vector<Violation>& out);
  void auth(const Packet& p, std::vector<Violation>& out);
  void publish(const Packet& p, std::vector<Violation>& out);
  void check_alias(const Packet& p, std::vector<Violation>& out);
  void check_subscription(const Packet& p, std::vector<Violation>& out) const;
  void acknowledged(const Packet& p, std::vector<Violation>& out);
  void suback(const Packet& p, std::vector<Violation>& out);

  Version version_;
  Phase phase_ = Phase::kNew;
  Connect connect_;
  Properties connect_properties_;
  bool resumed_ = false;
  /// The client has begun to authenticate again.
  bool authenticating_again_ = false;
  int pings_ = 0;
  std::map<std::uint16_t, Stage> in_flight_;
  std::map<unsigned, std::string> aliases_;
  /// Identifiers of ours, by the packet that answers them.
  std::map<Type, std::multiset<std::uint16_t>> waiting_;
  std::map<std::uint16_t, std::vector<Filter>> asked_;
  std::map<std::string, Wanted> filters_;
  std::set<std::uint32_t> subscription_ids_;
};

}  // namespace orrery::conformance

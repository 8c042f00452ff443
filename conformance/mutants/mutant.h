// SPDX-License-Identifier: Apache-2.0
// Brokers that are wrong on purpose: a correct one with somebody in between who changes its packets, or what it hears.
//
// A mutant breaks one statement in one way. Changing what the broker says gives wrong codes, lost and doubled packets;
// changing what the client says makes the broker do, correctly, something that nobody asked for: without its No Local
// bit a subscription is served as if the broker ignored No Local. The share of mutants that the suite notices is its
// score.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "conformance/driver/target.h"
#include "conformance/wire.h"

namespace orrery::conformance {

/// What a mutant may remember: of one connection, and of all connections of a case.
struct Memory {
  std::map<std::string, long> numbers;
  std::map<std::string, std::string> texts;
  std::vector<Packet> packets;
};

/// One packet on its way through a mutant. A mutant that calls nothing drops it.
class Flow {
 public:
  using Send = std::function<void(std::string_view bytes)>;
  Flow(Version v, const Packet& connect, Packet packet, const Octets& raw, Memory& here, Memory& everywhere, Send on,
       Send back)
      : version(v),
        connect_packet(connect),
        p(std::move(packet)),
        memory(here),
        world(everywhere),
        raw_(raw),
        on_(std::move(on)),
        back_(std::move(back)) {}

  bool v5() const { return version == Version::k5; }
  /// Lets it go on as it came.
  void pass() { on_(raw_); }
  /// Lets `p` go on as it is now.
  void pass_changed() { on_(encode(p, version)); }
  void send(const Packet& packet) { on_(encode(packet, version)); }
  void send_raw(std::string_view bytes) { on_(bytes); }
  /// Sends something to the side that the packet came from.
  void answer(const Packet& packet) { back_(encode(packet, version)); }
  void answer_raw(std::string_view bytes) { back_(bytes); }
  /// True every nth time, counted on this connection.
  bool every(const char* name, long n) { return ++memory.numbers[name] % n == 0; }
  const Octets& raw() const { return raw_; }

  const Version version;
  /// The CONNECT of this connection; of type kReserved before it.
  const Packet& connect_packet;
  Packet p;
  Memory& memory;
  Memory& world;

 private:
  const Octets& raw_;
  Send on_;
  Send back_;
};

using Mangle = std::function<void(Flow&)>;

/// Which of a client's packets a mutant gets to see; the others pass. Most see only good ones, so that what they do is
/// not mixed up with leniency.
enum class Sees : std::uint8_t { kGood, kAfterConnect, kEverything };

struct Mutant {
  std::string id;
  /// The statement that it breaks, as requirements.tsv names it: "5 MQTT-3.3.1-3".
  std::string statement;
  std::string what;
  /// Null: everything passes.
  Mangle from_broker = {};
  Mangle from_client = {};
  /// For what is not MQTT: puts something of its own before a connection, and the two above are not used.
  std::function<std::unique_ptr<Stream>(std::unique_ptr<Stream>)> in_front = {};
  Sees sees = Sees::kGood;
  /// The simulated broker behind it (driver/sim_kinds.h).
  std::string target = "sim";
};
using Mutants = std::vector<Mutant>;

/// Every mutant there is; ids are unique.
Mutants all_mutants();
void add_connect_mutants(Mutants& mutants);
void add_publish_mutants(Mutants& mutants);
void add_acknowledgement_mutants(Mutants& mutants);
void add_subscription_mutants(Mutants& mutants);
void add_session_mutants(Mutants& mutants);
void add_leniency_mutants(Mutants& mutants);
void add_authentication_mutants(Mutants& mutants);
void add_access_mutants(Mutants& mutants);
void add_frame_mutants(Mutants& mutants);

/// Calls `change` for packets of one type and lets the others pass.
Mangle only(Type type, Mangle change);
/// Removes a property; true when it was there.
bool strip(Properties& properties, PropertyId id);

/// `inner` with a mutant before it. Plain TCP only, since the mutant reads MQTT, unless it is one with `in_front`.
class MutatingTarget : public Target {
 public:
  MutatingTarget(Target& inner, const Mutant& mutant) : inner_(inner), mutant_(mutant) {}
  std::string name() const override { return inner_.name() + " with " + mutant_.id; }
  Transport transport() const override { return inner_.transport(); }
  Nanos patience() const override { return inner_.patience(); }
  Nanos slack() const override { return inner_.slack(); }
  bool fresh() const override { return inner_.fresh(); }
  unsigned jobs() const override { return 1; }
  std::unique_ptr<Bench> bench() override;

 private:
  Target& inner_;
  const Mutant& mutant_;
};

}  // namespace orrery::conformance

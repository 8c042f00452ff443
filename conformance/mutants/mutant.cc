// SPDX-License-Identifier: Apache-2.0
// The one in between: cuts both directions into packets and hands each to the mutant.
#include "conformance/mutants/mutant.h"

#include <utility>

namespace orrery::conformance {
namespace {

class MutatingStream : public Stream {
 public:
  MutatingStream(std::unique_ptr<Stream> inner, const Mutant& mutant, Memory& world)
      : inner_(std::move(inner)), mutant_(mutant), world_(world) {}

  bool send(std::string_view bytes) override {
    if (opaque_) return inner_->send(bytes);
    from_client_.feed(bytes);
    Octets packet;
    while (from_client_.next(packet)) {
      const Packet p = decode(packet, version_, Sender::kClient).packet;
      if (p.type == Type::kConnect && connect_.type == Type::kReserved) {
        if (p.connect && p.connect->level.value_or(0) == 5) version_ = Version::k5;
        connect_ = decode(packet, version_, Sender::kClient).packet;
      }
      run(seen(p, packet) ? mutant_.from_client : Mangle(), packet, Sender::kClient);
    }
    return alive_;
  }

  Arrival receive(Octets& into, Nanos deadline) override {
    flush_rest();
    for (;;) {
      if (!to_client_.empty()) {
        into += to_client_;
        to_client_.clear();
        return Arrival::kBytes;
      }
      Octets bytes;
      const Arrival arrival = inner_->receive(bytes, deadline);
      if (arrival != Arrival::kBytes) return arrival;
      from_broker_.feed(bytes);
      Octets packet;
      while (from_broker_.next(packet)) run(mutant_.from_broker, packet, Sender::kServer);
    }
  }

  void close(HowToClose how) override {
    flush_rest();
    inner_->close(how);
  }

 private:
  // Whether the mutant is shown a packet of the client's.
  bool seen(const Packet& p, const Octets& bytes) {
    const bool first = !std::exchange(connected_, connect_.type != Type::kReserved);
    if (mutant_.sees == Sees::kEverything) return true;
    if (first && p.type != Type::kConnect) return false;
    if (mutant_.sees == Sees::kAfterConnect) return true;
    if (p.type == Type::kConnect && !first) return false;
    Decoded d = decode(bytes, version_, Sender::kClient);
    if (!d.violations.empty() || (p.qos == 0 && p.dup)) return false;
    if (d.packet.connect) d.packet.connect->flags.reset();
    return encode(d.packet, version_) == bytes;
  }

  void run(const Mangle& mangle, const Octets& packet, Sender sender) {
    const auto to_broker = [this](std::string_view b) { alive_ = inner_->send(b); };
    const auto to_client = [this](std::string_view b) { to_client_ += b; };
    const bool client = sender == Sender::kClient;
    if (!mangle) return client ? to_broker(packet) : to_client(packet);
    Flow::Send on = client ? Flow::Send(to_broker) : Flow::Send(to_client);
    Flow::Send back = client ? Flow::Send(to_client) : Flow::Send(to_broker);
    Flow flow(version_, connect_, decode(packet, version_, sender).packet, packet, memory_, world_, std::move(on),
              std::move(back));
    mangle(flow);
  }

  // Somebody who waits has sent all that he wants to: what is no whole packet goes on as it is.
  void flush_rest() {
    if (opaque_) return;
    const Octets rest = from_client_.take_rest();
    if (rest.empty()) return;
    opaque_ = true;
    inner_->send(rest);
  }

  std::unique_ptr<Stream> inner_;
  const Mutant& mutant_;
  Memory& world_;
  Memory memory_;
  Version version_ = Version::k311;
  Packet connect_;
  PacketStream from_client_;
  PacketStream from_broker_;
  Octets to_client_;
  bool opaque_ = false;
  bool connected_ = false;
  bool alive_ = true;
};

class MutatingBench : public Bench {
 public:
  MutatingBench(std::unique_ptr<Bench> inner, const Mutant& mutant) : inner_(std::move(inner)), mutant_(mutant) {}
  std::unique_ptr<Stream> open(unsigned node) override {
    if (mutant_.in_front) return mutant_.in_front(inner_->open(node));
    return std::make_unique<MutatingStream>(inner_->open(node), mutant_, world_);
  }
  unsigned nodes() const override { return inner_->nodes(); }
  Nanos now() override { return inner_->now(); }
  void wait_until(Nanos when) override { inner_->wait_until(when); }
  void settle() override { inner_->settle(); }
  void kill_and_restart() override { inner_->kill_and_restart(); }

 private:
  std::unique_ptr<Bench> inner_;
  const Mutant& mutant_;
  Memory world_;
};

}  // namespace

std::unique_ptr<Bench> MutatingTarget::bench() { return std::make_unique<MutatingBench>(inner_.bench(), mutant_); }

Mangle only(Type type, Mangle change) {
  return [type, change = std::move(change)](Flow& f) {
    if (f.p.type == type)
      change(f);
    else
      f.pass();
  };
}

bool strip(Properties& properties, PropertyId id) {
  const std::size_t before = properties.size();
  std::erase_if(properties, [id](const Property& p) { return p.id == static_cast<std::uint32_t>(id); });
  return properties.size() != before;
}

Mutants all_mutants() {
  Mutants mutants;
  add_connect_mutants(mutants);
  add_publish_mutants(mutants);
  add_acknowledgement_mutants(mutants);
  add_subscription_mutants(mutants);
  add_session_mutants(mutants);
  const std::size_t lenient = mutants.size();
  add_leniency_mutants(mutants);
  for (std::size_t i = lenient; i < mutants.size(); ++i)
    mutants[i].sees = mutants[i].id == "answers-before-connect" ? Sees::kEverything : Sees::kAfterConnect;
  add_authentication_mutants(mutants);
  add_access_mutants(mutants);
  add_frame_mutants(mutants);
  return mutants;
}

}  // namespace orrery::conformance

// SPDX-License-Identifier: Apache-2.0
// Cases as the crowd of a small world. A client of the world is a slot here: its bytes wait in the slot until a case
// reads them.
#include "conformance/driver/sim.h"

#include <array>

#include "sim/world/world.h"

namespace orrery::conformance {
namespace {

// Connections of one case at the same time.
constexpr std::uint32_t kSlots = 128;
// How long a cluster needs to tell all of its nodes about a route or a retained message.
constexpr Nanos kSettle = 50 * kMillisecond;

struct Slot {
  Octets received;
  bool taken = false;
  bool connected = false;
  bool ended = false;
};

sim::WorldOptions options_of(const SimSetup& setup) {
  sim::WorldOptions o;
  o.seed = setup.seed;
  o.members = setup.members;
  o.factory = setup.factory;
  o.clients = kSlots;
  // One segment in five is cut at a byte of its own: a broker must not care where reads end.
  o.network.client.cut_per_million = 200'000;
  return o;
}

class SimBench : public Bench, private sim::ClientHost {
 public:
  explicit SimBench(const SimSetup& setup) : setup_(setup), world_(options_of(setup), *this) {
    // A cluster finds itself before the first client comes.
    world_.run_until(setup.members.size() > 1 ? 5 * kSecond : kMillisecond);
  }

  std::unique_ptr<Stream> open(unsigned node) override;
  unsigned nodes() const override { return static_cast<unsigned>(setup_.members.size()); }
  Nanos now() override { return world_.now(); }
  void wait_until(Nanos when) override { world_.run_until(when); }
  void settle() override {
    if (nodes() > 1) world_.run_until(now() + kSettle);
  }
  void kill_and_restart() override {
    std::vector<sim::Fault> faults(nodes());
    for (NodeId n = 0; n < nodes(); ++n) {
      faults[n].at = now() + kMillisecond;
      faults[n].kind = sim::FaultKind::kRestart;  // of a node that is up: a crash and a new life
      faults[n].node = n;
    }
    world_.plan(faults);
    world_.run_until(now() + 5 * kSecond);
  }

  Arrival receive(std::uint32_t id, Octets& into, Nanos deadline) {
    Slot& slot = slots_[id];
    for (;;) {
      if (!slot.received.empty()) {
        into += slot.received;
        slot.received.clear();
        return Arrival::kBytes;
      }
      if (slot.ended) return Arrival::kClosed;
      if (world_.step(deadline)) continue;
      if (deadline > now()) world_.run_until(deadline);
      return Arrival::kNothing;
    }
  }

  bool send(std::uint32_t id, std::string_view bytes) {
    if (slots_[id].ended) return false;
    world_.client_send(id, as_bytes(bytes));
    return true;
  }

  void close(std::uint32_t id, HowToClose how) {
    world_.client_close(id, how == HowToClose::kOrderly ? CloseHow::kFlush : CloseHow::kAbort);
    slots_[id] = Slot();
  }

 private:
  void client_connected(Nanos, sim::ClientId id) override { slots_[id].connected = true; }
  void client_bytes(Nanos, sim::ClientId id, MutableBytes bytes) override { slots_[id].received += as_text(bytes); }
  void client_closed(Nanos, sim::ClientId id, sim::EndedBy) override { slots_[id].ended = true; }
  void client_timer(Nanos, sim::ClientId, std::uint32_t) override {}
  void prefetch(sim::ClientId) const override {}

  const SimSetup& setup_;
  std::array<Slot, kSlots> slots_;
  unsigned next_node_ = 0;
  sim::World world_;
};

class SimStream : public Stream {
 public:
  SimStream(SimBench& bench, std::uint32_t id) : bench_(bench), id_(id) {}
  ~SimStream() override { close(HowToClose::kOrderly); }
  bool send(std::string_view bytes) override { return open_ && bench_.send(id_, bytes); }
  Arrival receive(Octets& into, Nanos deadline) override {
    return open_ ? bench_.receive(id_, into, deadline) : Arrival::kClosed;
  }
  void close(HowToClose how) override {
    if (open_) bench_.close(id_, how);
    open_ = false;
  }

 private:
  SimBench& bench_;
  std::uint32_t id_;
  bool open_ = true;
};

std::unique_ptr<Stream> SimBench::open(unsigned node) {
  std::uint32_t id = 0;
  while (id < kSlots && slots_[id].taken) ++id;
  if (id == kSlots) throw TargetError("a case holds more than " + std::to_string(kSlots) + " connections");
  Slot& slot = slots_[id];
  slot.taken = true;
  const unsigned to = node == kAnyNode ? next_node_++ % nodes() : node;
  world_.connect(id, static_cast<NodeId>(to), has_websocket(setup_.transport) ? LinkKind::kWebSocket : LinkKind::kTcp);
  while (!slot.connected && !slot.ended && world_.step(kNever - 1)) continue;
  if (slot.connected) return std::make_unique<SimStream>(*this, id);
  slot = Slot();
  throw TargetError("the simulated broker refuses the connection");
}

}  // namespace

std::unique_ptr<Bench> SimTarget::bench() { return std::make_unique<SimBench>(setup_); }

}  // namespace orrery::conformance

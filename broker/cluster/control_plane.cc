// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/control_plane.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/rng.h"
#include "broker/cluster/control_frames.h"
#include "broker/cluster/control_wire.h"
#include "broker/cluster/log_exchange.h"
#include "broker/cluster/membership.h"
#include "broker/cluster/registrar_link.h"

namespace orrery::cluster {

class ControlPlane::State {
 public:
  State(const ClusterSetup& setup, PeerPort& port, Heap& heap, ControlHost& host, RouteSink& routes,
        RetainedSink& retained)
      : setup_(setup),
        host_(host),
        routes_(routes),
        wire_(setup, port),
        logs_(setup, heap, wire_, routes, retained),
        membership_(setup),
        registrar_(setup, heap, wire_, membership_, logs_, host),
        rng_(mix64(setup.seed + 1) ^ mix64(setup.self + 1)) {}

  void start(Nanos now);
  void tick(Nanos now);
  void end_of_event(Nanos now);
  Nanos next_deadline() const;

  bool stream_up(Nanos now, PeerStream& stream);
  bool frame(Nanos now, NodeId from, FrameType type, Bytes body);
  void stream_down(Nanos now, PeerStream& stream);
  void stream_failed(Nanos now, NodeId node);

  LogExchange& logs() { return logs_; }
  RegistrarLink& registrar() { return registrar_; }
  /// There may be something to do at the end of the event: most events of shard 0 are clients' and are not ours.
  State& touched() {
    touched_ = true;
    return *this;
  }
  ControlWire& wire() { return wire_; }
  const Membership& membership() const { return membership_; }

 private:
  struct Dial {
    bool under_way = false;
    std::uint8_t failures = 0;
    Nanos retry_at = kNever;
    Nanos up_since = 0;
  };

  bool alone() const { return setup_.nodes() == 1; }
  bool should_dial(NodeId node) const {
    return node != setup_.self && setup_.is_core(node) && (!setup_.self_is_core() || setup_.self < node);
  }
  void dial_due(Nanos now);
  void retry_later(Nanos now, NodeId node);
  void beat(Nanos now);
  void write_heartbeat(Nanos now, NodeId to);
  bool handle_heartbeat(Nanos now, NodeId from, ByteReader& body);
  void evaluate(Nanos now);
  void attach(Nanos now);
  void note(NoteKind kind, NodeId about, std::uint64_t number = 0);
  bool run_loopback(Nanos now);
  bool make_upcalls(Nanos now);

  const ClusterSetup& setup_;
  ControlHost& host_;
  RouteSink& routes_;
  ControlWire wire_;
  LogExchange logs_;
  Membership membership_;
  RegistrarLink registrar_;
  Rng rng_;
  std::array<Dial, kMembersMax> dials_;
  std::uint64_t in_force_told_ = 0;
  Nanos next_beat_ = kNever;
  Nanos pump_at_ = kNever;
  bool touched_ = true;
};

// Time ----------------------------------------------------------------------------------------------------------------

void ControlPlane::State::start(Nanos now) {
  membership_.start(now);
  logs_.start(now);
  registrar_.start(now);
  if (alone()) return;
  next_beat_ = now + static_cast<Nanos>(rng_.below(static_cast<std::uint64_t>(kPeerHeartbeat)));
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if (should_dial(n)) dials_[n].retry_at = now;
  dial_due(now);
}

void ControlPlane::State::dial_due(Nanos now) {
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    Dial& dial = dials_[n];
    if (dial.retry_at > now) continue;
    dial.retry_at = kNever;
    dial.under_way = true;
    wire_.port().dial(StreamKind::kControl, {n, 0});
  }
}

void ControlPlane::State::retry_later(Nanos now, NodeId node) {
  Dial& dial = dials_[node];
  if (!should_dial(node) || dial.under_way || wire_.up(node)) return;
  const Nanos wait = std::min(kDialRetryMin << std::min<int>(dial.failures, 10), kControlRetryMax);
  dial.failures = static_cast<std::uint8_t>(std::min(dial.failures + 1, 100));
  dial.retry_at = now + wait + static_cast<Nanos>(rng_.below(static_cast<std::uint64_t>(wait / 4)));
}

void ControlPlane::State::tick(Nanos now) {
  if (now >= next_beat_) beat(now);
  dial_due(now);
  registrar_.tick(now);
}

void ControlPlane::State::beat(Nanos now) {
  if (now - next_beat_ > kPeerTimeout / 2) membership_.slept(now);
  next_beat_ = now + kPeerHeartbeat;
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    if (!wire_.up(n)) continue;
    if (membership_.silent(now, n))
      wire_.port().close(*wire_.stream(n), CloseHow::kAbort, "it was silent for too long");
    else
      write_heartbeat(now, n);
  }
  evaluate(now);
  attach(now);
  registrar_.beat(now);
}

Nanos ControlPlane::State::next_deadline() const {
  Nanos next = std::min({next_beat_, pump_at_, registrar_.next_deadline()});
  for (NodeId n = 0; n < setup_.nodes(); ++n) next = std::min(next, dials_[n].retry_at);
  return next;
}

void ControlPlane::State::end_of_event(Nanos now) {
  if (!touched_) return;
  touched_ = false;
  while (make_upcalls(now) || run_loopback(now)) {
  }
  pump_at_ = !alone() && logs_.pump(now) ? now + kPumpEvery : kNever;
  wire_.flush();
}

bool ControlPlane::State::make_upcalls(Nanos now) {
  bool any = registrar_.make_upcalls(now);
  const std::uint64_t in_force = logs_.in_force();
  ORRERY_ASSERT(in_force >= in_force_told_);
  if (in_force > in_force_told_) {
    in_force_told_ = in_force;
    host_.in_force(now, in_force);
    any = true;
  }
  const NodeMask renewed = logs_.take_renewed();
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    if ((renewed & mask_of(n)) == 0) continue;
    registrar_.node_renewed(now, n);
    host_.node_back(now, n, logs_.position_of(n).incarnation);
    any = true;
  }
  return any;
}

bool ControlPlane::State::run_loopback(Nanos now) {
  ByteWriter::Buffer frames;
  if (!wire_.take_loopback(frames)) return false;
  Bytes rest = frames;
  while (!rest.empty()) {
    const std::size_t length = ByteReader(rest).u32();
    const Bytes body = rest.subspan(kFrameLengthBytes, length);
    const bool well_formed = frame(now, setup_.self, static_cast<FrameType>(body[0]), body.subspan(1));
    ORRERY_ASSERT(well_formed);
    rest = rest.subspan(kFrameLengthBytes + length);
  }
  return true;
}

// Who lives -----------------------------------------------------------------------------------------------------------

void ControlPlane::State::write_heartbeat(Nanos now, NodeId to) {
  Heartbeat beat;
  beat.hears = membership_.direct(now);
  beat.positions = logs_.positions();
  ControlFrame frame(wire_, to, FrameType::kHeartbeat);
  write(frame, beat);
}

bool ControlPlane::State::handle_heartbeat(Nanos now, NodeId from, ByteReader& body) {
  Heartbeat beat;
  if (!read(body, setup_, beat)) return false;
  membership_.hears(from, beat.hears);
  if (!logs_.handle_positions(now, from, beat.positions)) return false;
  evaluate(now);
  return true;
}

void ControlPlane::State::evaluate(Nanos now) {
  const Membership::Changes changes = membership_.evaluate(now);
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    const NodeMask bit = mask_of(n);
    const auto silence = static_cast<std::uint64_t>(membership_.unheard_for(now, n) / kSecond);
    if ((changes.unmasked & bit) != 0) {
      note(NoteKind::kMemberUnmasked, n);
      routes_.unmask(n);
    }
    if ((changes.back & bit) != 0) {
      note(NoteKind::kMemberBack, n);
      host_.node_back(now, n, logs_.position_of(n).incarnation);
    }
    if ((changes.masked & bit) != 0) {
      note(NoteKind::kMemberMasked, n, silence);
      routes_.mask(n);
      registrar_.node_masked(now, n);
    }
    if ((changes.gone & bit) != 0) {
      note(NoteKind::kMemberGone, n, silence);
      host_.node_gone(now, n);
    }
  }
  if (changes.cores_lost) note(NoteKind::kCoresLost, setup_.self);
  if (changes.cores_heard) note(NoteKind::kCoresHeard, setup_.self);
  if (changes.live_cores) registrar_.live_cores_changed(now, changes.live_cores_before);
  registrar_.update_settling(now);
}

/// A replicant without a core takes the one it prefers at once; to a preferred one that came later it goes when that
/// has been up for a while. So a core that has just started is not run over by everybody.
void ControlPlane::State::attach(Nanos now) {
  if (setup_.self_is_core()) return;
  NodeMask up = 0;
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if (wire_.up(n) && !wire_.stream(n)->closing) up |= mask_of(n);
  const NodeId preferred = attachment_of(setup_, setup_.self, up);
  if (preferred == kNoNode || preferred == logs_.attached_to()) return;
  const bool attached = logs_.attached_to() != kNoNode && (up & mask_of(logs_.attached_to())) != 0;
  if (attached && now - dials_[preferred].up_since < kReattachAfter) return;
  note(NoteKind::kAttached, preferred);
  logs_.attach(preferred);
}

void ControlPlane::State::note(NoteKind kind, NodeId about, std::uint64_t number) {
  wire_.port().effects().note({.kind = kind, .name = setup_.members[about].name, .numbers = {number}});
}

// Streams -------------------------------------------------------------------------------------------------------------

bool ControlPlane::State::stream_up(Nanos now, PeerStream& stream) {
  const NodeId node = stream.peer.node;
  if (stream.peer.shard != 0) return false;
  if (!setup_.self_is_core() && !setup_.is_core(node)) return false;
  if (stream.dialled != should_dial(node)) return false;
  if (wire_.up(node)) {
    // The peer has dialled anew: it has given up the stream that we still have.
    wire_.port().close(*wire_.stream(node), CloseHow::kAbort, "it has dialled anew");
    logs_.peer_down(node);
  }
  wire_.stream_up(node, stream);
  ORRERY_ASSERT(node != setup_.self);
  Dial& dial = dials_[node];
  dial.under_way = false;
  dial.failures = 0;
  dial.up_since = now;
  membership_.heard(now, node);
  membership_.hears(node, 0);
  logs_.observe_incarnation(node, stream.incarnation);
  logs_.peer_up(node);
  write_heartbeat(now, node);
  const bool was_live = (membership_.live_cores() & mask_of(node)) != 0;
  evaluate(now);
  if (was_live || setup_.self_is_core()) registrar_.stream_up(now, node);
  attach(now);
  return true;
}

bool ControlPlane::State::frame(Nanos now, NodeId from, FrameType type, Bytes bytes) {
  ByteReader body(bytes);
  const std::uint64_t clock = body.u64();
  if (body.failed() || clock > kClockMax) return false;
  wire_.merge_clock(clock);
  membership_.heard(now, from);
  if (type == FrameType::kHeartbeat) return handle_heartbeat(now, from, body);
  if (type >= FrameType::kClaim && type <= FrameType::kHeldAll) return registrar_.handle(now, from, type, body);
  return logs_.handle(now, from, type, body);
}

void ControlPlane::State::stream_down(Nanos now, PeerStream& stream) {
  const NodeId node = stream.peer.node;
  if (wire_.stream(node) != &stream) return;
  wire_.stream_down(node);
  logs_.peer_down(node);
  retry_later(now, node);
  attach(now);
}

void ControlPlane::State::stream_failed(Nanos now, NodeId node) {
  dials_[node].under_way = false;
  retry_later(now, node);
}

// The face ------------------------------------------------------------------------------------------------------------

ControlPlane::ControlPlane(const ClusterSetup& setup, PeerPort& port, Heap& heap, ControlHost& host, RouteSink& routes,
                           RetainedSink& retained)
    : state_(std::make_unique<State>(setup, port, heap, host, routes, retained)) {
  ORRERY_ASSERT(std::any_of(setup.members.begin(), setup.members.end(), [](const Member& m) { return m.core; }));
  port.set_user(StreamKind::kControl, this);
}

ControlPlane::~ControlPlane() { state_->wire().port().set_user(StreamKind::kControl, nullptr); }

void ControlPlane::start(Nanos now) { state_->start(now); }
void ControlPlane::end_of_event(Nanos now) { state_->end_of_event(now); }
void ControlPlane::tick(Nanos now) { state_->touched().tick(now); }
Nanos ControlPlane::next_deadline() const { return state_->next_deadline(); }

std::uint64_t ControlPlane::append_route_add(Nanos, std::string_view filter, ShardId shard) {
  return state_->touched().logs().append({Operation::kRouteAdd, shard, filter, {}});
}
std::uint64_t ControlPlane::append_route_remove(Nanos, std::string_view filter, ShardId shard) {
  return state_->touched().logs().append({Operation::kRouteRemove, shard, filter, {}});
}
std::uint64_t ControlPlane::append_retained(Nanos, Bytes value) {
  ORRERY_ASSERT(value.size() <= kRetainedBytesMax);
  return state_->touched().logs().append({Operation::kRetained, 0, {}, value});
}

void ControlPlane::claim(Nanos now, ShardId shard, const claims::Request& request) {
  state_->touched().registrar().claim(now, shard, request);
}
void ControlPlane::yielded(Nanos, const claims::Yielded& yielded) { state_->touched().registrar().yielded(yielded); }
void ControlPlane::release(Nanos, const claims::Release& release) { state_->touched().registrar().release(release); }
void ControlPlane::hold(Nanos, ShardId shard, const claims::Hold& hold) {
  state_->touched().registrar().hold(shard, hold);
}
void ControlPlane::held_all(Nanos, ShardId shard, const claims::HeldAll& all) {
  state_->touched().registrar().held_all(shard, all);
}

std::uint64_t ControlPlane::next_stamp() { return state_->wire().advance_clock(); }
NodeMask ControlPlane::live_cores() const { return state_->membership().live_cores(); }
bool ControlPlane::masked(NodeId node) const { return state_->membership().masked(node); }
NodeId ControlPlane::attached_to() const { return state_->logs().attached_to(); }
std::uint64_t ControlPlane::sequence_of(NodeId owner) const { return state_->logs().position_of(owner).sequence; }
std::size_t ControlPlane::registrar_rows() const { return state_->registrar().rows(); }
std::uint64_t ControlPlane::memory_bytes() const {
  return state_->logs().memory_bytes() + state_->registrar().memory_bytes() + state_->wire().memory_bytes();
}

bool ControlPlane::stream_up(Nanos now, PeerStream& stream) { return state_->touched().stream_up(now, stream); }
bool ControlPlane::stream_frame(Nanos now, PeerStream& stream, FrameType type, Bytes body) {
  return state_->touched().frame(now, stream.peer.node, type, body);
}
void ControlPlane::stream_drained(Nanos, PeerStream& stream) {
  if (state_->wire().stream(stream.peer.node) == &stream) state_->touched().wire().drained(stream.peer.node);
}
void ControlPlane::stream_down(Nanos now, PeerStream& stream) { state_->touched().stream_down(now, stream); }
void ControlPlane::stream_failed(Nanos now, Place to) { state_->touched().stream_failed(now, to.node); }

}  // namespace orrery::cluster

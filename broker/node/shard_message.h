// SPDX-License-Identifier: Apache-2.0
// What shards say to each other: a struct for each kind, and ShardMessages, the one table of kinds
// (docs/peer-protocol.md, "Messages").
//
// A message is one byte, the kind's position in the table, and the struct's fields (broker/base/fields.h).
// write_message() makes it, visit_message() reads it and calls a visitor's overload for its struct; there is no other
// way in or out. Between shards of one node messages travel by Effects::post and are trusted: one that does not read is
// a programmer's error. The first kPeerKinds kinds also come over lanes from other nodes and are checked like anything
// from outside, form and values. A shard that addresses itself puts the message into its own SelfQueue, so every path
// is the same whether there is one shard or many. A new kind is a struct here, a line in the table, and an overload in
// inbox.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"
#include "broker/base/fields.h"
#include "broker/claims/claims.h"
#include "broker/node/limits.h"
#include "broker/seam/node.h"
#include "broker/seam/note.h"
#include "broker/session/message.h"

namespace orrery::node {

// From place to place, other nodes' included --------------------------------------------------------------------------

/// For every session there with a matching subscription.
struct Publish {
  session::MessageView message;
  static void fields(auto& self, auto& f) { f.message(self.message); }
};

/// For one member of a shared subscription's group.
struct PublishToGroup {
  std::uint8_t hops = 0;  // how often a place without members has passed it on
  std::string_view share_filter;
  session::MessageView message;
  static void fields(auto& self, auto& f) {
    f.below(self.hops, kGroupHopsMax + 1);
    f.share_filter(self.share_filter);
    f.message(self.message);
  }
};

/// To the former holder of a session: what came for it since it was given up? It may be forgotten then.
struct FetchRest {
  std::uint64_t epoch = 0;
  std::string_view client_id;
  static void fields(auto& self, auto& f) {
    f.u64(self.epoch);
    f.text(self.client_id);
  }
};

/// The answer.
struct GiveRest {
  std::string_view client_id;
  Bytes deliveries;
  static void fields(auto& self, auto& f) {
    f.text(self.client_id);
    f.blob(self.deliveries);
  }
};

// To shard 0 (and claims::Request, Yielded, Release, Hold, HeldAll) ---------------------------------------------------

/// session::RouteRequest.
struct RouteChange {
  std::uint32_t token = 0;  // 0: no answer is wanted
  TextList added;
  TextList removed;
  static void fields(auto& self, auto& f) {
    f.u32(self.token);
    f.texts(self.added);
    f.texts(self.removed);
  }
};

/// Sets the retained message of its topic; RetainStored follows unless `owed` is kNoSlot.
struct Retain {
  std::uint32_t owed = 0;
  session::MessageView message;
  static void fields(auto& self, auto& f) {
    f.u32(self.owed);
    f.message(self.message);
  }
};

/// session::RetainedPull: RetainedMatches and then a RetainedPage follow.
struct PullRetained {
  std::uint32_t token = 0;
  std::uint64_t cursor = 0;
  std::string_view filter;
  static void fields(auto& self, auto& f) {
    f.u32(self.token);
    f.u64(self.cursor);
    f.text(self.filter);
  }
};

/// The cursor is not needed any more.
struct DropRetained {
  std::uint64_t cursor = 0;
  static void fields(auto& self, auto& f) { f.u64(self.cursor); }
};

/// The answer to StatsWanted.
struct StatsAnswer {
  std::uint64_t round = 0;
  ShardStats stats;
  NoteCounts notes;
  static void fields(auto& self, auto& f) {
    f.u64(self.round);
    for (auto& counter : self.stats.counters) f.u64(counter);
    f.u64(self.stats.memory_bytes);
    for (auto& count : self.notes.values) f.u64(count);
  }
};

// From shard 0 (and claims::Grant, Refusal, Yield) --------------------------------------------------------------------

/// What the RouteChange with this token added is in force.
struct RoutesInForce {
  std::uint32_t token = 0;
  static void fields(auto& self, auto& f) { f.u32(self.token); }
};

/// One of the messages that the PullRetained with this token asked for.
struct RetainedMatch {
  std::uint32_t token = 0;
  session::MessageView message;
  static void fields(auto& self, auto& f) {
    f.u32(self.token);
    f.message(self.message);
  }
};

/// Those were all for now: the walk goes on at this cursor, 0 at its end.
struct RetainedPage {
  std::uint32_t token = 0;
  std::uint64_t cursor = 0;
  static void fields(auto& self, auto& f) {
    f.u32(self.token);
    f.u64(self.cursor);
  }
};

struct RetainStored {
  std::uint32_t owed = 0;
  static void fields(auto& self, auto& f) { f.u32(self.owed); }
};

/// cluster::ControlHost::reassert: tell what you hold, if its registrar is another one among `after` than among
/// `before`.
struct Reassert {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  static void fields(auto& self, auto& f) {
    f.u64(self.before);
    f.u64(self.after);
  }
};

struct NodeGone {
  NodeId node = 0;
  static void fields(auto& self, auto& f) { f.u16(self.node); }
};

struct NodeBack {
  NodeId node = 0;
  std::uint64_t incarnation = 0;
  static void fields(auto& self, auto& f) {
    f.u16(self.node);
    f.u64(self.incarnation);
  }
};

/// Nothing: an event for a shard that has none, so that shard 0 may free what it retired.
struct Nudge {
  static void fields(auto&, auto&) {}
};

/// What do you count? StatsAnswer follows, with the same round.
struct StatsWanted {
  std::uint64_t round = 0;
  static void fields(auto& self, auto& f) { f.u64(self.round); }
};

// The table -----------------------------------------------------------------------------------------------------------

template <class... Kinds>
struct MessageTable {};

/// A kind's number is its position. Those of the first kPeerKinds are on the wire between nodes.
using ShardMessages = MessageTable<
    // place to place
    Publish, PublishToGroup, FetchRest, GiveRest,
    // to shard 0
    RouteChange, PullRetained, DropRetained, Retain, claims::Request, claims::Yielded, claims::Release, claims::Hold,
    claims::HeldAll, StatsAnswer,
    // from shard 0
    RoutesInForce, RetainedMatch, RetainedPage, RetainStored, claims::Grant, claims::Refusal, claims::Yield, Reassert,
    NodeGone, NodeBack, Nudge, StatsWanted>;
inline constexpr std::uint8_t kPeerKinds = 4;

template <class Kind, class... Kinds>
constexpr std::uint8_t number_in(MessageTable<Kinds...>) {
  constexpr bool same[] = {std::is_same_v<Kind, Kinds>...};
  std::uint8_t n = 0;
  while (!same[n]) ++n;
  return n;
}
/// Of a struct that is in the table.
template <class Kind>
inline constexpr std::uint8_t kKindOf = number_in<Kind>(ShardMessages{});

// Writing and reading -------------------------------------------------------------------------------------------------

class MessageWriter : public FieldWriter {
 public:
  MessageWriter(std::vector<std::uint8_t>& buffer, ByteWriter& out, Nanos now)
      : FieldWriter(out), buffer_(buffer), now_(now) {}
  void message(const session::MessageView& v) { session::encode_message(buffer_, v, now_); }
  void share_filter(std::string_view v) { text(v); }

 private:
  std::vector<std::uint8_t>& buffer_;
  Nanos now_;
};

enum class Sender : std::uint8_t { kThisNode, kPeer };

class MessageReader : public FieldReader {
 public:
  MessageReader(ByteReader& in, Nanos now, Sender sender) : FieldReader(in), now_(now), sender_(sender) {}
  void message(session::MessageView& v);
  void share_filter(std::string_view& v);

 private:
  Nanos now_;
  Sender sender_;
};

/// Writes the message into a buffer that is reused: cleared before. The expiry of a message travels as what is left of
/// it.
template <class Kind>
void write_message(std::vector<std::uint8_t>& buffer, const Kind& kind, Nanos now) {
  buffer.clear();
  ByteWriter out(buffer);
  out.u8(kKindOf<Kind>);
  MessageWriter fields(buffer, out, now);
  Kind::fields(kind, fields);
}

/// Reads the fields after the kind; false when they are cut short, followed by more, or no values of this kind.
template <class Kind>
bool read_message(Bytes fields, Nanos now, Sender sender, Kind& kind) {
  ByteReader in(fields);
  MessageReader reader(in, now, sender);
  Kind::fields(kind, reader);
  return in.done();
}

namespace detail {
template <class Kind, class Visitor>
bool read_and_visit(Bytes fields, Nanos now, Sender sender, Visitor& visitor) {
  Kind kind;
  if (!read_message(fields, now, sender, kind)) return false;
  visitor(kind);
  return true;
}
template <class Visitor, class... Kinds>
bool visit_in(MessageTable<Kinds...>, std::uint8_t number, Bytes fields, Nanos now, Sender sender, Visitor& visitor) {
  using Read = bool (*)(Bytes, Nanos, Sender, Visitor&);
  static constexpr Read kReads[] = {&read_and_visit<Kinds, Visitor>...};
  const std::size_t kinds = sender == Sender::kPeer ? kPeerKinds : sizeof...(Kinds);
  return number < kinds && kReads[number](fields, now, sender, visitor);
}
}  // namespace detail

/// Calls visitor(kind) with what the message says; false, and no call, when it says nothing that this sender may say.
/// Views in `kind` live as long as the bytes.
template <class Visitor>
bool visit_message(Bytes message, Nanos now, Sender sender, Visitor& visitor) {
  if (message.empty()) return false;
  return detail::visit_in(ShardMessages{}, message[0], message.subspan(1), now, sender, visitor);
}

}  // namespace orrery::node

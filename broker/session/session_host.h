// SPDX-License-Identifier: Apache-2.0
// What the session layer needs of the shard around it. The node layer implements it; tests write down what is asked.
//
// No call comes back into Sessions before it has returned: answers (claims granted, routes in force, acknowledgements
// confirmed) are later calls of the shard.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "broker/claims/claims.h"
#include "broker/seam/effects.h"
#include "broker/session/message.h"

namespace orrery::session {

/// How a connection ends, for the transport under it: WebSocket sends its own Close with a fitting code first.
enum class LinkEnd : std::uint8_t {
  kNormal,         // after a DISCONNECT, or a refused CONNECT
  kProtocolError,  // the client broke the protocol
  kTooLarge,       // a packet above the limit
  kAbort,          // it does not read: do not wait for it
};

/// Filters whose first subscriber of this shard came, or whose last one went. The views live as long as the call.
struct RouteRequest {
  /// Comes back with routes_in_force(); 0: no answer is wanted.
  std::uint32_t token = 0;
  std::span<const std::string_view> added;
  std::span<const std::string_view> removed;
};

/// The next few retained messages that match a filter.
struct RetainedPull {
  std::uint32_t token = 0;
  /// Where to go on: 0 is the beginning, else what Sessions::retained_page gave. A cursor is used up by this, or given
  /// back by drop_retained.
  std::uint64_t cursor = 0;
  std::string_view filter;
};

class SessionHost {
 public:
  virtual ~SessionHost() = default;

  /// A buffer to append exactly one packet to, then end_packet sends it: returns what Effects::send does.
  virtual std::vector<std::uint8_t>& begin_packet() = 0;
  virtual std::size_t end_packet(LinkId link) = 0;
  /// Ends the link after what was sent; connection_closed() follows later, and no packets.
  virtual void end_link(LinkId link, LinkEnd how) = 0;
  /// The connection takes packets again, those first that were held back while the client id was claimed.
  virtual void resume_link(LinkId link) = 0;
  /// Asked when the keep alive is over: the link is not read for our own reasons, or its client still takes what waits.
  virtual bool excused(LinkId) { return false; }

  // Who holds which client id (claims.h).
  /// Sessions::claim_granted or claim_failed follows.
  virtual void claim(Nanos now, const claims::Request& request) = 0;
  virtual void yielded(Nanos now, const claims::Yielded& yielded) = 0;
  virtual void release(Nanos now, const claims::Release& release) = 0;

  virtual void change_routes(Nanos now, const RouteRequest& request) = 0;
  /// Sessions::retained for each, then Sessions::retained_page, follow. How many are a few is the host's choice,
  /// bounded in bytes: one event of this shard takes them all, whatever the client's link can take.
  virtual void pull_retained(Nanos now, const RetainedPull& pull) = 0;
  virtual void drop_retained(Nanos now, std::uint64_t cursor) = 0;
  /// Sends the message to every other place with a matching subscription, and to one member of each group that matches,
  /// which may be here (Sessions::deliver_to_group). Returns how many confirmations for `owed` will follow. `matched`
  /// is set if anybody did.
  virtual std::uint32_t route(Nanos now, const MessageView& message, std::uint32_t owed, bool& matched) = 0;
  /// To another member of the group message.share_filter, anywhere; the sender's shard has asked its own members
  /// before. False when there is none; then it is counted as dropped.
  virtual bool route_to_group(Nanos now, const MessageView& message) = 0;
  /// Sets the retained message of its topic (none with an empty payload). Returns as route().
  virtual std::uint32_t retain(Nanos now, const MessageView& message, std::uint32_t owed) = 0;

  /// The largest message, in the form of encode_message, that can be retained: what the cluster carries.
  virtual std::size_t retained_bytes_max() const { return SIZE_MAX; }

  /// Asks the former holder for what came for a session after it was given up, and tells it that it may forget it.
  virtual void fetch_rest(Nanos now, Place former, std::string_view client_id, std::uint64_t epoch) = 0;
  virtual void give_rest(Nanos now, Place present, std::string_view client_id, Bytes rest) = 0;
};

}  // namespace orrery::session

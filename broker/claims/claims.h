// SPDX-License-Identifier: Apache-2.0
// What is said about who holds which client identifier (MQTT 5, 3.1.3.1): the one spelling of these words.
//
// A shard claims the identifier of a CONNECT and is granted or refused it; a holder whose client has connected
// elsewhere is told to yield and hands over its session; it releases what has ended, and tells what it holds when
// registrars change. The same structs pass as parameters through session::SessionHost, the shards' messages
// (broker/node/shard_message.h), the control plane and the registrar (broker/cluster), and in the same encoding
// (broker/base/fields.h) from shard to shard and from node to node. How it works is in ARCHITECTURE.md, "CONNECT"; the
// layouts are in docs/peer-protocol.md.
//
// An epoch is given by a registrar with each grant and larger than all before; 0 is none. Views live as long as the
// call.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.h"
#include "broker/base/fields.h"

namespace orrery::claims {

/// A shard wants the client identifier. A Grant or a Refusal with the same `request` follows.
struct Request {
  /// The shard's own number, unique among its requests under way.
  std::uint64_t request = 0;
  bool clean_start = false;
  std::string_view client_id;
  static void fields(auto& self, auto& f) {
    f.u64(self.request);
    f.flag(self.clean_start);
    f.text(self.client_id);
  }
};

/// The client identifier belongs to the shard from now on, under this epoch. `session` is what the former holder handed
/// over.
struct Grant {
  std::uint64_t request = 0;
  std::uint64_t epoch = 0;
  bool session_present = false;
  std::string_view client_id;
  Bytes session;
  static void fields(auto& self, auto& f) {
    f.u64(self.request);
    f.u64(self.epoch);
    f.flag(self.session_present);
    f.text(self.client_id);
    f.blob(self.session);
  }
};

/// No registrar answered in time, or too many requests for the same client identifier.
struct Refusal {
  std::uint64_t request = 0;
  std::string_view client_id;
  static void fields(auto& self, auto& f) {
    f.u64(self.request);
    f.text(self.client_id);
  }
};

/// The shard holds the client identifier under `epoch` or an older one and must give it up: it disconnects the client
/// (0x8E) and answers Yielded, also when it does not know the identifier.
struct Yield {
  std::uint64_t epoch = 0;
  bool discard = false;  // the taker starts clean, the session need not be sent
  std::string_view client_id;
  static void fields(auto& self, auto& f) {
    f.u64(self.epoch);
    f.flag(self.discard);
    f.text(self.client_id);
  }
};

/// The answer to a Yield, with its epoch.
struct Yielded {
  std::uint64_t epoch = 0;
  bool session_present = false;
  std::string_view client_id;
  Bytes session;
  static void fields(auto& self, auto& f) {
    f.u64(self.epoch);
    f.flag(self.session_present);
    f.text(self.client_id);
    f.blob(self.session);
  }
};

/// The session under this epoch has ended for good; ignored when the epoch is no longer the newest.
struct Release {
  std::uint64_t epoch = 0;
  std::string_view client_id;
  static void fields(auto& self, auto& f) {
    f.u64(self.epoch);
    f.text(self.client_id);
  }
};

/// In a round in which holders tell: this shard holds the client identifier under this epoch.
struct Hold {
  std::uint64_t epoch = 0;
  std::string_view client_id;
  static void fields(auto& self, auto& f) {
    f.u64(self.epoch);
    f.text(self.client_id);
  }
};

/// The teller has told all that it holds to these cores (bit n is node n).
struct HeldAll {
  std::uint64_t cores = 0;
  static void fields(auto& self, auto& f) { f.u64(self.cores); }
};

}  // namespace orrery::claims

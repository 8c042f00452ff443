// SPDX-License-Identifier: Apache-2.0
// Who comes in and what they may do: the questions that sessions ask, answered by broker/auth or by an embedder.
//
// Every answer is given at once, from memory; a gate never blocks and reads no clock, file or random source. One gate
// serves all shards of a node: its const functions are called from several threads. A broker without a gate admits
// everybody to everything, at no cost.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "broker/mqtt/types.h"

namespace orrery::session {

/// One client that has been admitted, and its rights. Owned by its connection; it may refer to its gate.
class Principal {
 public:
  virtual ~Principal() = default;
  /// Empty for a client without a user name.
  virtual std::string_view user_name() const = 0;
  /// A topic name, never a filter.
  virtual bool may_publish(std::string_view topic) const = 0;
  /// Every topic that the topic filter (without $share/NAME/) matches.
  virtual bool may_subscribe(std::string_view topic_filter) const = 0;
};

struct Credentials {
  std::string_view client_id;  // the assigned one when CONNECT had none
  std::optional<std::string_view> user_name;
  std::optional<Bytes> password;
};

/// The answer to credentials or to a step of an exchange.
struct Verdict {
  /// kSuccess, kContinueAuthentication (a step only), or what CONNACK or DISCONNECT refuses with.
  mqtt::ReasonCode reason = mqtt::ReasonCode::kNotAuthorized;
  /// A static text for the Reason String of a refusal; says nothing that helps to guess.
  const char* what = "";
  /// With kSuccess, and only then.
  std::unique_ptr<Principal> principal;
};

/// Enhanced authentication (MQTT 5, 4.12) of one client by one method, from CONNECT or a re-authenticating AUTH on.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// The client's Authentication Data, empty when there was none; `answer` (empty before) becomes ours, to go with
  /// AUTH or with the CONNACK or AUTH of success. After a verdict other than kContinueAuthentication it is over.
  virtual Verdict step(Bytes data, std::vector<std::uint8_t>& answer) = 0;
};

class Gate {
 public:
  virtual ~Gate() = default;
  /// CONNECT without an Authentication Method.
  virtual Verdict admit(const Credentials& credentials) const = 0;
  /// Null when there is no such method. `draw` is from the shard's own generator and different in each call; a gate
  /// mixes it with a secret of its own where it must not be guessed.
  virtual std::unique_ptr<Exchange> begin(std::string_view method, std::string_view client_id,
                                          std::uint64_t draw) const = 0;
};

}  // namespace orrery::session

// SPDX-License-Identifier: Apache-2.0
// Sizes and options of the simulated brokers.
#include "conformance/driver/sim_kinds.h"

#include "broker/auth/file_gate.h"
#include "broker/node/broker_node.h"
#include "broker/openssl/openssl_digest.h"
#include "conformance/driver/echo_node.h"

namespace orrery::conformance {
namespace {

// The files of the guarded broker; conformance/brokers/orrery-guarded.json has the same. The line is what
// "orrery-broker passwd FILE alice --scram" wrote. A rule for # says nothing about topics that begin with $, so that
// two of those can be closed while everything else, subscriptions to # too, is open.
constexpr const char* kPasswords =
    "alice:SCRAM-SHA-256$4096:3zD5CtAKF5eIeybDLL79JA==$zEWNJYR/BzUVMbn/gH/1MIBFFNpWTks3rSK6/XwBIi4=:"
    "UPP58xWzNGPCO3CndmPtyRGzqlvQcD5lQOiwaUDWH0I=\n";
constexpr const char* kAcl =
    "pattern readwrite #\n"
    "pattern readwrite $oc/#\n"
    "pattern readwrite $x/#\n"
    "pattern read $board/news\n"
    "pattern write $box/letters\n";
const Access kAccess = {"alice", "open-sesame-7", "$board/news", "$box/letters", true};

std::shared_ptr<const session::Gate> make_gate() {
  auth::FileGateOptions files;
  files.passwords = {"passwords", kPasswords};
  files.acl = {"acl", kAcl};
  files.allow_anonymous = true;
  // The same in every world, so that a case always sees the same bytes.
  return std::make_shared<auth::FileGate>(files, openssl::make_digest(), std::vector<std::uint8_t>(32, 0x5e));
}

}  // namespace

const std::vector<std::string>& sim_kinds() {
  static const std::vector<std::string> kinds = {"sim", "alone", "cluster", "limited", "guarded", "moved", "echo"};
  return kinds;
}

SimSetup sim_setup(std::string_view kind, std::uint64_t seed) {
  SimSetup setup;
  setup.name = "simulated broker";
  setup.seed = seed;
  setup.members = {{"node", Role::kCore, 2}};
  node::BrokerOptions options;
  if (kind == "alone") {
    setup.name = "simulated broker with one shard";
    setup.members = {{"node", Role::kCore, 1}};
  }
  if (kind == "cluster") {
    setup.name = "simulated cluster";
    setup.members = {{"core", Role::kCore, 1}, {"one", Role::kReplicant, 2}, {"two", Role::kReplicant, 1}};
  }
  if (kind == "limited") {
    setup.name = "simulated broker with few capabilities";
    options.mqtt.max_qos = 1;
    options.mqtt.retain_available = false;
    options.mqtt.wildcard_subscription = false;
    options.mqtt.shared_subscription = false;
    options.mqtt.subscription_identifiers = false;
    options.mqtt.topic_alias_maximum = 0;
  }
  if (kind == "guarded") {
    setup.name = "simulated broker with users";
    setup.access = kAccess;
    setup.claims = bit(Capability::kResponseInformation);
    options.mqtt.gate = make_gate();
    options.mqtt.response_information = "reply/";
  }
  if (kind == "moved") {
    setup.name = "simulated broker that names another";
    setup.claims = bit(Capability::kMoved);
    options.mqtt.server_reference = "other.example:1883";
  }
  setup.factory = node::make_broker_node(options);
  if (kind == "echo") {
    setup.name = "simulated echo";
    setup.claims = bit(Capability::kEcho);
    setup.listeners = {Transport::kWebSocket};
    setup.transport = Transport::kWebSocket;
    setup.factory = make_echo_node();
  }
  return setup;
}

}  // namespace orrery::conformance

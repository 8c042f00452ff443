// SPDX-License-Identifier: Apache-2.0
// What a target was set up with so that logins and rights can be tested: one user, a topic that is closed for
// publishing and a filter that is closed for subscribing.
//
// It belongs to the installation and not to the broker: the broker's own files must say the same
// (conformance/brokers/README.md). The two topics are closed for everybody, whoever they are.
#pragma once

#include <string>

namespace orrery::conformance {

struct Access {
  /// Empty: nothing was set up, and the cases that need it do not apply.
  std::string user;
  std::string password;
  /// A topic name that everybody may subscribe to and nobody may publish to; empty: there is none.
  std::string no_publish;
  /// A topic filter that nobody may subscribe to, while everybody may publish to what it matches; empty: there is none.
  std::string no_subscribe;
  /// SCRAM-SHA-256 (MQTT 5, 4.12) works for the user.
  bool scram = false;
};

}  // namespace orrery::conformance

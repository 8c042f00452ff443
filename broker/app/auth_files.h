// SPDX-License-Identifier: Apache-2.0
// The gate of the configuration's files, and the command that writes password lines (docs/authentication.md).
#pragma once

#include <memory>
#include <string>

#include "broker/app/config.h"
#include "broker/session/gate.h"

namespace orrery::app {

/// Null when neither file is configured. Throws ConfigError with file and line.
std::shared_ptr<const session::Gate> make_gate(const AuthFiles& files);

struct PasswordChange {
  std::string file;
  std::string user_name;
  bool scram = false;
  bool remove = false;
};
/// Sets or removes one user's line; the password is the first line of standard input, asked for on a terminal. Other
/// lines stay as they are; a file that is not there is made. Throws ConfigError.
void change_password(const PasswordChange& change);

}  // namespace orrery::app

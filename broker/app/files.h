// SPDX-License-Identifier: Apache-2.0
// Files of the operator, read and written as a whole.
#pragma once

#include <string>

namespace orrery::app {

/// Throws ConfigError "WHAT PATH cannot be read: why"; `what` is such as "the configuration file".
std::string read_file(const std::string& what, const std::string& path);
/// Writes beside the file and renames, so that nobody sees half of it; only the owner may read it. Throws ConfigError.
void write_secret_file(const std::string& what, const std::string& path, const std::string& text);

}  // namespace orrery::app

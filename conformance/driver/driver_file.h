// SPDX-License-Identifier: Apache-2.0
// A broker as data: how to start it, where it then listens, what it claims and which cases it is known to fail.
//
// conformance/brokers/README.md describes the file. In commands, files and addresses {dir} is a directory of the run's
// own, {bin} the folder of the running program, {here} the folder of the driver file, {port:NAME} a free loopback
// port, the same for the same NAME, {certificate} and {key} PEM files that are made for the run.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "conformance/driver/access.h"
#include "conformance/driver/capability.h"
#include "conformance/driver/deviation.h"
#include "conformance/driver/target.h"

namespace orrery::conformance {

struct DriverFile {
  std::string name;
  /// The folder that the file is in.
  std::string here;
  std::string homepage;
  std::vector<std::string> command;
  /// Prints the version in its first line, whatever its exit code; empty: no version is shown.
  std::vector<std::string> version_command;
  /// Name in {dir}, and lines.
  std::map<std::string, std::vector<std::string>> files;
  /// Addresses in the order of the file.
  std::vector<std::string> listeners;
  Nanos ready_within = 10 * kSecond;
  /// What is added to exact times before the broker counts as late.
  Nanos slack = 3 * kSecond;
  Capabilities capabilities = 0;
  Versions versions = kAllVersions;
  bool strict = false;
  Access access;
  std::vector<Deviation> deviations;
};

/// Capabilities of a broker about which nothing is known: all but those that have to be claimed.
Capabilities usual_capabilities();

/// `path` is where the text was read. Throws ConfigError (base/strict_json.h) with file, line, key and what
/// would be valid.
DriverFile parse_driver_file(std::string_view text, std::string_view path);

/// Puts values for {dir}, {bin}, {here}, {port:NAME}, {certificate} and {key}; other braces stay as they are, since
/// configuration files have braces of their own.
class Placeholders {
 public:
  Placeholders(std::string dir, std::string bin, std::string here)
      : dir_(std::move(dir)), bin_(std::move(bin)), here_(std::move(here)) {}
  std::string fill(std::string_view text);

 private:
  std::string self_signed(bool key);

  std::string dir_;
  std::string bin_;
  std::string here_;
  std::map<std::string, std::string> ports_;
  bool certificate_made_ = false;
};

}  // namespace orrery::conformance

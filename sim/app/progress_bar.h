// SPDX-License-Identifier: Apache-2.0
// The progress bar on standard error: redrawn in place on a terminal, a line at every tenth elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include "sim/scenario/run.h"

namespace orrery::sim {

class ProgressBar {
 public:
  /// `label` stands in front, for instance the scenario's name.
  explicit ProgressBar(std::string label);
  void update(const Progress& p);
  /// Clears the line on a terminal.
  void finish();

 private:
  std::string label_;
  bool terminal_;
  std::uint64_t began_;
  std::uint64_t drawn_ = 0;
  int tenth_ = 0;
};

}  // namespace orrery::sim

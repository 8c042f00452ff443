// SPDX-License-Identifier: Apache-2.0
// From measured events to the price of each thing: non-negative least squares over groups of equal events.
//
// Events that did the same things (the same Features) are one group. A group's time is the mean of its middle, between
// the 5th and the 90th percentile: what is above is mostly an interrupt or a preemption. Prices are never negative; the
// error that is minimised is relative, so that a group of long events does not outweigh many groups of short ones, and
// a group counts with the root of its size. This is a tool, not a part of a run: floating point is welcome here.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "base/rng.h"
#include "broker/seam/effects.h"

namespace orrery::sim {

/// What an event consisted of: its kind, and how often it did what.
enum class Feature : std::uint8_t {
  kLinkOpen,
  kBytes,
  kDrained,
  kLinkClosed,
  kDialFailed,
  kWake,
  kMessage,
  kPost,
  kDial,
  kWork,  // and the 12 kinds of Work
  kCount = kWork + kWorkKinds,
};
inline constexpr int kFeatures = static_cast<int>(Feature::kCount);
using Features = std::array<std::uint32_t, kFeatures>;

class Samples {
 public:
  /// Samples that a group keeps: an even choice of all that came (a reservoir).
  static constexpr std::size_t kGroupMax = 4096;

  void add(const Features& features, std::uint32_t nanos);

  struct Group {
    Features features;
    double nanos = 0;
    double weight = 0;
  };
  std::vector<Group> groups() const;
  std::uint64_t events() const { return events_; }

 private:
  struct Reservoir {
    std::uint64_t seen = 0;
    std::vector<std::uint32_t> kept;
  };
  std::map<Features, Reservoir> groups_;
  std::uint64_t events_ = 0;
  Rng rng_{1};
};

struct Fit {
  /// Nanoseconds of each feature; meaningless where `seen` is false.
  std::array<double, kFeatures> prices{};
  std::array<bool, kFeatures> seen{};
  /// How far the fitted time of an event is from the measured one, as a weighted mean over the groups, relative.
  double mean_error = 0;
};
Fit fit_prices(const std::vector<Samples::Group>& groups);

}  // namespace orrery::sim

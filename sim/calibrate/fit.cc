// SPDX-License-Identifier: Apache-2.0
// Coordinate descent for non-negative least squares: each price in turn takes the value that is best with the others as
// they are.
#include "sim/calibrate/fit.h"

#include <algorithm>
#include <cmath>

namespace orrery::sim {
namespace {

constexpr int kSweepsMax = 20'000;
constexpr double kSettled = 1e-6;  // nanoseconds by which no price moved in a sweep

double mean_of_middle(std::vector<std::uint32_t> values) {
  std::sort(values.begin(), values.end());
  const std::size_t from = values.size() / 20;
  const std::size_t to = std::max(from + 1, values.size() - values.size() / 10);
  double sum = 0;
  for (std::size_t i = from; i < to; ++i) sum += values[i];
  return std::max(1.0, sum / static_cast<double>(to - from));
}

}  // namespace

void Samples::add(const Features& features, std::uint32_t nanos) {
  Reservoir& group = groups_[features];
  ++events_;
  ++group.seen;
  if (group.kept.size() < kGroupMax) return group.kept.push_back(nanos);
  if (const std::uint64_t at = rng_.below(group.seen); at < kGroupMax) group.kept[at] = nanos;
}

std::vector<Samples::Group> Samples::groups() const {
  std::vector<Group> all;
  for (const auto& [features, group] : groups_)
    all.push_back({features, mean_of_middle(group.kept), std::sqrt(static_cast<double>(group.kept.size()))});
  return all;
}

Fit fit_prices(const std::vector<Samples::Group>& groups) {
  Fit fit;
  // Every row is divided by its time: the wanted value is 1 everywhere, and what is left over is a relative error.
  std::vector<double> left(groups.size(), 1.0);
  const auto share = [&](std::size_t g, std::size_t f) { return groups[g].features[f] / groups[g].nanos; };
  std::array<double, kFeatures> norm{};
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (std::size_t f = 0; f < kFeatures; ++f) norm[f] += groups[g].weight * share(g, f) * share(g, f);
  for (int sweep = 0; sweep < kSweepsMax; ++sweep) {
    double moved = 0;
    for (std::size_t f = 0; f < kFeatures; ++f) {
      if (norm[f] == 0) continue;
      fit.seen[f] = true;
      double pull = 0;
      for (std::size_t g = 0; g < groups.size(); ++g) pull += groups[g].weight * share(g, f) * left[g];
      const double price = std::max(0.0, fit.prices[f] + pull / norm[f]);
      const double step = price - fit.prices[f];
      if (step == 0) continue;
      fit.prices[f] = price;
      for (std::size_t g = 0; g < groups.size(); ++g) left[g] -= step * share(g, f);
      moved = std::max(moved, std::abs(step));
    }
    if (moved < kSettled) break;
  }
  double weights = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    fit.mean_error += groups[g].weight * std::abs(left[g]);
    weights += groups[g].weight;
  }
  if (weights > 0) fit.mean_error /= weights;
  return fit;
}

}  // namespace orrery::sim

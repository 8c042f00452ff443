// SPDX-License-Identifier: Apache-2.0
#include "sim/app/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "sim/app/wall_clock.h"
#include "sim/report/figures.h"

namespace orrery::sim {
namespace {

constexpr std::uint64_t kRedrawNanos = 200'000'000;
constexpr int kBarWidth = 24;

std::string describe(const std::string& label, const Progress& p, std::uint64_t elapsed) {
  const auto done = static_cast<int>(p.now * kBarWidth / std::max<Nanos>(1, p.end));
  const std::uint64_t ms = std::max<std::uint64_t>(1, elapsed / 1'000'000);
  std::string out = label + " [" + std::string(static_cast<std::size_t>(done), '=') +
                    std::string(static_cast<std::size_t>(kBarWidth - done), ' ') + "] ";
  out += std::string(p.phase) + " " + decimal(static_cast<std::uint64_t>(p.now), 9, 1) + "/" +
         decimal(static_cast<std::uint64_t>(p.end), 9, 1) + " s, " + grouped(p.live) + " live, " + grouped(p.received) +
         " received, " + grouped(p.events) + " events, " + grouped(p.events * 1000 / ms) + "/s";
  return out;
}

}  // namespace

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)), terminal_(::isatty(STDERR_FILENO) == 1), began_(wall_nanos()) {}

void ProgressBar::update(const Progress& p) {
  const std::uint64_t now = wall_nanos();
  const auto tenth = static_cast<int>(p.now * 10 / std::max<Nanos>(1, p.end));
  if (terminal_ ? now - drawn_ < kRedrawNanos : tenth <= tenth_) return;
  drawn_ = now;
  tenth_ = tenth;
  const std::string text = describe(label_, p, now - began_);
  if (terminal_)
    std::fprintf(stderr, "\r%s\033[K", text.c_str());
  else
    std::fprintf(stderr, "%s\n", text.c_str());
  std::fflush(stderr);
}

void ProgressBar::finish() {
  if (terminal_) std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace orrery::sim

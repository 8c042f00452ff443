// SPDX-License-Identifier: Apache-2.0
#include "load/run.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <fstream>

namespace orrery::load {
namespace {

using boost::system::error_code;

constexpr auto kPollInterval = std::chrono::milliseconds(20);

/// Resident memory of this process.
std::uint64_t memory_now() {
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

Run::Run(const Plan& plan, std::FILE* out)
    : plan_(plan),
      out_(out),
      memory_before_(memory_now()),
      signals_(io_, SIGINT, SIGTERM),
      poll_timer_(io_),
      second_timer_(io_) {
  report_.options = plan.options;
  report_.run = plan.run;
  const std::uint64_t count = plan.options.count;
  const std::uint64_t threads = std::min<std::uint64_t>(plan.options.threads, count);
  for (std::uint64_t t = 0; t < threads; ++t)
    workers_.push_back(std::make_unique<Worker>(plan, static_cast<std::uint32_t>(count * t / threads),
                                                static_cast<std::uint32_t>(count * (t + 1) / threads)));
}

Run::~Run() = default;

Report Run::execute() {
  say(heading(report_) + second_header(plan_.options));
  began_ = phase_began_ = monotonic_now();
  signals_.async_wait([this](error_code e, int) {
    if (e) return;
    report_.interrupted = true;
    signals_.async_wait([this](error_code again, int) {
      if (!again) phase_ = Phase::kDone;
    });
  });
  for (const auto& worker : workers_) worker->start(began_);
  second();
  poll();
  io_.run();
  for (const auto& worker : workers_) worker->join();
  finish();
  return std::move(report_);
}

void Run::poll() {
  step();
  if (phase_ == Phase::kDone) {
    if (!ending_) end_lines();
    if (printed_ == report_.seconds.size()) return;
  }
  poll_timer_.expires_after(kPollInterval);
  poll_timer_.async_wait([this](error_code) { poll(); });
}

void Run::step() {
  switch (phase_) {
    case Phase::kConnecting:
      if (sum(Count::kSettled) == plan_.options.connections() || report_.interrupted) begin_traffic();
      break;
    case Phase::kTraffic:
      if (traffic_ends()) begin_draining();
      break;
    case Phase::kDraining:
      if (drained() || drain_is_quiet()) begin_closing();
      break;
    case Phase::kClosing:
      if (monotonic_now() - phase_began_ > kCloseGrace) phase_ = Phase::kDone;
      break;
    case Phase::kDone:
      break;
  }
}

bool Run::drain_is_quiet() {
  const std::uint64_t seen = sum(Count::kReceived) + sum(Count::kAcknowledged);
  if (seen != drain_seen_) phase_began_ = monotonic_now();
  drain_seen_ = seen;
  return monotonic_now() - phase_began_ > kDrainQuiet;
}

void Run::begin_traffic() {
  phase_ = Phase::kTraffic;
  phase_began_ = monotonic_now();
  report_.connecting = phase_began_ - began_;
  report_.ready = sum(Count::kSettled) - sum(Count::kRefused);
  const std::uint64_t memory = memory_now();
  report_.memory_bytes = memory - std::min(memory, memory_before_);
  const auto per_second = [this](std::uint64_t n) {
    return report_.connecting == 0 ? n : n * kSecond / static_cast<std::uint64_t>(report_.connecting);
  };
  report_.connections_per_second = per_second(report_.ready);
  const Options& o = plan_.options;
  traffic_began_ = phase_began_ + (o.publishes() ? kPublishDelay : 0);
  if (!o.publishes() || report_.interrupted) return;
  const Schedule schedule{traffic_began_, o.publish_interval_ms * kMillisecond, o.count, o.limit};
  for (const auto& worker : workers_) worker->publish(schedule);
}

bool Run::traffic_ends() const {
  const Options& o = plan_.options;
  if (report_.interrupted || sum(Count::kReady) == 0) return true;
  if (o.duration_seconds > 0 && monotonic_now() - traffic_began_ >= o.duration_seconds * kSecond) return true;
  if (o.mode == Mode::kSubscribe) return o.limit > 0 && sum(Count::kReceived) >= o.limit;
  return o.publishes() && o.limit > 0 && published();
}

bool Run::published() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->published(); });
}

/// Nothing is under way any more: all that was due is sent and acknowledged, and in pair it has come back.
bool Run::drained() const {
  if (plan_.options.publishes() && !published()) return false;
  return plan_.options.mode != Mode::kPair || sum(Count::kReceived) >= sum(Count::kSent);
}

void Run::begin_draining() {
  report_.traffic = std::max<Nanos>(0, monotonic_now() - traffic_began_);
  for (const auto& worker : workers_) worker->stop_publishing();
  phase_ = Phase::kDraining;
  phase_began_ = monotonic_now();
}

void Run::begin_closing() {
  report_.lost = sum(Count::kLost);
  for (const auto& worker : workers_) worker->stop_clients();
  phase_ = Phase::kClosing;
  phase_began_ = monotonic_now();
}

/// The last line is of a part of a second; with it, every interval is in the totals. The timer may have expired already
/// and its handler be on its way, so cancelling it is not enough.
void Run::end_lines() {
  ending_ = true;
  signals_.cancel();
  second_timer_.cancel();
  take_second();
}

void Run::second() {
  second_timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(began_ + static_cast<Nanos>(report_.seconds.size() + 1) * kSecond)));
  second_timer_.async_wait([this](error_code e) {
    if (e || ending_) return;
    take_second();
    second();
  });
}

void Run::take_second() {
  const std::size_t line = report_.seconds.size();
  SecondLine entry;
  entry.second = static_cast<std::uint32_t>(line + 1);
  entry.ready = sum(Count::kReady);
  entry.sent = sum(Count::kSent) - sent_before_;
  entry.received = sum(Count::kReceived) - received_before_;
  sent_before_ += entry.sent;
  received_before_ += entry.received;
  report_.seconds.push_back(std::move(entry));
  intervals_missing_.push_back(workers_.size());
  for (const auto& worker : workers_)
    worker->take_interval([this, line](const Interval& interval) {
      boost::asio::post(io_, [this, line, interval] { add_second(line, interval); });
    });
}

void Run::add_second(std::size_t line, const Interval& interval) {
  report_.seconds[line].latency_us.merge(interval.latency_us);
  report_.latency_us.merge(interval.latency_us);
  --intervals_missing_[line];
  print_complete_seconds();
}

void Run::print_complete_seconds() {
  while (printed_ < intervals_missing_.size() && intervals_missing_[printed_] == 0)
    say(second_text(plan_.options, report_.seconds[printed_++]));
}

void Run::finish() {
  report_.refused = sum(Count::kRefused);
  report_.sent = sum(Count::kSent);
  report_.sent_late = sum(Count::kSentLate);
  report_.sent_waited = sum(Count::kSentWaited);
  report_.unsent = sum(Count::kUnsent);
  report_.acknowledged = sum(Count::kAcknowledged);
  report_.not_accepted = sum(Count::kNotAccepted);
  report_.received = sum(Count::kReceived);
  report_.duplicates = sum(Count::kDuplicates);
  report_.reordered = sum(Count::kReordered);
  report_.foreign = sum(Count::kForeign);
  for (const auto& worker : workers_) {
    const Worker::Results& results = worker->results();
    report_.connect_us.merge(results.connect_us);
    report_.late_us.merge(results.late_us);
    report_.messages_lost += results.missing;
    for (const auto& [why, times] : results.failures) report_.failures[why] += times;
  }
  // In pair what was sent is known, so messages lost behind the last one that came are known too.
  if (plan_.options.mode == Mode::kPair)
    report_.messages_lost = report_.sent - std::min(report_.sent, report_.received);
  say(summary(report_));
}

std::uint64_t Run::sum(Count c) const {
  std::uint64_t total = 0;
  for (const auto& worker : workers_) total += worker->count(c);
  return total;
}

void Run::say(const std::string& text) const {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace orrery::load

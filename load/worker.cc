// SPDX-License-Identifier: Apache-2.0
#include "load/worker.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

namespace orrery::load {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr Nanos kHousekeepingInterval = 250 * kMillisecond;
/// Connects begun before the thread looks at its sockets again.
constexpr int kConnectBurst = 64;

std::chrono::steady_clock::time_point time_point(Nanos when) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(when));
}

std::uint64_t micros(Nanos duration) { return static_cast<std::uint64_t>(std::max<Nanos>(duration, 0) / kMicrosecond); }

}  // namespace

// steady_clock is CLOCK_MONOTONIC here, the clock of the stamps.
Nanos monotonic_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Worker::Worker(const Plan& plan, std::uint32_t first, std::uint32_t last)
    : plan_(plan),
      host_(plan.target),
      setup_{plan.options, plan.run, plan.prefix},
      first_(first),
      connect_timer_(host_.io),
      publish_timer_(host_.io),
      housekeeping_timer_(host_.io) {
  ClientOwner& owner = *this;
  const auto add_clients = [&](ClientKind kind) {
    for (std::uint32_t i = first; i < last; ++i)
      clients_.push_back(std::make_unique<Client>(owner, host_, setup_, kind, i));
  };
  if (plan.options.mode == Mode::kConnect) add_clients(ClientKind::kConnection);
  if (plan.options.subscribes()) add_clients(ClientKind::kSubscriber);
  publishers_at_ = clients_.size();
  if (plan.options.publishes()) add_clients(ClientKind::kPublisher);
}

Worker::~Worker() { join(); }

void Worker::start(Nanos begin) {
  begin_ = begin;
  asio::post(host_.io, [this] {
    connect_due();
    housekeeping();
  });
  thread_ = std::thread([this] {
    const auto guard = asio::make_work_guard(host_.io);
    host_.io.run();
  });
}

void Worker::join() {
  if (!thread_.joinable()) return;
  host_.io.stop();
  thread_.join();
  for (const auto& client : clients_) results_.missing += client->missing();
}

/// In pair all subscribers of the run connect before the first publisher.
Nanos Worker::connect_time(std::size_t position) const {
  const Options& o = plan_.options;
  const bool publisher = position >= publishers_at_;
  const std::uint64_t place = first_ + position - (publisher ? publishers_at_ : 0) + (publisher ? o.subscribers() : 0);
  return begin_ + static_cast<Nanos>(place) * o.connect_spacing();
}

void Worker::connect_due() {
  const auto& sources = plan_.options.source_addresses;
  for (int burst = 0; burst < kConnectBurst && connected_to_ < clients_.size(); ++burst) {
    if (connect_time(connected_to_) > now()) break;
    const std::size_t place = connected_to_ + first_;
    clients_[connected_to_]->connect(sources.empty() ? std::string() : sources[place % sources.size()]);
    ++connected_to_;
  }
  if (connected_to_ == clients_.size()) return;
  connect_timer_.expires_at(time_point(connect_time(connected_to_)));
  connect_timer_.async_wait([this](error_code e) {
    if (!e) connect_due();
  });
}

void Worker::publish(const Schedule& schedule) {
  asio::post(host_.io, [this, schedule] {
    schedule_ = schedule;
    const auto publishers = static_cast<std::uint32_t>(clients_.size() - publishers_at_);
    cursor_ = std::make_unique<ScheduleCursor>(schedule, first_, first_ + publishers);
    publish_due();
  });
}

void Worker::publish_due() {
  while (cursor_ != nullptr && !cursor_->done()) {
    const Nanos late = now() - cursor_->time();
    if (late < 0) {
      publish_timer_.expires_at(time_point(cursor_->time()));
      publish_timer_.async_wait([this](error_code e) {
        if (!e) publish_due();
      });
      return;
    }
    results_.late_us.record(micros(late));
    if (late > kLateAbove) add(Count::kSentLate);
    Client& client = *clients_[publishers_at_ + cursor_->publisher() - first_];
    if (client.ready()) {
      client.publish_due(schedule_);
    } else {
      add(Count::kUnsent);
    }
    cursor_->advance();
  }
  schedule_ended_ = true;
  note_published();
}

void Worker::stop_publishing() {
  asio::post(host_.io, [this] {
    cursor_.reset();
    publish_timer_.cancel();
    schedule_ended_ = true;
    note_published();
  });
}

void Worker::note_published() {
  if (!schedule_ended_) return;
  const bool all = std::all_of(clients_.begin() + static_cast<std::ptrdiff_t>(publishers_at_), clients_.end(),
                               [](const auto& c) { return c->ended() || (c->unsent() == 0 && c->in_flight() == 0); });
  published_.store(all, std::memory_order_relaxed);
}

void Worker::take_interval(std::function<void(Interval)> taken) {
  asio::post(host_.io, [this, taken = std::move(taken)] {
    Interval interval = std::move(interval_);
    interval_ = Interval();
    taken(std::move(interval));
  });
}

void Worker::stop_clients() {
  asio::post(host_.io, [this] {
    connect_timer_.cancel();
    connected_to_ = clients_.size();
    for (const auto& client : clients_) client->stop();
  });
}

void Worker::housekeeping() {
  for (const auto& client : clients_) client->housekeeping();
  note_published();
  housekeeping_timer_.expires_after(std::chrono::nanoseconds(kHousekeepingInterval));
  housekeeping_timer_.async_wait([this](error_code e) {
    if (!e) housekeeping();
  });
}

void Worker::client_ready(Client& client) {
  results_.connect_us.record(micros(now() - client.connect_began()));
  add(Count::kSettled);
  add(Count::kReady);
}

void Worker::client_failed(Client& client, std::string_view why) {
  if (client.ready()) {
    add(Count::kLost);
    counts_[static_cast<std::size_t>(Count::kReady)].fetch_sub(1, std::memory_order_relaxed);
  } else {
    add(Count::kSettled);
    add(Count::kRefused);
  }
  ++results_.failures[std::string(why)];
}

void Worker::client_sent(Client&, bool had_waited) {
  add(Count::kSent);
  if (had_waited) add(Count::kSentWaited);
}

void Worker::client_acknowledged(Client&, bool refused) { add(refused ? Count::kNotAccepted : Count::kAcknowledged); }

void Worker::client_received(Client& client, const client::Packet& publish) {
  const std::optional<Stamp> stamp = read_stamp(as_bytes(publish.payload));
  const bool ours = stamp && (plan_.options.mode != Mode::kPair || stamp->run == plan_.run);
  if (!ours) {
    add(Count::kForeign);
    return;
  }
  // In pair the subscriber was there before the first message; otherwise whatever comes first is the beginning.
  const std::uint32_t first = plan_.options.mode == Mode::kPair ? 0 : stamp->sequence;
  const SequenceCheck::Seen seen = client.source(stamp->run, stamp->publisher, first).record(stamp->sequence);
  if (seen == SequenceCheck::Seen::kDuplicate) {
    add(Count::kDuplicates);
    return;
  }
  if (seen == SequenceCheck::Seen::kLate) add(Count::kReordered);
  add(Count::kReceived);
  interval_.latency_us.record(micros(now() - stamp->intended));
}

}  // namespace orrery::load

// SPDX-License-Identifier: Apache-2.0
// Turns, batches, the timer and the bell: see shard_loop.h.
#include "broker/runtime_asio/shard_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace orrery::runtime {
namespace {

timespec to_timespec(Nanos at) { return {at / kSecond, at % kSecond}; }

}  // namespace

Nanos steady_now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * kSecond + t.tv_nsec;
}

ShardLoop::ShardLoop(ShardId self, Commons& commons)
    : self_(self),
      commons_(commons),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      io_(std::make_unique<IoWait>(epoll_.get())),
      run_by_(self),
      links_(heap_),
      dials_(heap_),
      lingers_(heap_),
      read_buffer_(new std::uint8_t[kReadBuffer]),
      log_(commons.log_options, commons.node_name, self, commons.log) {
  watch(EPOLL_CTL_ADD, bell_.fd(), EPOLLIN | EPOLLET, Source::kBell, 0);
  watch(EPOLL_CTL_ADD, timer_.get(), EPOLLIN | EPOLLET, Source::kTimer, 0);
  for (const ClusterMember& member : commons.members) said_unreachable_.emplace_back(member.shards, false);
}

ShardLoop::~ShardLoop() {
  for (LinkId id = 0; id < links_.end(); ++id)
    if (links_.contains(id)) ::close(links_[id].fd);
}

bool ShardLoop::watch(int operation, int fd, std::uint32_t events, Source source, std::uint32_t id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = std::uint64_t{static_cast<std::uint32_t>(source)} << 32 | id;
  return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

void ShardLoop::run(Shard& shard, std::barrier<>& started) {
  {
    const std::lock_guard<std::mutex> held(running_);
    shard_ = &shard;
    outboxes_.resize(commons_.shards.size());
    handled_.resize(commons_.shards.size());
    begin_batch();
    shard_->start(now_);
    started.arrive_and_wait();
    end_batch();
    if (work_left()) bell_.wake();
  }
  io_->run([this] { turn(); });
  const std::lock_guard<std::mutex> held(running_);
  over_ = true;
  finish();
}

void ShardLoop::give_up(int status, std::string_view last_words) {
  note({.kind = NoteKind::kGivesUp, .text = last_words, .numbers = {static_cast<std::uint64_t>(status)}});
  commons_.status.store(status != 0 ? status : 1);
  for (const auto& shard : commons_.shards) shard->stop();
}

void ShardLoop::stop() {
  stopping_.store(true);
  io_->stop();
  bell_.wake();
}

// A turn stays with the epoll set while batches follow each other closely: entering it through Asio costs three system
// calls, and under load nothing else is waiting there. Signals and name look-ups wait for kTurn at most.
void ShardLoop::turn() {
  epoll_event events[kBatchEvents];
  const Nanos ends = steady_now() + kTurn;
  constexpr int kTurnMs = static_cast<int>(kTurn / kMillisecond);
  int patience_ms = 0;
  std::unique_lock<std::mutex> held(running_);
  do {
    const int wait_ms = work_left() ? 0 : patience_ms;
    held.unlock();
    const int count = ::epoll_wait(epoll_.get(), events, kBatchEvents, wait_ms);
    const int error = errno;
    held.lock();
    if (stopping_.load(std::memory_order_relaxed)) return;
    if (count < 0 && error == EINTR) return;
    ORRERY_ASSERT(count >= 0);
    if (count == 0 && !work_left()) return;
    batch(events, count);
    const Nanos begun = now_;
    help();
    const Nanos end = steady_now();
    busy_.add(end - begun, begun - batch_end_);
    batch_end_ = end;
    patience_ms = kTurnMs;
  } while (now_ < ends);
  if (work_left()) bell_.wake();
}

void ShardLoop::batch(const epoll_event* events, int count) {
  begin_batch();
  for (int i = 0; i < count; ++i) handle(events[i]);
  if (bell_.rung()) {
    take_messages();
    take_answers();
  }
  end_batch();
}

// Nobody waits for a shard while holding another, so nobody waits in a circle. What the other shard says to this one in
// return is taken here, too, but not for ever: links have their turn.
void ShardLoop::help() {
  for (int round = 0; to_help_ != kShardsMax && round < kHelpRounds; ++round) {
    ShardLoop& other = *commons_.shards[std::exchange(to_help_, ShardId{kShardsMax})];
    if (!other.bell_.rung()) continue;  // it has taken them itself
    std::unique_lock<std::mutex> held(other.running_, std::try_to_lock);
    if (!held || other.over_) {
      other.bell_.wake();
      continue;
    }
    other.run_by_ = self_;
    other.batch(nullptr, 0);
    other.run_by_ = other.self_;
    if (other.work_left()) other.bell_.wake();
    held.unlock();
    if (bell_.rung()) batch(nullptr, 0);
  }
  if (to_help_ != kShardsMax) commons_.shards[std::exchange(to_help_, ShardId{kShardsMax})]->bell_.wake();
}

void ShardLoop::handle(const epoll_event& event) {
  const auto id = static_cast<std::uint32_t>(event.data.u64);
  switch (static_cast<Source>(event.data.u64 >> 32)) {
    case Source::kLink:
      return on_link(id, event.events);
    case Source::kListener:
      return on_listener(id);
    case Source::kDial:
      return on_dial(id);
    case Source::kLinger:
      return on_linger(id);
    case Source::kBell:
      return;  // the batch looks for messages anyway
    case Source::kTimer:
      timer_set_ = kNever;
      return;
  }
}

void ShardLoop::begin_batch() {
  now_ = std::max(now_, steady_now());
  if (wish_ <= now_) {
    wish_ = kNever;
    shard_->wake(now_);
  }
  expire();
  report_failed_dials();
  report_unstored();
  reading_again_.swap(read_again_);
  for (const LinkId id : reading_again_) {
    if (!links_.contains(id)) continue;
    links_[id].in_read_again = false;
    read_link(id);
  }
  reading_again_.clear();
}

// Writing can end links, and telling the shard of an ended link can make it send: until nothing is left. A helper
// leaves ended links to the shard's own thread, which may hold events that name them.
void ShardLoop::end_batch() {
  do {
    hand_over_all();
    flush_batch();
    if (run_by_ != self_) break;
    settling_.swap(ended_);
    for (const LinkId id : settling_) settle(id);
    settling_.clear();
  } while (!dirty_.empty() || !ended_.empty());
  hand_over_all();
  set_timer();
}

std::size_t ShardLoop::post(ShardId to, Bytes message) {
  ORRERY_ASSERT(to != self_);
  Mailbox::append(outboxes_[to], self_, message);
  if (outboxes_[to].size() >= kPostBatchBytes) hand_over(to);
  return commons_.mailboxes[to]->waiting(self_, outboxes_[to]);
}

void ShardLoop::hand_over(ShardId to) {
  if (outboxes_[to].empty()) return;
  commons_.mailboxes[to]->put(self_, outboxes_[to]);
  Bell& bell = commons_.shards[to]->bell_;
  if (!bell.mark() || to == run_by_) return;  // who runs this shard looks for messages of its own next
  if (run_by_ == self_ && to_help_ == kShardsMax && busy_.under_half())
    to_help_ = to;
  else
    bell.wake();
}

void ShardLoop::hand_over_all() {
  hand_over_persists();
  for (std::size_t to = 0; to < outboxes_.size(); ++to) hand_over(static_cast<ShardId>(to));
}

void ShardLoop::take_messages() {
  bell_.heard();
  Mailbox& mailbox = *commons_.mailboxes[self_];
  mailbox.take(inbox_);
  Mailbox::for_each(inbox_, [&](ShardId from, Bytes message) {
    handled_[from] += Mailbox::size_of(message);
    shard_->message(now_, from, message);
  });
  inbox_.clear();
  for (std::size_t from = 0; from < handled_.size(); ++from) {
    if (handled_[from] == 0) continue;
    if (mailbox.handled(static_cast<ShardId>(from), std::exchange(handled_[from], 0)))
      tell_taken(static_cast<ShardId>(from));
  }
  for (std::uint64_t by = mailbox.hear_taken(); by != 0; by &= by - 1)
    shard_->posts_taken(now_, static_cast<ShardId>(std::countr_zero(by)));
}

void ShardLoop::tell_taken(ShardId from) {
  commons_.mailboxes[from]->say_taken(self_);
  Bell& bell = commons_.shards[from]->bell_;
  if (bell.mark() && from != run_by_) bell.wake();
}

void ShardLoop::tell(const Note& note) {
  if (!log_.admit(now_, note.kind)) return;
  char text[kAddressTextMax];
  log_.write(note, note.link == Note::kNoLink ? std::string_view() : address_of(note.link, text));
}

void ShardLoop::expire() {
  dial_deadlines_.expire(now_, [this](std::uint32_t id, std::uint32_t stamp) {
    if (dials_.contains(id) && dials_[id].stamp == stamp) fail_dial(id, "no answer");
  });
  flush_deadlines_.expire(now_, [this](std::uint32_t id, std::uint32_t stamp) {
    if (links_.contains(id) && links_[id].stamp == stamp) end_link(links_[id], id, LinkState::kAborting);
  });
  linger_deadlines_.expire(now_, [this](std::uint32_t id, std::uint32_t stamp) {
    if (lingers_.contains(id) && lingers_[id].stamp == stamp) lingers_.erase(id);
  });
  if (accept_again_ <= now_) resume_listeners();
  log_.tell_rest(now_);
}

// The kernel's timer is only ever moved to earlier: a wish that moves to later costs nothing now and one idle turn
// then. A wish that is due costs nothing either: it is work left for the next batch.
void ShardLoop::set_timer() {
  const Nanos wish = wish_ <= now_ ? kNever : wish_;
  const Nanos want = std::min(
      {wish, accept_again_, dial_deadlines_.next(), flush_deadlines_.next(), linger_deadlines_.next(), log_.next()});
  if (want >= timer_set_) return;
  timer_set_ = want;
  itimerspec at{};
  at.it_value = to_timespec(std::max(want, Nanos{1}));  // 0 would switch it off
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

// After stop(): no more events for the shard; links get some time for what was sent.
void ShardLoop::finish() {
  for (Listener& listener : listeners_) listener.socket.reset();
  flush_batch();
  // The last turn may have dropped the news that a link takes bytes again: ask each of them.
  for (LinkId id = 0; id < links_.end(); ++id)
    if (links_.contains(id) && links_[id].waiting != nullptr) write_waiting(links_[id], id);
  const Nanos end = steady_now() + kStopFlush;
  Nanos quiet_end = steady_now() + kStopQuiet;
  while (some_link_waits()) {
    const Nanos left = std::min(end, quiet_end) - steady_now();
    if (left <= 0) break;
    epoll_event events[kBatchEvents];
    const int count = ::epoll_wait(epoll_.get(), events, kBatchEvents, static_cast<int>(left / kMillisecond) + 1);
    for (int i = 0; i < count; ++i)
      if (write_at_stop(events[i])) quiet_end = steady_now() + kStopQuiet;
  }
  for (LinkId id = 0; id < links_.end(); ++id)
    if (links_.contains(id)) ::shutdown(links_[id].fd, SHUT_WR);
  log_.tell_rest(kNever);
}

bool ShardLoop::some_link_waits() const {
  for (LinkId id = 0; id < links_.end(); ++id)
    if (links_.contains(id) && links_[id].waiting != nullptr && links_[id].state != LinkState::kAborting) return true;
  return false;
}

/// True when a link took bytes.
bool ShardLoop::write_at_stop(const epoll_event& event) {
  const auto id = static_cast<LinkId>(event.data.u64);
  if (static_cast<Source>(event.data.u64 >> 32) != Source::kLink || !links_.contains(id)) return false;
  Link& link = links_[id];
  if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) link.state = LinkState::kAborting;
  if (link.waiting == nullptr || link.state == LinkState::kAborting) return false;
  const std::size_t before = link.waiting->size();
  write_waiting(link, id);
  return link.waiting == nullptr || link.waiting->size() < before;
}

}  // namespace orrery::runtime

// SPDX-License-Identifier: Apache-2.0
// The language of TestHost: what each line does. broker/session/testdata/README.md tells it to those who write
// transcripts.
#include "broker/session/test_host.h"

#include <gtest/gtest.h>

#include <charconv>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/packet_from_text.h"
#include "broker/mqtt/packet_text.h"
#include "broker/session/test_gate.h"
#include "broker/session/test_shard.h"

namespace orrery::session {
namespace {

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

template <class Number>
Number to_number(std::string_view text) {
  Number n = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), n);
  EXPECT_TRUE(result.ec == std::errc() && result.ptr == text.data() + text.size()) << "not a number: " << text;
  return n;
}

Nanos to_duration(std::string_view text) {
  if (text.ends_with("ms")) return to_number<Nanos>(text.substr(0, text.size() - 2)) * kMillisecond;
  EXPECT_TRUE(text.ends_with("s")) << "a duration is 10s or 10ms: " << text;
  return to_number<Nanos>(text.substr(0, text.size() - 1)) * kSecond;
}

std::string unquoted(std::string_view text) {
  EXPECT_TRUE(text.size() >= 2 && text.front() == '"' && text.back() == '"') << "quotes are missing: " << text;
  return std::string(text.substr(1, text.size() - 2));
}

std::string replaced(std::string text, std::string_view from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// {"n/$1..9" qos=1} stands for nine filters.
std::string expanded(std::string_view packet) {
  const std::size_t dollar = packet.find('$');
  const std::size_t dots = packet.find("..", dollar);
  const std::size_t begin = packet.rfind('{', dollar), end = packet.find('}', dollar);
  if (dollar == std::string_view::npos || dots == std::string_view::npos || end == std::string_view::npos)
    return std::string(packet);
  const std::size_t digits = packet.find_first_not_of("0123456789", dots + 2);
  const int first = to_number<int>(packet.substr(dollar + 1, dots - dollar - 1));
  const int last = to_number<int>(packet.substr(dots + 2, digits - dots - 2));
  std::string out(packet.substr(0, begin));
  for (int i = first; i <= last; ++i)
    out += std::string(packet.substr(begin, dollar - begin)) + std::to_string(i) +
           std::string(packet.substr(digits, end + 1 - digits)) + " ";
  return out + std::string(packet.substr(end + 1));
}

/// A line with its numbers taken out: lines of a `repeat` that differ in nothing else are not all printed.
std::string shape(std::string_view line) {
  std::string out;
  for (const char c : line)
    if (c < '0' || c > '9') out += c;
  return out;
}

}  // namespace

TestHost::TestHost() = default;
TestHost::~TestHost() = default;

void TestHost::start() {
  if (!shards_.empty()) return;
  for (ShardId id = 0; id < shard_count_; ++id) shards_.push_back(std::make_unique<TestShard>(*this, id));
}

/// Nine and more words of a line that differ only in their numbers become the first and the last.
void TestHost::say(std::string line) {
  if (line.size() > 600) {
    const std::vector<std::string_view> words = split(line);
    std::string out;
    for (std::size_t i = 0, end = 0; i < words.size(); i = end) {
      while (end < words.size() && shape(words[end]) == shape(words[i])) ++end;
      out += (i == 0 ? "" : " ") + std::string(words[i]);
      if (end - i > 8) out += " ... " + std::to_string(end - i - 2) + " more ... " + std::string(words[end - 1]);
      for (std::size_t k = i + 1; end - i <= 8 && k < end; ++k) out += " " + std::string(words[k]);
    }
    line = out;
  }
  out_ += "  " + std::move(line) + "\n";
}

std::string TestHost::run(std::string_view line) {
  out_.clear();
  command(line);
  return std::move(out_);
}

void TestHost::command(std::string_view line) {
  const std::size_t arrow = line.find("> ");
  if (arrow != std::string_view::npos && arrow == line.find('>') && line.find(' ') == arrow + 1) {
    const bool more = arrow > 0 && line[0] == '+';  // "+c1> ...": the next packet comes in the same event
    return client_sends(line.substr(more ? 1 : 0, arrow - (more ? 1 : 0)), line.substr(arrow + 2), !more);
  }
  const Words words = split(line);
  ASSERT_FALSE(words.empty());
  const std::string_view verb = words[0];
  const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string_view(); };
  if (verb == "set") {
    ASSERT_TRUE(shards_.empty()) << "options come first";
    for (std::size_t i = 1; i < words.size(); ++i) ASSERT_TRUE(set_option(words[i])) << "no option: " << words[i];
    return;
  }
  if (verb == "repeat") return repeat(line);
  start();
  if (verb == "open") {
    open(word(1), to_number<ShardId>(word(2).empty() ? "0" : word(2).substr(6)));
  } else if (verb == "close") {
    ASSERT_NE(find(word(1)), nullptr) << line;
    closed(word(1));
  } else if (verb == "tick") {
    tick(to_duration(word(1)));
  } else if (verb == "manual" || verb == "auto") {
    const bool manual = verb == "manual";
    if (word(1) == "claims") manual_claims_ = manual;
    if (word(1) == "routes") manual_routes_ = manual;
    if (word(1) == "retained") manual_retained_ = manual;
    if (word(1) == "rest") manual_rest_ = manual;
    if (word(1) == "work") manual_work_ = manual;
  } else if (verb == "page") {
    ASSERT_FALSE(pulls_.empty()) << "no retained messages are asked for";
    const Pull pull = pulls_.front();
    pulls_.pop_front();
    page(pull);
  } else if (verb == "rest") {
    ASSERT_FALSE(fetches_.empty()) << "no rest is fetched";
    const Fetch oldest = fetches_.front();
    fetches_.pop_front();
    fetch(oldest);
  } else if (verb == "work") {
    WorkBudget budget;
    say(shards_[0]->sessions().work(now_, budget) ? "more is left" : "all is done");
  } else if (verb == "grant") {
    ASSERT_FALSE(claims_.empty()) << "nothing is claimed";
    const Claim claim = claims_.front();
    claims_.pop_front();
    decide(claim, ++epochs_);
  } else if (verb == "fail") {
    ASSERT_FALSE(claims_.empty()) << "nothing is claimed";
    shards_[claims_.front().shard]->sessions().claim_failed(now_, {claims_.front().request, claims_.front().client_id});
    claims_.pop_front();
  } else if (verb == "in_force") {
    ASSERT_FALSE(changes_.empty()) << "no routes are asked for";
    do {
      const RouteChange change = changes_.front();
      changes_.pop_front();
      apply(change);
      answer(change);
      if (word(1) == "all") end_of_event();
    } while (word(1) == "all" && !changes_.empty());
  } else if (verb == "remote") {
    remote_.insert(unquoted(word(1)));
  } else if (verb == "confirm") {
    ASSERT_FALSE(unconfirmed_.empty()) << "nothing waits for a confirmation";
    const std::size_t i = word(1) == "last" ? unconfirmed_.size() - 1 : 0;
    const auto [shard, owed] = unconfirmed_[i];
    unconfirmed_.erase(unconfirmed_.begin() + static_cast<std::ptrdiff_t>(i));
    shards_[shard]->sessions().confirmed(now_, owed);
  } else if (verb == "backlog") {
    ASSERT_NE(find(word(1)), nullptr) << line;
    const Where at = *find(word(1));
    shards_[at.shard]->link(at.link).backlog = to_number<std::size_t>(word(2));
  } else if (verb == "drained") {
    ASSERT_NE(find(word(1)), nullptr) << line;
    const Where at = *find(word(1));
    shards_[at.shard]->link(at.link).backlog = 0;
    shards_[at.shard]->sessions().drained(now_, at.link);
  } else if (verb == "yield") {
    const ShardId shard =
        to_number<ShardId>(word(2).empty() || !word(2).starts_with("shard=") ? "0" : word(2).substr(6));
    const std::string id = unquoted(word(1));
    const auto held = holders_.find(id);
    const std::uint64_t epoch = held == holders_.end() ? 0 : held->second.epoch;
    shards_[shard]->sessions().yield(now_, {epoch, words.back() == "discard", id});
  } else if (verb == "lose") {  // the registrar forgets a client id
    holders_.erase(unquoted(word(1)));
  } else if (verb == "counters") {
    print_counters(to_number<ShardId>(word(1).empty() ? "0" : word(1).substr(6)));
  } else {
    ADD_FAILURE() << "no such command: " << line;
  }
  end_of_event();
}

bool TestHost::set_option(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  const auto number = [&](auto& option) {
    option = to_number<std::decay_t<decltype(option)>>(value);
    return true;
  };
  const auto flag = [&](bool& option) { return option = value == "true", value == "true" || value == "false"; };
  MqttOptions& o = options_;
  if (name == "shards") return number(shard_count_);
  if (name == "notes") return flag(notes_);
  if (name == "max_packet_size") return number(o.max_packet_size);
  if (name == "server_keep_alive") return number(o.server_keep_alive);
  if (name == "max_session_expiry") return number(o.max_session_expiry);
  if (name == "v3_session_expiry") return number(o.v3_session_expiry);
  if (name == "receive_maximum") return number(o.receive_maximum);
  if (name == "max_inflight") return number(o.max_inflight);
  if (name == "max_queue") return number(o.max_queue);
  if (name == "max_link_backlog") return number(o.max_link_backlog);
  if (name == "topic_alias_maximum") return number(o.topic_alias_maximum);
  if (name == "topic_alias_maximum_out") return number(o.topic_alias_maximum_out);
  if (name == "max_subscriptions") return number(o.max_subscriptions);
  if (name == "max_qos") return number(o.max_qos);
  if (name == "connect_timeout") return o.connect_timeout = to_duration(value), true;
  if (name == "retain_available") return flag(o.retain_available);
  if (name == "wildcard_subscription") return flag(o.wildcard_subscription);
  if (name == "shared_subscription") return flag(o.shared_subscription);
  if (name == "subscription_identifiers") return flag(o.subscription_identifiers);
  if (name == "response_information") return o.response_information = value, true;
  if (name == "server_reference") return o.server_reference = value, true;
  if (name == "gate") return o.gate = std::make_shared<TestGate>(), value == "true";
  if (name != "shared_strategy") return false;
  static constexpr std::string_view kStrategies[] = {"round_robin",    "random",     "sticky",
                                                     "hash_client_id", "hash_topic", "local"};
  for (int i = 0; i < 6; ++i)
    if (kStrategies[i] == value) return o.shared_strategy = static_cast<SharedStrategy>(i), true;
  return false;
}

/// "repeat FIRST LAST LINE ; LINE ...": $i in a line is the number. What is printed is shortened when its lines are
/// alike.
void TestHost::repeat(std::string_view line) {
  const Words words = split(line);
  ASSERT_GT(words.size(), 3u) << line;
  const auto first = to_number<int>(words[1]), last = to_number<int>(words[2]);
  std::vector<std::string> what;
  std::string_view rest = line.substr(static_cast<std::size_t>(words[3].data() - line.data()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(" ; "), rest.size());
    what.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 3, rest.size()));
  }
  for (int i = first; i <= last; ++i)
    for (const std::string& each : what) command(replaced(each, "$i", std::to_string(i)));
  shorten();
}

/// Five and more blocks of up to three lines that differ only in their numbers become the first and the last.
void TestHost::shorten() {
  std::vector<std::string> lines, shapes;
  for (std::size_t at = 0; at < out_.size();) {
    const std::size_t end = out_.find('\n', at);
    lines.push_back(out_.substr(at, end - at));
    shapes.push_back(shape(lines.back()));
    at = end + 1;
  }
  out_.clear();
  for (std::size_t i = 0; i < lines.size();) {
    std::size_t period = 1, end = i;
    for (std::size_t p = 1; p <= 3; ++p) {
      std::size_t stop = i + p;
      while (stop < lines.size() && shapes[stop] == shapes[stop - p]) ++stop;
      stop -= (stop - i) % p;
      if (stop - i >= 5 * p && stop > end) {
        period = p;
        end = stop;
      }
    }
    if (end == i) {
      out_ += lines[i++] + "\n";
      continue;
    }
    for (std::size_t k = i; k < i + period; ++k) out_ += lines[k] + "\n";
    out_ += "  ... " + std::to_string((end - i) / period - 2) + " like " + (period == 1 ? "this" : "these") + "\n";
    for (std::size_t k = end - period; k < end; ++k) out_ += lines[k] + "\n";
    i = end;
  }
}

// Clients -------------------------------------------------------------------------------------------------------------

TestHost::Where* TestHost::find(std::string_view name) {
  const auto at = links_.find(name);
  return at == links_.end() ? nullptr : &at->second;
}

TestHost::Where TestHost::open(std::string_view name, ShardId shard) {
  EXPECT_EQ(find(name), nullptr) << name << " is open";
  EXPECT_LT(shard, shards_.size());
  const Where where{shard, shards_[shard]->open(name)};
  links_.emplace(std::string(name), where);
  return where;
}

void TestHost::closed(std::string_view name) {
  const auto at = links_.find(name);
  if (at == links_.end()) return;
  const Where where = at->second;
  links_.erase(at);
  shards_[where.shard]->link(where.link).ended = true;
  shards_[where.shard]->sessions().connection_closed(now_, where.link);
  shards_[where.shard]->drop(where.link);
}

void TestHost::client_sends(std::string_view name, std::string_view text, bool event_ends) {
  start();
  if (find(name) == nullptr) open(name, 0);
  const Where where = *find(name);
  Link& link = shards_[where.shard]->link(where.link);
  std::vector<std::uint8_t> bytes;
  if (text.starts_with("bytes ")) {
    bytes = mqtt::parse_bytes(text.substr(6));
  } else {
    mqtt::Version version = link.version;
    std::string error;
    const std::string all = expanded(text);
    ASSERT_TRUE(mqtt::packet_from_text(version, all, bytes, error)) << text << "\n" << error;
  }
  give(where, bytes);
  if (event_ends) end_of_event();
}

/// As the transport does it: cut into packets, which wait while the client id is claimed.
void TestHost::give(Where where, const std::vector<std::uint8_t>& stream) {
  TestShard& shard = *shards_[where.shard];
  mqtt::StreamDecoder decoder;
  Bytes rest = stream;
  while (!rest.empty() && shard.has(where.link) && !shard.link(where.link).ended) {
    if (shard.sessions().holding(where.link)) {
      shard.link(where.link).held.emplace_back(rest.begin(), rest.end());
      break;
    }
    mqtt::RawPacket packet;
    const auto status = decoder.next(shard.heap_, rest, packet, shard.sessions().packet_size_max(where.link),
                                     shard.sessions().expected(where.link));
    if (status == mqtt::StreamDecoder::Status::kNeedMore) break;
    if (status == mqtt::StreamDecoder::Status::kError) {
      const mqtt::DecodeResult error = decoder.error();
      decoder.reset(shard.heap_);
      shard.sessions().bad_stream(now_, where.link, error);
      break;
    }
    mqtt::ConnectView connect;
    if (packet.type() == mqtt::PacketType::kConnect) {
      if (mqtt::decode_connect(packet.flags(), packet.body, connect).ok() || connect.known_protocol)
        shard.link(where.link).version = connect.version;
    }
    shard.sessions().packet(now_, where.link, packet);
  }
  decoder.reset(shard.heap_);
}

// Time ----------------------------------------------------------------------------------------------------------------

void TestHost::tick(Nanos duration) {
  const Nanos end = now_ + duration;
  for (;;) {
    Nanos next = kNever;
    for (const auto& shard : shards_) next = std::min(next, shard->sessions().next_wake());
    if (next > end) break;
    now_ = std::max(now_, next);
    for (const auto& shard : shards_) shard->sessions().tick(now_);
    end_of_event();
  }
  now_ = end;
}

void TestHost::print_counters(ShardId shard) {
  std::string text = "counters";
  for (int i = 0; i < kCounters; ++i)
    if (const std::uint64_t n = shards_[shard]->counters().values[i]; n > 0)
      text += std::string(" ") + counter_name(static_cast<Counter>(i)) + "=" + std::to_string(n);
  say(text);
}

std::string TestHost::finish() {
  std::string wrong;
  out_.clear();
  manual_work_ = false;
  end_of_event();
  if (!claims_.empty()) wrong += "  a claim was never answered\n";
  if (!unconfirmed_.empty()) wrong += "  a forwarded message was never confirmed\n";
  check_balance(wrong);
  out_.clear();
  while (!links_.empty()) closed(std::string(links_.begin()->first));
  end_of_event();
  check_balance(wrong);
  for (const Pull& pull : pulls_) page(pull);
  if (!cursors_.empty()) wrong += "  a cursor of retained messages was never given back\n";
  for (const auto& shard : shards_)
    if (const std::size_t lost = shard->end(); lost != 0)
      wrong += "  heap bytes that nobody freed: " + std::to_string(lost) + "\n";
  out_.clear();
  return wrong;
}

}  // namespace orrery::session

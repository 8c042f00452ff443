// SPDX-License-Identifier: Apache-2.0
// What a cluster would answer to TestHost's shards: a registrar, a route table, a retained store, each the obvious way.
#include <gtest/gtest.h>

#include <algorithm>

#include "broker/mqtt/topic.h"
#include "broker/routing/member_row.h"
#include "broker/session/test_shard.h"

namespace orrery::session {
namespace {

std::vector<std::string> copies(std::span<const std::string_view> texts) { return {texts.begin(), texts.end()}; }

/// A row as text: "a/b", or "$share/g/a #2" for a second member.
std::string row_text(std::string_view row) {
  const std::string_view text = routing::without_member(row);
  std::string out = "\"" + std::string(text) + "\"";
  if (text.size() < row.size()) out += "#" + std::to_string(static_cast<int>(row.back()));
  return out;
}

std::string message_text(const MessageView& m) {
  return "\"" + std::string(m.topic) + "\" qos=" + std::to_string(m.qos) + (m.retain ? " retain" : "") + " payload=\"" +
         std::string(as_text(m.payload).substr(0, 40)) + "\"";
}

}  // namespace

void TestHost::end_of_event() {
  for (;;) {
    while (!later_.empty()) {
      const std::function<void()> what = std::move(later_.front());
      later_.pop_front();
      what();
    }
    bool left = false;
    for (const auto& shard : shards_) left = left || shard->sessions().work_left();
    if (!left || manual_work_) return;
    for (const auto& shard : shards_) {
      WorkBudget budget;
      shard->sessions().work(now_, budget);
    }
  }
}

LinkId TestHost::TestShard::open(std::string_view name) {
  LinkId id = 0;
  while (links_.contains(id)) ++id;
  links_[id].name = name;
  sessions_->connection_open(cluster_.now_, id);
  return id;
}

// Links ---------------------------------------------------------------------------------------------------------------

std::vector<std::uint8_t>& TestHost::TestShard::begin_packet() {
  EXPECT_FALSE(packet_begun_) << "a packet within a packet";
  packet_begun_ = true;
  packet_.clear();
  return packet_;
}

std::size_t TestHost::TestShard::end_packet(LinkId id) {
  EXPECT_TRUE(packet_begun_);
  packet_begun_ = false;
  Link& to = link(id);
  EXPECT_FALSE(to.ended) << "a packet after the end of " << to.name;
  std::string text = mqtt::describe_stream(to.version, mqtt::Sender::kServer, packet_);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  text.pop_back();
  cluster_.say(to.name + "< " + text);
  return to.backlog;
}

void TestHost::TestShard::end_link(LinkId id, LinkEnd how) {
  static constexpr const char* kHow[] = {"", ": protocol error", ": too large", ": abort"};
  Link& to = link(id);
  EXPECT_FALSE(to.ended) << to.name << " ends twice";
  to.ended = true;
  cluster_.say(to.name + " is closed" + kHow[static_cast<int>(how)]);
  cluster_.later([this, name = to.name] { cluster_.closed(name); });
}

void TestHost::TestShard::resume_link(LinkId id) {
  cluster_.later([this, id] {
    if (!has(id)) return;
    std::deque<std::vector<std::uint8_t>> held;
    held.swap(link(id).held);
    for (const auto& packet : held) cluster_.give({id_, id}, packet);
  });
}

// The registrar -------------------------------------------------------------------------------------------------------

void TestHost::TestShard::claim(Nanos, const claims::Request& request) {
  const Claim claim{id_, request.request, std::string(request.client_id), request.clean_start};
  if (!cluster_.manual_claims_) return cluster_.later([this, claim] { cluster_.decide(claim, ++cluster_.epochs_); });
  cluster_.say("host: claim \"" + claim.client_id + "\"" + (claim.clean_start ? " clean_start" : ""));
  cluster_.claims_.push_back(claim);
}

void TestHost::decide(const Claim& claim, std::uint64_t epoch) {
  const auto held = holders_.find(claim.client_id);
  if (held == holders_.end()) return grant(claim, epoch, {}, false);
  yielding_.insert_or_assign(claim.client_id, claim);
  shards_[held->second.shard]->sessions().yield(now_, {held->second.epoch, claim.clean_start, claim.client_id});
}

void TestHost::TestShard::yielded(Nanos, const claims::Yielded& yielded) {
  const auto at = cluster_.yielding_.find(std::string(yielded.client_id));
  if (at == cluster_.yielding_.end()) {  // `yield` was a line
    return cluster_.say("host: yielded \"" + std::string(yielded.client_id) + "\"" +
                        (yielded.session_present ? " with a session" : ""));
  }
  const Claim claim = at->second;
  cluster_.yielding_.erase(at);
  const bool goes_on = yielded.session_present && !claim.clean_start;
  const std::vector<std::uint8_t> bytes =
      goes_on ? std::vector<std::uint8_t>(yielded.session.begin(), yielded.session.end()) : std::vector<std::uint8_t>();
  cluster_.later([this, claim, bytes, goes_on] { cluster_.grant(claim, ++cluster_.epochs_, bytes, goes_on); });
}

void TestHost::grant(const Claim& claim, std::uint64_t epoch, const std::vector<std::uint8_t>& session, bool present) {
  holders_[claim.client_id] = {claim.shard, epoch};
  shards_[claim.shard]->sessions().claim_granted(now_, {claim.request, epoch, present, claim.client_id, session});
}

void TestHost::TestShard::release(Nanos, const claims::Release& release) {
  const auto at = cluster_.holders_.find(release.client_id);
  if (cluster_.manual_claims_) cluster_.say("host: release \"" + std::string(release.client_id) + "\"");
  if (at != cluster_.holders_.end() && at->second.epoch == release.epoch) cluster_.holders_.erase(at);
}

void TestHost::TestShard::fetch_rest(Nanos, Place former, std::string_view client_id, std::uint64_t epoch) {
  const Fetch fetch{id_, former.shard, std::string(client_id), epoch};
  if (!cluster_.manual_rest_) return cluster_.later([this, fetch] { cluster_.fetch(fetch); });
  cluster_.say("host: fetch the rest of \"" + fetch.client_id + "\"");
  cluster_.fetches_.push_back(fetch);
}

void TestHost::fetch(const Fetch& fetch) {
  shards_[fetch.former]->sessions().rest_wanted(now_, {0, fetch.present}, fetch.client_id, fetch.epoch);
}

void TestHost::TestShard::give_rest(Nanos now, Place present, std::string_view client_id, Bytes rest) {
  const std::vector<std::uint8_t> bytes(rest.begin(), rest.end());
  cluster_.later([this, now, present, id = std::string(client_id), bytes] {
    cluster_.shards_[present.shard]->sessions().rest(now, id, bytes);
  });
}

// Routes --------------------------------------------------------------------------------------------------------------

void TestHost::TestShard::change_routes(Nanos, const RouteRequest& request) {
  const RouteChange change{id_, request.token, copies(request.added), copies(request.removed)};
  if (!cluster_.manual_routes_) {
    return cluster_.later([this, change] {
      cluster_.apply(change);
      cluster_.answer(change);
    });
  }
  std::string text = "host: routes";
  for (const std::string& row : change.added) text += " +" + row_text(row);
  for (const std::string& row : change.removed) text += " -" + row_text(row);
  cluster_.say(text);
  cluster_.changes_.push_back(change);
}

void TestHost::apply(const RouteChange& change) {
  for (const std::string& row : change.added) routes_[row].insert(change.shard);
  for (const std::string& row : change.removed) {
    routes_[row].erase(change.shard);
    if (routes_[row].empty()) routes_.erase(row);
  }
}

void TestHost::answer(const RouteChange& change) {
  if (change.token == 0) return;
  shards_[change.shard]->sessions().routes_in_force(now_, change.token);
}

// Retained messages ---------------------------------------------------------------------------------------------------

void TestHost::TestShard::pull_retained(Nanos, const RetainedPull& asked) {
  const Pull pull{id_, asked.token, asked.cursor, std::string(asked.filter)};
  if (!cluster_.manual_retained_) return cluster_.later([this, pull] { cluster_.page(pull); });
  const std::string from = pull.cursor == 0 ? "" : " behind \"" + cluster_.cursors_.at(pull.cursor) + "\"";
  cluster_.say("host: pull \"" + pull.filter + "\"" + from);
  cluster_.pulls_.push_back(pull);
}

void TestHost::TestShard::drop_retained(Nanos, std::uint64_t cursor) {
  EXPECT_EQ(cluster_.cursors_.erase(cursor), 1u) << "no such cursor";
}

/// Three messages, or fewer at the end.
void TestHost::page(const Pull& pull) {
  constexpr int kPage = 3;
  Sessions& sessions = shards_[pull.shard]->sessions();
  auto at = retained_.begin();
  if (pull.cursor != 0) {
    const auto cursor = cursors_.find(pull.cursor);
    ASSERT_NE(cursor, cursors_.end()) << "no such cursor";
    at = retained_.upper_bound(cursor->second);
    cursors_.erase(cursor);
  }
  int messages = 0;
  std::string last;
  for (; at != retained_.end() && messages < kPage; ++at) {
    const StoredRetained& stored = at->second;
    last = at->first;
    if (!mqtt::topic_matches(pull.filter, at->first) || now_ >= stored.expires_at) continue;
    ByteReader in(stored.message);
    MessageView message = decode_message(in, 0);
    message.expires_at = stored.expires_at;
    sessions.retained(now_, pull.token, message);
    ++messages;
  }
  const bool more = at != retained_.end();
  if (more) cursors_[++last_cursor_] = last;
  sessions.retained_page(now_, pull.token, more ? last_cursor_ : 0, more);
}
std::vector<ShardId> TestHost::members(std::string_view share_filter) const {
  std::vector<ShardId> out;
  for (const auto& [row, shards] : routes_)
    if (routing::without_member(row) == share_filter) out.insert(out.end(), shards.begin(), shards.end());
  return out;
}

std::uint32_t TestHost::TestShard::route(Nanos now, const MessageView& message, std::uint32_t owed, bool& matched) {
  std::uint32_t waiting = 0;
  std::set<ShardId> places;
  std::set<std::string> groups;
  for (const auto& [row, shards] : cluster_.routes_) {
    const mqtt::TopicFilter filter = mqtt::parse_topic_filter(routing::without_member(row));
    if (!mqtt::topic_matches(filter.filter, message.topic)) continue;
    if (filter.shared()) {
      groups.emplace(filter.full);
    } else {
      places.insert(shards.begin(), shards.end());
    }
  }
  for (const std::string& filter : cluster_.remote_) {
    if (!mqtt::topic_matches(filter, message.topic)) continue;
    matched = true;
    cluster_.say("host: forwarded " + message_text(message));
    if (owed == kNoSlot) continue;
    ++waiting;
    cluster_.unconfirmed_.emplace_back(id_, owed);
  }
  for (const ShardId place : places) {
    if (place == id_) continue;
    matched = true;
    cluster_.deliver_later(place, message, {});
  }
  for (const std::string& group : groups) {
    matched = true;
    if (!sessions_->deliver_to_group(now, group, message))
      cluster_.deliver_later(cluster_.members(group).front(), message, group);
  }
  return waiting;
}

void TestHost::deliver_later(ShardId to, const MessageView& message, std::string_view share_filter) {
  std::vector<std::uint8_t> bytes;
  encode_message(bytes, message, now_);
  shards_[to]->counters().add(Counter::kMessagesReceived);
  later([this, to, bytes, group = std::string(share_filter)] {
    ByteReader in(bytes);
    MessageView view = decode_message(in, now_);
    EXPECT_TRUE(in.done());
    view.share_filter = {};
    if (group.empty()) {
      shards_[to]->sessions().deliver(now_, view);
      return;
    }
    if (!shards_[to]->sessions().deliver_to_group(now_, group, view)) say("host: nobody of " + group + " is left");
  });
}

bool TestHost::TestShard::route_to_group(Nanos, const MessageView& message) {
  std::vector<ShardId> others = cluster_.members(message.share_filter);
  std::erase(others, id_);
  if (others.empty()) {
    counters_.add(Counter::kDroppedNoSubscriber);
    cluster_.say("host: nobody else for " + message_text(message));
    return false;
  }
  cluster_.deliver_later(others.front(), message, message.share_filter);
  return true;
}

std::uint32_t TestHost::TestShard::retain(Nanos, const MessageView& message, std::uint32_t owed) {
  StoredRetained stored;
  stored.expires_at = message.expires_at;
  MessageView plain = message;
  plain.expires_at = kNever;
  encode_message(stored.message, plain, 0);
  cluster_.later([this, topic = std::string(message.topic), removed = message.payload.empty(), stored, owed] {
    if (removed) {
      cluster_.retained_.erase(topic);
    } else {
      cluster_.retained_[topic] = stored;
    }
    if (owed != kNoSlot) sessions_->confirmed(cluster_.now_, owed);
  });
  return owed == kNoSlot ? 0 : 1;
}

// The books -----------------------------------------------------------------------------------------------------------

void TestHost::check_balance(std::string& wrong) const {
  for (const auto& shard : shards_) {
    const Counters& c = shard->counters();
    const std::uint64_t in = c[Counter::kMessagesMatched] + c[Counter::kMessagesTakenOver];
    const std::uint64_t out = c[Counter::kMessagesOut] + c[Counter::kMessagesQueued] + c[Counter::kMessagesHandedOver] +
                              c[Counter::kDroppedQueueFull] + c[Counter::kDroppedSlowConsumer] +
                              c[Counter::kDroppedTooLarge] + c[Counter::kDroppedExpired] + c[Counter::kDroppedOffline] +
                              c[Counter::kDroppedDuplicate] + c[Counter::kDroppedSessionEnded];
    if (in != out)
      wrong += "  matched and taken over " + std::to_string(in) + ", accounted for " + std::to_string(out) + "\n";
  }
}

}  // namespace orrery::session

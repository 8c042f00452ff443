// SPDX-License-Identifier: Apache-2.0
// Names, verdicts and the tidying up after a case.
#include "conformance/cases/context.h"

#include <algorithm>
#include <sstream>

namespace orrery::conformance {
namespace {

// How long the end of a connection may take that another one of the same client has replaced.
constexpr Nanos kReplacedGrace = 500 * kMillisecond;

}  // namespace

const char* level_name(Level l) { return l == Level::kMust ? "must" : l == Level::kShould ? "should" : "may"; }

std::vector<std::string> requirements_of(const Case& c, Version v) {
  std::vector<std::string> out;
  std::istringstream words(v == Version::k5 ? c.v5 : c.v311);
  for (std::string word; words >> word;) out.push_back(word[0] >= '0' && word[0] <= '9' ? "MQTT-" + word : word);
  return out;
}

Context::Context(Target& target, const TargetFacts& facts, Version version, std::string_view tag, unsigned number)
    : target_(target), facts_(facts), version_(version), bench_(target.bench()) {
  std::string digits = std::to_string(number);
  prefix_ = std::string(tag) + std::string(4 - std::min<std::size_t>(4, digits.size()), '0') + digits + "v" +
            std::to_string(static_cast<unsigned>(version));
}

Context::~Context() = default;

Transport Context::transport() const { return target_.transport(); }
std::string Context::path() const { return target_.path(); }

const Access& Context::access() const {
  need(!facts_.access.user.empty(), "the target was not set up with users");
  return facts_.access;
}

Nanos Context::patience() const { return target_.patience(); }
Nanos Context::slack() const { return target_.slack(); }

// At most 23 letters and digits in all, which every server has to accept (3.1.3-5).
std::string Context::id(std::string_view suffix) const { return ("oc" + prefix_ + std::string(suffix)).substr(0, 23); }
std::string Context::topic(std::string_view suffix) const { return "oc/" + prefix_ + "/" + std::string(suffix); }

Client& Context::client(std::string_view name) {
  clients_.push_back(std::make_unique<Client>(*this, std::string(name)));
  return *clients_.back();
}

Client& Context::connect(std::string_view name, const ConnectOptions& options) {
  Client& c = client(name);
  c.connect(options);
  return c;
}

void Context::publish_from_outside(std::string_view topic, std::string_view payload, const PublishOptions& options) {
  Client& c = connect("outside" + std::to_string(clients_.size()));
  c.publish(topic, payload, options);
  c.ping();
  c.disconnect();
}

void Context::publish_from_outside(std::string_view topic, std::string_view payload, unsigned qos) {
  publish_from_outside(topic, payload, PublishOptions{.qos = qos});
}

void Context::wait(Nanos duration) {
  log_.add(now(), "", LogKind::kEvent, "waits " + std::to_string(duration / kMillisecond) + " ms");
  bench_->wait_until(now() + duration);
}

void Context::kill_and_restart() {
  log_.add(now(), "", LogKind::kEvent, "the broker is killed and started again");
  bench_->kill_and_restart();
}

void Context::fail(const std::string& why) const { throw CaseFailed(why); }

void Context::check(bool condition, const std::string& why) const {
  if (!condition) fail(why);
}

void Context::should(bool condition, const std::string& what) {
  if (!condition) note(true, what);
}

void Context::chose(const std::string& what) { note(false, what); }

void Context::note(bool advice, const std::string& what) {
  for (const Note& n : notes_)
    if (n.advice == advice && n.text == what) return;
  notes_.push_back({advice, what});
}

void Context::violation(const std::string& statement, const std::string& what) {
  if (forgiven_.count(statement) != 0) return;
  for (const auto& [s, w] : violations_)
    if (s == statement && w == what) return;
  violations_.emplace_back(statement, what);
}

void Context::need(bool condition, const std::string& why_not) const {
  if (!condition) throw NotApplicable(why_not);
}

std::string Context::show(const std::string& s) { return '"' + printable(s, 120) + '"'; }

void Context::remember(const Packet& sent) {
  if (sent.type == Type::kPublish && sent.retain && !sent.payload.empty()) retained_.insert(sent.topic);
  if (sent.type != Type::kConnect || !sent.connect) return;
  const Connect& c = *sent.connect;
  if (c.will && c.will->retain) retained_.insert(c.will->topic);
  const bool lasting = v5() ? number_of(sent.properties, PropertyId::kSessionExpiry, 0) != 0 : !c.clean;
  if (lasting) sessions_.insert(c.client_id);
}

void Context::finish() {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    auto& c = clients_[i];
    // The client's next connection has taken the session over; the end of this one may still be on its way.
    const auto is_next = [&c](const auto& other) { return other->name() == c->name() && other->accepted(); };
    const bool replaced = std::any_of(clients_.begin() + static_cast<std::ptrdiff_t>(i) + 1, clients_.end(), is_next);
    if (!c->accepted() || c->ended(replaced ? kReplacedGrace : 0) || replaced) continue;
    if (!c->ignore_rest) c->expect_quiet();
    c->disconnect();
  }
}

// What is removed here was made by well-formed packets; a broker that refuses even this keeps its rubbish.
void Context::clean_up() {
  for (auto& c : clients_)
    if (c->is_open()) c->drop();
  if (target_.fresh()) return;
  try {
    for (const std::string& id : sessions_) {
      ConnectOptions o;
      o.client_id = id;
      Client& c = client("cleaner");
      c.connect(o);
      c.disconnect();
    }
    if (retained_.empty()) return;
    Client& c = connect("cleaner");
    for (const std::string& topic : retained_) {
      if (topic.empty() || text_error(topic) != nullptr || topic.find_first_of("+#") != std::string::npos) continue;
      PublishOptions o;
      o.retain = true;
      c.publish(topic, "", o);
    }
    c.ping();
    c.disconnect();
  } catch (const std::runtime_error&) {
    log_.add(now(), "", LogKind::kEvent, "tidying up was not possible");
  }
}

}  // namespace orrery::conformance

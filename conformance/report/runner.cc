// SPDX-License-Identifier: Apache-2.0
// Threads take cases from one list. Cases that restart the broker run after all others, alone.
#include "conformance/report/runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace orrery::conformance {
namespace {

Nanos steady_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool selected(const Plan& plan, const Result& r) {
  if (plan.filters.empty()) return true;
  const std::string name = r.name();
  return std::any_of(plan.filters.begin(), plan.filters.end(),
                     [&name](const std::string& f) { return name.find(f) != std::string::npos; });
}

std::string lacking(Capabilities missing) {
  for (unsigned i = 0; i < static_cast<unsigned>(Capability::kCount); ++i)
    if ((missing >> i & 1) != 0)
      return std::string("the target does not claim ") + capability_name(static_cast<Capability>(i));
  return {};
}

void apply_deviations(const std::vector<Deviation>& deviations, Transport over, Result& r) {
  for (std::size_t i = 0; i < deviations.size(); ++i) {
    const Deviation& d = deviations[i];
    if (!applies(d, r.test->id, r.version, over)) continue;
    if (r.outcome == Outcome::kFail) {
      r.outcome = Outcome::kDeviation;
      r.reason += "; known: " + d.reason;
      r.link = d.link;
      r.known = i;
    } else if (r.outcome == Outcome::kPass && d.cases.back() != '*' && !d.sometimes) {
      r.outcome = Outcome::kStale;
      r.reason = "passes, and the driver file says that it fails: " + d.reason;
      r.link = d.link;
    }
    return;
  }
}

// The body and what follows it; fills in everything but the wire log.
void carry_out(Context& context, const Case& c, bool strict, Result& r) {
  try {
    c.body(context);
    context.finish();
  } catch (const NotApplicable& e) {
    r.outcome = Outcome::kNotApplicable;
    r.reason = e.what();
  } catch (const CaseFailed& e) {
    r.outcome = Outcome::kFail;
    r.reason = e.what();
  } catch (const TargetError& e) {
    r.outcome = Outcome::kFail;
    r.reason = e.what();
  }
  r.notes = context.notes();
  r.violations = context.violations();
  if (r.outcome == Outcome::kPass && !r.violations.empty()) {
    r.outcome = Outcome::kFail;
    r.reason = "the broker's packets break a rule: " + r.violations[0].second + " [" + r.violations[0].first + "]";
  }
  for (const Note& n : r.notes) {
    if (!strict || !n.advice || r.outcome != Outcome::kPass) continue;
    r.outcome = Outcome::kFail;
    r.reason = "advice is not followed: " + n.text;
  }
}

}  // namespace

const char* outcome_name(Outcome o) {
  switch (o) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kFail:
      return "fail";
    case Outcome::kDeviation:
      return "known deviation";
    case Outcome::kStale:
      return "stale deviation";
    case Outcome::kNotApplicable:
      return "not applicable";
  }
  return "";
}

TargetFacts probe(Target& target, const Plan& plan) {
  TargetFacts facts;
  facts.capabilities = plan.capabilities;
  facts.strict = plan.strict;
  facts.access = plan.access;
  if ((plan.versions & kOnly5) == 0 || (plan.capabilities & bit(Capability::kEcho)) != 0) return facts;
  Context context(target, facts, Version::k5, plan.tag, 0);
  Client& c = context.client("probe");
  try {
    const auto connack = c.try_connect(c.connect_packet_for({}));
    if (!connack || connack->code != 0) return facts;
    const Properties& p = connack->properties;
    const auto lacks = [&facts, &p](PropertyId id, Capability capability) {
      if (number_of(p, id, 1) == 0) facts.capabilities &= ~bit(capability);
    };
    lacks(PropertyId::kRetainAvailable, Capability::kRetain);
    lacks(PropertyId::kWildcardAvailable, Capability::kWildcard);
    lacks(PropertyId::kSharedAvailable, Capability::kShared);
    lacks(PropertyId::kSubscriptionIdAvailable, Capability::kSubscriptionId);
    lacks(PropertyId::kMaximumQos, Capability::kQos1);
    if (number_of(p, PropertyId::kMaximumQos, 2) < 2) facts.capabilities &= ~bit(Capability::kQos2);
    facts.receive_maximum = number_of(p, PropertyId::kReceiveMaximum, 65535);
    facts.topic_alias_maximum = number_of(p, PropertyId::kTopicAliasMaximum, 0);
    if (facts.topic_alias_maximum == 0) facts.capabilities &= ~bit(Capability::kTopicAlias);
    facts.maximum_packet_size = number_of(p, PropertyId::kMaximumPacketSize, UINT32_MAX);
    facts.server_keep_alive = number_of(p, PropertyId::kServerKeepAlive, 0);
    c.disconnect();
  } catch (const CaseFailed&) {
    // A broker that cannot even be asked is judged by its cases.
  }
  return facts;
}

Result run_case(Target& target, const TargetFacts& facts, const Plan& plan, const Case& c, Version v, unsigned number) {
  Result r;
  r.test = &c;
  r.version = v;
  if (const Capabilities echo = bit(Capability::kEcho); ((c.needs ^ facts.capabilities) & echo) != 0) {
    r.outcome = Outcome::kNotApplicable;
    r.reason = (c.needs & echo) != 0 ? "it is about a WebSocket layer with an echo behind it"
                                     : "the target is a WebSocket echo and no MQTT broker";
    return r;
  }
  if (const Capabilities missing = c.needs & ~facts.capabilities; missing != 0) {
    r.outcome = Outcome::kNotApplicable;
    r.reason = lacking(missing);
    return r;
  }
  if ((facts.capabilities & ~c.needs & bit(Capability::kMoved)) != 0) {
    r.outcome = Outcome::kNotApplicable;
    r.reason = "the target refuses all clients and names another server";
    return r;
  }
  if (c.over == Over::kOnlyWebSocket && !has_websocket(target.transport())) {
    r.outcome = Outcome::kNotApplicable;
    r.reason = "it is about WebSocket";
    return r;
  }
  const Nanos start = steady_now();
  try {
    Context context(target, facts, v, plan.tag, number);
    carry_out(context, c, facts.strict, r);
    if (r.outcome == Outcome::kFail || plan.keep_logs) r.log = context.log().lines(v);
    context.clean_up();
  } catch (const TargetError& e) {
    r.outcome = Outcome::kFail;
    r.reason = e.what();
  }
  r.took = steady_now() - start;
  return r;
}

Column run_cases(Target& target, const Plan& plan, const std::function<void(const Result&)>& done) {
  Column column;
  column.broker = target.name();
  column.transport = transport_name(target.transport());
  column.target = column.broker + " over " + column.transport;
  column.homepage = plan.homepage;
  column.deviations = plan.deviations;
  const TargetFacts facts = probe(target, plan);
  for (const Case& c : *plan.cases)
    for (const Version v : {Version::k31, Version::k311, Version::k5}) {
      Result r;
      r.test = &c;
      r.version = v;
      // Cases for the WebSocket layer alone say nothing about a broker, not even that they do not apply.
      if ((c.needs & bit(Capability::kEcho) & ~facts.capabilities) != 0) continue;
      if ((c.versions & plan.versions & bit(v)) != 0 && selected(plan, r)) column.results.push_back(std::move(r));
    }
  std::mutex reporting;
  const auto run_one = [&](std::size_t i) {
    const Result& asked = column.results[i];
    Result r = run_case(target, facts, plan, *asked.test, asked.version, static_cast<unsigned>(i + 1));
    apply_deviations(column.deviations, target.transport(), r);
    const std::lock_guard<std::mutex> lock(reporting);
    column.results[i] = std::move(r);
    done(column.results[i]);
  };
  std::atomic<std::size_t> next{0};
  const auto alone = [&column](std::size_t i) {
    return (column.results[i].test->needs & bit(Capability::kRestart)) != 0;
  };
  const auto work = [&] {
    for (std::size_t i = next++; i < column.results.size(); i = next++)
      if (!alone(i)) run_one(i);
  };
  std::vector<std::thread> threads;
  const unsigned jobs = plan.jobs != 0 ? plan.jobs : target.jobs();
  for (unsigned j = 1; j < jobs; ++j) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  for (std::size_t i = 0; i < column.results.size(); ++i)
    if (alone(i)) run_one(i);
  return column;
}

}  // namespace orrery::conformance

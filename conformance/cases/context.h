// SPDX-License-Identifier: Apache-2.0
// What a case's body gets: clients, names of its own, the clock, and the means to say what it saw.
//
// Client identifiers and topics carry the run's tag and the case's number, so that cases may run side by side and leave
// nothing for each other. finish() proves that no client got more than its case took, and removes retained messages and
// sessions that the case made.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/cases/case.h"
#include "conformance/cases/client.h"
#include "conformance/cases/log.h"
#include "conformance/driver/access.h"
#include "conformance/driver/target.h"

namespace orrery::conformance {

/// What is known about the target before the cases run (report/probe.h).
struct TargetFacts {
  Capabilities capabilities = 0;
  /// SHOULDs that are not followed fail the case: what we ask of our own broker.
  bool strict = false;
  /// From CONNACK of an MQTT 5 client; the standard's defaults otherwise.
  std::uint32_t receive_maximum = 65535;
  std::uint32_t topic_alias_maximum = 0;
  std::uint32_t maximum_packet_size = UINT32_MAX;
  std::uint32_t server_keep_alive = 0;
  /// What it was set up with.
  Access access;
};

/// A permitted alternative that the broker chose, or a SHOULD that it did not follow.
struct Note {
  bool advice = false;
  std::string text;
};

class Context {
 public:
  /// `tag` is the run's, `number` the case's; together they make the names.
  Context(Target& target, const TargetFacts& facts, Version version, std::string_view tag, unsigned number);
  ~Context();

  // ---- what is being tested ----
  Version version() const { return version_; }
  bool v5() const { return version_ == Version::k5; }
  const TargetFacts& facts() const { return facts_; }
  /// The user and the closed topics; skips the case where the target was set up without.
  const Access& access() const;
  Transport transport() const;
  std::string path() const;
  unsigned nodes() const { return bench_->nodes(); }

  // ---- names ----
  std::string id(std::string_view suffix) const;
  std::string topic(std::string_view suffix = "t") const;

  // ---- clients ----
  /// A new client without a connection. Names are for the log: "a", "publisher".
  Client& client(std::string_view name);
  /// A new client, connected.
  Client& connect(std::string_view name, const ConnectOptions& options = {});
  std::unique_ptr<Stream> open_stream(unsigned node = kAnyNode) { return bench_->open(node); }
  /// A message to a topic from somebody who has no other part in the case.
  void publish_from_outside(std::string_view topic, std::string_view payload, const PublishOptions& options = {});
  void publish_from_outside(std::string_view topic, std::string_view payload, unsigned qos);

  // ---- time ----
  Nanos now() { return bench_->now(); }
  Nanos patience() const;
  Nanos slack() const;
  void wait(Nanos duration);
  void kill_and_restart();

  // ---- verdicts ----
  [[noreturn]] void fail(const std::string& why) const;
  void check(bool condition, const std::string& why) const;
  template <class A, class B>
  void equal(const A& got, const B& wanted, const std::string& what) const {
    if (!(got == wanted)) fail(what + ": got " + show(got) + ", expected " + show(wanted));
  }
  /// Records advice that was not followed.
  void should(bool condition, const std::string& what);
  /// Records which of several permitted behaviours was seen.
  void chose(const std::string& what);
  void violation(const std::string& statement, const std::string& what);
  /// A statement that packets of this case may break without failing it: the case is about an answer in another form.
  void forgive(std::string statement) { forgiven_.insert(std::move(statement)); }
  /// Skips the case unless the condition holds.
  void need(bool condition, const std::string& why_not) const;

  // ---- for the runner and the clients ----
  void finish();
  void clean_up();
  WireLog& log() { return log_; }
  const std::vector<Note>& notes() const { return notes_; }
  /// Statement and text.
  const std::vector<std::pair<std::string, std::string>>& violations() const { return violations_; }
  void remember(const Packet& sent);
  Bench& bench() { return *bench_; }

 private:
  void note(bool advice, const std::string& what);
  static std::string show(const std::string& s);
  static std::string show(const char* s) { return show(std::string(s)); }
  static std::string show(bool b) { return b ? "true" : "false"; }
  template <class T>
  static std::string show(const T& number) {
    return std::to_string(number);
  }

  Target& target_;
  const TargetFacts& facts_;
  Version version_;
  std::string prefix_;
  std::unique_ptr<Bench> bench_;
  std::vector<std::unique_ptr<Client>> clients_;
  WireLog log_;
  std::vector<Note> notes_;
  std::vector<std::pair<std::string, std::string>> violations_;
  std::set<std::string> forgiven_;
  std::set<std::string> retained_;
  std::set<std::string> sessions_;
};

}  // namespace orrery::conformance

// SPDX-License-Identifier: Apache-2.0
// Mutants of SUBSCRIBE and UNSUBSCRIBE and their answers, of matching, of subscription options and retained messages.
#include <algorithm>

#include "conformance/mutants/mutant.h"

namespace orrery::conformance {
namespace {

void add_answers(Mutants& m) {
  for (const auto& [name, type, id_statement] : {std::tuple{"suback", Type::kSuback, "5 MQTT-3.8.4-2"},
                                                 std::tuple{"unsuback", Type::kUnsuback, "5 MQTT-3.10.4-5"}}) {
    const std::string n = name;
    const std::string t = type_name(type);
    m.push_back({n + "-other-identifier", id_statement, t + " has the next identifier.",
                 only(type, [](Flow& f) { f.p.id = static_cast<std::uint16_t>(f.p.id + 1), f.pass_changed(); })});
    m.push_back({n + "-missing", type == Type::kSuback ? "5 MQTT-3.8.4-1" : "5 MQTT-3.10.4-4", t + " is not sent.",
                 only(type, [](Flow&) {})});
    m.push_back(
        {n + "-twice", "5 MQTT-2.2.1-6", t + " is sent twice.", only(type, [](Flow& f) { f.pass(), f.pass(); })});
    m.push_back({n + "-code-missing", type == Type::kSuback ? "5 MQTT-3.8.4-6" : "5 MQTT-3.11.3-1",
                 t + " lacks its last code.", only(type, [](Flow& f) {
                   if (!f.p.codes.empty()) f.p.codes.pop_back();
                   f.pass_changed();
                 })});
    m.push_back({n + "-code-too-many", type == Type::kSuback ? "5 MQTT-3.8.4-6" : "5 MQTT-3.11.3-1",
                 t + " has one code too many.", only(type, [](Flow& f) {
                   f.p.codes.push_back(0);
                   f.pass_changed();
                 })});
    m.push_back({n + "-codes-reversed", type == Type::kSuback ? "5 MQTT-3.9.3-1" : "5 MQTT-3.11.3-1",
                 t + " has its codes in reverse order.",
                 only(type, [](Flow& f) { std::reverse(f.p.codes.begin(), f.p.codes.end()), f.pass_changed(); })});
    m.push_back({n + "-unlisted-code", type == Type::kSuback ? "5 MQTT-3.9.3-2" : "5 MQTT-3.11.3-2", t + " has code 3.",
                 only(type, [](Flow& f) {
                   for (unsigned& c : f.p.codes) c = 3;
                   f.pass_changed();
                 })});
    m.push_back({n + "-reason-string-unwanted", "5 MQTT-3.1.2-29",
                 t + " explains itself to clients that want no problem information.", only(type, [](Flow& f) {
                   if (f.v5()) f.p.properties.push_back(text_property(PropertyId::kReasonString, "because"));
                   f.pass_changed();
                 })});
  }
  m.push_back({"suback-grants-less", "5 MQTT-3.8.4-7", "SUBACK says QoS 0 whatever was granted.",
               only(Type::kSuback, [](Flow& f) {
                 for (unsigned& c : f.p.codes) c = c <= 2 ? 0 : c;
                 f.pass_changed();
               })});
  m.push_back({"granted-not-delivered", "5 MQTT-3.8.4-8", "QoS 2 is said to be granted and QoS 1 delivered.",
               only(Type::kSuback,
                    [](Flow& f) {
                      for (unsigned& c : f.p.codes) c = c == 1 && f.memory.numbers["asked2"] != 0 ? 2 : c;
                      f.memory.numbers["asked2"] = 0;
                      f.pass_changed();
                    }),
               only(Type::kSubscribe, [](Flow& f) {
                 for (Filter& x : f.p.filters)
                   if ((x.options & 3) == 2) x.options -= 1, f.memory.numbers["asked2"] = 1;
                 f.pass_changed();
               })});
  m.push_back({"unsuback-always-success", "5 MQTT-3.11.3-2", "UNSUBACK never says that there was no subscription.",
               only(Type::kUnsuback, [](Flow& f) {
                 for (unsigned& c : f.p.codes) c = 0;
                 f.pass_changed();
               })});
  m.push_back({"unsuback-never-success", "5 MQTT-3.11.3-2", "UNSUBACK always says that there was no subscription.",
               only(Type::kUnsuback, [](Flow& f) {
                 for (unsigned& c : f.p.codes) c = 0x11;
                 f.pass_changed();
               })});
  m.push_back({"unsuback-only-when-known",
               "3.1.1 MQTT-3.10.4-5",
               "UNSUBSCRIBE of an unknown filter gets nothing.",
               {},
               [](Flow& f) {
                 for (const Filter& x : f.p.filters) {
                   if (f.p.type == Type::kSubscribe) f.memory.numbers["has" + x.filter] = 1;
                   if (f.p.type == Type::kUnsubscribe && f.memory.numbers["has" + x.filter] == 0) return;
                 }
                 f.pass();
               }});
}

void add_unsubscribe(Mutants& m) {
  m.push_back({"unsubscribe-ignored",
               "5 MQTT-3.10.4-2",
               "A filter goes on to be served after UNSUBSCRIBE.",
               {},
               only(Type::kUnsubscribe, [](Flow& f) {
                 Packet answer = plain_packet(Type::kUnsuback);
                 answer.id = f.p.id;
                 answer.codes.assign(f.p.filters.size(), 0);
                 f.answer(answer);
               })});
  m.push_back({"unsubscribe-by-prefix",
               "5 MQTT-3.10.4-1",
               "UNSUBSCRIBE of a/b also ends a/+.",
               {},
               only(Type::kUnsubscribe, [](Flow& f) {
                 for (Filter& x : f.p.filters) {
                   const std::size_t slash = x.filter.rfind('/');
                   if (slash != std::string::npos && x.filter.substr(slash) == "/b") x.filter.replace(slash, 2, "/+");
                 }
                 f.pass_changed();
               })});
  m.push_back({"unsubscribe-first-only", "5 MQTT-3.10.4-6", "Of several filters only the first is left.",
               only(Type::kUnsuback,
                    [](Flow& f) {
                      if (f.v5()) f.p.codes.resize(static_cast<std::size_t>(f.memory.numbers["filters"]), 0);
                      f.pass_changed();
                    }),
               only(Type::kUnsubscribe, [](Flow& f) {
                 f.memory.numbers["filters"] = static_cast<long>(f.p.filters.size());
                 if (f.p.filters.size() > 1) f.p.filters.resize(1);
                 f.pass_changed();
               })});
  m.push_back({"unsubscribe-forgets-open-deliveries", "5 MQTT-3.10.4-3", "After UNSUBSCRIBE no PUBREL comes.",
               only(Type::kPubrel,
                    [](Flow& f) {
                      if (f.memory.numbers["left"] == 0) f.pass();
                    }),
               [](Flow& f) {
                 if (f.p.type == Type::kUnsubscribe) f.memory.numbers["left"] = 1;
                 f.pass();
               }});
}

void change_filters(Mutants& m, const char* id, const char* statement, const char* what,
                    std::function<void(std::string&)> change) {
  m.push_back({id, statement, what, {}, only(Type::kSubscribe, [change = std::move(change)](Flow& f) {
                 for (Filter& x : f.p.filters) change(x.filter);
                 f.pass_changed();
               })});
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

void add_matching(Mutants& m) {
  change_filters(m, "everything-matches", "5 MQTT-3.3.2-3", "Every subscription is served as #.",
                 [](std::string& f) { f = "#"; });
  change_filters(m, "plus-matches-several-levels", "5 MQTT-4.7.1-2", "+ in the last level matches as # does.",
                 [](std::string& f) {
                   if (f.size() > 1 && f.back() == '+') f.back() = '#';
                 });
  change_filters(m, "hash-without-parent", "5 MQTT-4.7.1-1", "a/# does not match a.", [](std::string& f) {
    if (f.size() > 2 && f.ends_with("/#")) f.replace(f.size() - 1, 1, "+/#");
  });
  change_filters(m, "hash-matches-one-level", "5 MQTT-4.7.1-1", "a/# matches only one level below.",
                 [](std::string& f) {
                   if (f.size() > 2 && f.ends_with("/#")) f.back() = '+';
                 });
  change_filters(m, "filter-blank-stripped", "5 MQTT-4.7.3-4", "A blank at the end of a filter is ignored.",
                 [](std::string& f) {
                   while (f.ends_with(" ")) f.pop_back();
                 });
  const auto change_topics = [&m](const char* id, const char* what, std::function<void(std::string&)> change) {
    m.push_back({id, "5 MQTT-4.7.3-4", what, {}, [change = std::move(change)](Flow& f) {
                   if (f.p.type != Type::kPublish && f.p.type != Type::kSubscribe) return f.pass();
                   change(f.p.topic);
                   for (Filter& x : f.p.filters) change(x.filter);
                   f.pass_changed();
                 }});
  };
  change_topics("case-ignored", "Topics and filters are compared without case.", [](std::string& s) {
    for (char& c : s)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  });
  change_topics("empty-levels-merged", "Two slashes count as one.", [](std::string& s) { replace_all(s, "//", "/"); });
  change_topics("trailing-slash-ignored", "A slash at the end of a topic is ignored.", [](std::string& s) {
    if (s.size() > 1 && s.ends_with("/")) s.pop_back();
  });
  change_topics("mark-ignored", "U+FEFF at the front is ignored.", [](std::string& s) {
    if (s.starts_with("\xef\xbb\xbf")) s.erase(0, 3);
  });
  change_topics("composed", "Combining characters are composed.",
                [](std::string& s) { replace_all(s, "e\xcc\x81", "\xc3\xa9"); });
  m.push_back({"dollar-matched-by-wildcard", "5 MQTT-4.7.2-1", "# gets names that begin with $.",
               only(Type::kPublish,
                    [](Flow& f) {
                      if (f.p.topic.starts_with("S0/")) f.p.topic.replace(0, 2, "$x");
                      f.pass_changed();
                    }),
               only(Type::kPublish, [](Flow& f) {
                 if (f.p.topic.starts_with("$x")) f.p.topic.replace(0, 2, "S0");
                 f.pass_changed();
               })});
}

void change_options(Mutants& m, const char* id, const char* statement, const char* what, unsigned clear, unsigned set) {
  m.push_back({id, statement, what, {}, only(Type::kSubscribe, [clear, set](Flow& f) {
                 if (f.v5())
                   for (Filter& x : f.p.filters) x.options = (x.options & ~clear) | set;
                 f.pass_changed();
               })});
}

void add_options(Mutants& m) {
  change_options(m, "no-local-ignored", "5 MQTT-3.8.3-3", "No Local is ignored.", 0x04, 0);
  m.push_back(
      {"no-local-always", "5 MQTT-3.8.3-3", "No Local holds for everybody.", {}, only(Type::kSubscribe, [](Flow& f) {
         for (Filter& x : f.p.filters)
           if (f.v5() && !x.filter.starts_with("$share/")) x.options |= 0x04;
         f.pass_changed();
       })});
  change_options(m, "retain-as-published-ignored", "5 MQTT-3.3.1-13", "Retain as published is ignored.", 0x08, 0);
  change_options(m, "retain-as-published-always", "5 MQTT-3.3.1-12", "Retain as published holds for everybody.", 0,
                 0x08);
  change_options(m, "retain-handling-ignored", "5 MQTT-3.3.1-11", "Retain handling is taken for 0.", 0x30, 0);
  change_options(m, "retain-handling-never", "5 MQTT-3.3.1-9", "Retain handling is taken for 2.", 0x30, 0x20);
  change_options(m, "retain-handling-once", "5 MQTT-3.8.4-4", "Retain handling is taken for 1.", 0x30, 0x10);
  m.push_back({"retain-handling-1-is-2",
               "5 MQTT-3.3.1-10",
               "Retain handling 1 is taken for 2.",
               {},
               only(Type::kSubscribe, [](Flow& f) {
                 for (Filter& x : f.p.filters)
                   if ((x.options & 0x30) == 0x10) x.options ^= 0x30;
                 f.pass_changed();
               })});
  m.push_back({"subscription-id-from-first",
               "5 MQTT-3.8.4-3",
               "A second SUBSCRIBE to a filter keeps its first identifier.",
               {},
               only(Type::kSubscribe, [](Flow& f) {
                 if (f.p.filters.empty()) return f.pass();
                 const std::string key = "first" + f.p.filters[0].filter;
                 const std::uint32_t given = number_of(f.p.properties, PropertyId::kSubscriptionId, 0);
                 long& first = f.memory.numbers[key];
                 if (first == 0) first = given;
                 if (first != 0)
                   strip(f.p.properties, PropertyId::kSubscriptionId),
                       f.p.properties.push_back(
                           number_property(PropertyId::kSubscriptionId, static_cast<std::uint32_t>(first)));
                 f.pass_changed();
               })});
  m.push_back({"shared-as-ordinary",
               "5 MQTT-4.8.2-1",
               "A shared subscription is served as an ordinary one.",
               {},
               only(Type::kSubscribe, [](Flow& f) {
                 for (Filter& x : f.p.filters) {
                   const std::size_t group_end =
                       x.filter.starts_with("$share/") ? x.filter.find('/', 7) : std::string::npos;
                   if (group_end != std::string::npos) x.filter.erase(0, group_end + 1);
                 }
                 f.pass_changed();
               })});
  m.push_back({"shared-groups-mixed",
               "5 MQTT-4.8.2-1",
               "All shared subscriptions to a filter are one group.",
               {},
               only(Type::kSubscribe, [](Flow& f) {
                 for (Filter& x : f.p.filters) {
                   const std::size_t group_end =
                       x.filter.starts_with("$share/") ? x.filter.find('/', 7) : std::string::npos;
                   if (group_end != std::string::npos) x.filter.replace(7, group_end - 7, "one");
                 }
                 f.pass_changed();
               })});
}

void add_retained(Mutants& m) {
  m.push_back({"retained-not-sent", "5 MQTT-3.3.1-9", "A new subscription gets no retained message.",
               only(Type::kPublish, [](Flow& f) {
                 if (!f.p.retain) return f.pass();
                 if (f.p.qos == 1) f.answer(ack_packet(Type::kPuback, f.p.id));
                 if (f.p.qos == 2) f.answer(ack_packet(Type::kPubrec, f.p.id, f.v5() ? 0x80 : 0));
               })});
  m.push_back({"retained-twice", "5 MQTT-3.3.1-9", "A retained message of QoS 0 is sent twice.",
               only(Type::kPublish, [](Flow& f) {
                 f.pass();
                 if (f.p.retain && f.p.qos == 0) f.pass();
               })});
  const auto publish = [&m](const char* id, const char* statement, const char* what, Mangle change) {
    m.push_back({id, statement, what, {}, only(Type::kPublish, std::move(change))});
  };
  publish("retained-never-stored", "5 MQTT-3.3.1-5", "Retained messages are not stored.",
          [](Flow& f) { f.p.retain = false, f.pass_changed(); });
  publish("everything-retained", "5 MQTT-3.3.1-8", "Messages with retain 0 are stored too.",
          [](Flow& f) { f.p.retain = true, f.pass_changed(); });
  publish("retained-not-cleared", "5 MQTT-3.3.1-6", "An empty retained message clears nothing.", [](Flow& f) {
    if (f.p.payload.empty()) f.p.retain = false;
    f.pass_changed();
  });
  publish("empty-payload-clears", "5 MQTT-3.3.1-8", "An empty message with retain 0 clears the retained one.",
          [](Flow& f) {
            if (f.p.payload.empty()) f.p.retain = true;
            f.pass_changed();
          });
  publish("empty-retained-not-forwarded", "3.1.1 MQTT-3.3.1-10",
          "An empty retained message does not reach subscribers.", [](Flow& f) {
            if (!f.p.retain || !f.p.payload.empty() || f.p.qos != 1) return f.pass();
            f.answer(ack_packet(Type::kPuback, f.p.id));
          });
  publish("first-retained-kept", "5 MQTT-3.3.1-5", "The first retained message of a topic stays.", [](Flow& f) {
    if (f.p.retain && !f.p.payload.empty() && ++f.world.numbers["kept" + f.p.topic] > 1) f.p.retain = false;
    f.pass_changed();
  });
  publish("retained-qos-0", "5 MQTT-3.3.1-5", "Retained messages of QoS 2 are stored with QoS 1.", [](Flow& f) {
    if (f.p.retain && f.p.qos == 2) {
      f.answer(ack_packet(Type::kPubrec, f.p.id));
      f.p.qos = 1;
    }
    f.pass_changed();
  });
}

}  // namespace

void add_subscription_mutants(Mutants& mutants) {
  add_answers(mutants);
  add_unsubscribe(mutants);
  add_matching(mutants);
  add_options(mutants);
  add_retained(mutants);
}

}  // namespace orrery::conformance

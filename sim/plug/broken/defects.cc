// SPDX-License-Identifier: Apache-2.0
#include "sim/plug/broken/defects.h"

#include <cstdlib>
#include <map>
#include <set>
#include <utility>

namespace orrery::sim::small {
namespace {

constexpr std::uint64_t kEvery = 7;

class Broken : public Broker {
 public:
  using Broker::Broker;

 protected:
  /// True for every kEvery-th call.
  bool strikes() { return ++calls_ % kEvery == 0; }

 private:
  std::uint64_t calls_ = 0;
};

/// Delivers messages of one QoS twice, as if two subscriptions had matched.
template <int qos>
class Twice final : public Broken {
  using Broken::Broken;
  void deliver(Session& session, const Delivery& d) override {
    Broken::deliver(session, d);
    if (d.qos != qos || !strikes()) return;
    ++count(ORRERY_MESSAGES_MATCHED);
    Broken::deliver(session, d);
  }
};

/// Forgets messages of one QoS after they were acknowledged to the publisher.
template <int qos>
class Lost final : public Broken {
  using Broken::Broken;
  void deliver(Session& session, const Delivery& d) override {
    if (d.qos == qos && strikes())
      ++count(ORRERY_DROPPED_QUEUE_FULL);
    else
      Broken::deliver(session, d);
  }
};

/// Takes a repeated PUBLISH of QoS 2 for a new one: it does not remember packet ids.
class Forgetful final : public Broken {
  using Broken::Broken;
  bool first_seen(Session& session, std::uint16_t packet_id) override {
    Broken::first_seen(session, packet_id);
    return true;
  }
};

/// Keeps a QoS 0 message back until the session's next one has gone out.
class Swapped final : public Broken {
  using Broken::Broken;
  void deliver(Session& session, const Delivery& d) override {
    const auto held = held_.find(session.number);
    if (held == held_.end() && d.qos == 0 && strikes()) {
      held_.emplace(session.number, d);
      return;
    }
    Broken::deliver(session, d);
    if (held == held_.end()) return;
    const Delivery late = held->second;
    held_.erase(held);
    Broken::deliver(session, late);
  }
  void stats(orrery_stats& out) const override {
    Broken::stats(out);
    out.counters[ORRERY_MESSAGES_QUEUED] += held_.size();
  }
  std::map<std::uint32_t, Delivery> held_;
};

/// Sends messages also to the session after the one that subscribed.
class Misdelivered final : public Broken {
  using Broken::Broken;
  void deliver(Session& session, const Delivery& d) override {
    Broken::deliver(session, d);
    if (!strikes()) return;
    auto next = sessions().upper_bound(session.number);
    if (next == sessions().end()) next = sessions().begin();
    if (next->second->number == session.number || next->second->link == kNoLink) return;
    ++count(ORRERY_MESSAGES_MATCHED);
    Broken::deliver(*next->second, d);
  }
};

/// Turns over a bit of a payload.
class Altered final : public Broken {
  using Broken::Broken;
  void send_publish(Session& session, const Delivery& d, std::uint16_t packet_id, bool duplicate) override {
    if (d.message->payload.empty() || !strikes()) return Broken::send_publish(session, d, packet_id, duplicate);
    Message wrong = *d.message;
    wrong.payload.back() = static_cast<char>(wrong.payload.back() ^ 0x10);
    Delivery altered = d;
    altered.message = std::make_shared<const Message>(std::move(wrong));
    Broken::send_publish(session, altered, packet_id, duplicate);
  }
};

/// Sends PUBLISH packets with both QoS bits set, which no packet may have.
class Garbled final : public Broken {
  using Broken::Broken;
  void send_publish(Session& session, const Delivery& d, std::uint16_t packet_id, bool duplicate) override {
    if (!strikes()) return Broken::send_publish(session, d, packet_id, duplicate);
    std::string packet = encode_publish(session.version, *d.message, d.qos, d.retain, false, packet_id, 0);
    packet[0] = static_cast<char>(packet[0] | 0x06);
    send(session.link, packet);
    ++count(ORRERY_MESSAGES_OUT);
  }
};

/// Keeps the first retained message of a topic for ever.
class Stale final : public Broken {
  using Broken::Broken;
  void retain(const SharedMessage& message) override {
    if (topics_.insert(message->topic).second) Broken::retain(message);
  }
  std::set<std::string> topics_;
};

/// Tells the cost model more with each node that this process makes: state that outlives a run.
class Remembers final : public Broken {
 public:
  Remembers(const orrery_effects& effects, std::uint64_t incarnation)
      : Broken(effects, incarnation), extra_(++made()) {}

 private:
  static std::uint32_t& made() {
    static std::uint32_t count = 0;
    return count;
  }
  void deliver(Session& session, const Delivery& d) override {
    for (std::uint32_t i = 0; i < extra_; ++i) work(ORRERY_WORK_FORWARD);
    Broken::deliver(session, d);
  }
  std::uint32_t extra_;
};

/// Ends the whole process, as an assertion would.
class Crashes final : public Broken {
  using Broken::Broken;
  void deliver(Session&, const Delivery&) override { std::abort(); }
};

/// Tells the world that it has died, as a broker does whose process ended on its own.
class Dies final : public Broken {
 public:
  Dies(const orrery_effects& effects, std::uint64_t incarnation) : Broken(effects, incarnation), out_(effects) {}

 private:
  void deliver(Session&, const Delivery&) override {
    if (ORRERY_HAS(&out_, died)) out_.died(out_.world, 134, "assertion failed: deliver");
  }
  const orrery_effects& out_;
};

/// Does everything right and counts wrong.
class Miscounted final : public Broken {
  using Broken::Broken;
  void deliver(Session& session, const Delivery& d) override {
    Broken::deliver(session, d);
    if (strikes()) --count(ORRERY_MESSAGES_OUT);
  }
};

using Make = std::unique_ptr<Broker> (*)(const orrery_effects&, std::uint64_t);
template <class T>
std::unique_ptr<Broker> make(const orrery_effects& effects, std::uint64_t incarnation) {
  return std::make_unique<T>(effects, incarnation);
}

constexpr std::pair<std::string_view, Make> kDefects[] = {
    {"qos0-twice", make<Twice<0>>},       {"qos1-lost", make<Lost<1>>},
    {"qos2-twice", make<Twice<2>>},       {"qos2-lost", make<Lost<2>>},
    {"qos2-forgetful", make<Forgetful>},  {"order-swapped", make<Swapped>},
    {"misdelivered", make<Misdelivered>}, {"payload-altered", make<Altered>},
    {"garbled", make<Garbled>},           {"stale-retained", make<Stale>},
    {"miscounted", make<Miscounted>},     {"remembers", make<Remembers>},
    {"crashes", make<Crashes>},           {"dies", make<Dies>},
};

}  // namespace

std::unique_ptr<Broker> make_broken(std::string_view defect, const orrery_effects& effects, std::uint64_t incarnation) {
  for (const auto& [name, maker] : kDefects)
    if (name == defect) return maker(effects, incarnation);
  return nullptr;
}

std::string_view defect_names() {
  return "qos0-twice, qos1-lost, qos2-twice, qos2-lost, qos2-forgetful, order-swapped, misdelivered, payload-altered, "
         "garbled, stale-retained, miscounted, remembers, crashes, dies";
}

}  // namespace orrery::sim::small

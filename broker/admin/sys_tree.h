// SPDX-License-Identifier: Apache-2.0
// The $SYS/broker tree under mosquitto's names: what this node publishes about itself, as retained messages of its own.
//
// Each topic is a sum of figures, or one of a few texts. After each gathering update() gives those whose payload is not
// the same as last time; the first time all. The tree is the node's own: it is never replicated, and each node of a
// cluster shows its own clients its own figures.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "broker/admin/figures.h"
#include "broker/admin/load_average.h"

namespace orrery::admin {

struct SysNumber {
  const char* topic;  // without kSysPrefix
  Sum plus;
  Sum minus;
  bool highest;
  const char* text;
};
struct SysLoad {
  const char* topic;  // without kSysPrefix and the period, which follows
  Sum sum;
  const char* text;
};
inline constexpr const char* kSysPrefix = "$SYS/broker/";

std::span<const SysNumber> sys_numbers();
std::span<const SysLoad> sys_loads();

class SysTree {
 public:
  /// `version` is a whole text, such as "orrery version 0.1.0".
  explicit SysTree(std::string version);

  /// publish(topic, payload) for each topic whose payload is another one now.
  template <class Publish>
  void update(const NodeFigures& figures, Publish&& publish) {
    compute(figures);
    for (Entry& e : entries_) {
      if (e.payload == e.published) continue;
      e.published = e.payload;
      publish(std::string_view(e.topic), std::string_view(e.payload));
    }
  }
  std::size_t topics() const { return entries_.size(); }

 private:
  struct Entry {
    std::string topic;
    std::string payload;
    std::string published;  // never empty once published
  };
  struct Load {
    std::uint64_t last = 0;
    LoadAverage average;
  };

  void compute(const NodeFigures& figures);

  std::vector<Entry> entries_;
  std::vector<Load> loads_;
  Nanos last_at_ = 0;
  bool had_any_ = false;
};

}  // namespace orrery::admin

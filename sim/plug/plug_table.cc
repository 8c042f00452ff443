// SPDX-License-Identifier: Apache-2.0
#include "sim/plug/plug_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace orrery::sim {
namespace {

std::string wrong_version(std::uint32_t version) {
  return "it speaks version " + std::to_string(version) + " of the plug, this program speaks versions 1 and " +
         std::to_string(ORRERY_ABI_VERSION);
}

std::string missing(std::initializer_list<std::pair<const char*, bool>> entries) {
  for (const auto& [name, present] : entries)
    if (!present) return std::string("its table has no entry for '") + name + "'";
  return {};
}

/// A node of version 1 goes through entries of version 2: the broker alone looks inside.
template <class To, class From>
To same(From entry) {
  return reinterpret_cast<To>(entry);
}

}  // namespace

std::string read_table(const orrery_broker& exported, PlugTable& out) {
  // Size and version are there in every table that there will ever be.
  constexpr std::size_t kLeast = offsetof(orrery_broker, abi_version) + sizeof exported.abi_version;
  if (exported.size < kLeast) return "its table says that it has " + std::to_string(exported.size) + " bytes";
  if (exported.abi_version != ORRERY_ABI_VERSION) return wrong_version(exported.abi_version);
  out = {};
  std::memcpy(&out.broker, &exported, std::min(exported.size, sizeof out.broker));
  out.broker.size = sizeof out.broker;
  const orrery_broker& b = out.broker;
  return missing({{"name", b.name != nullptr},
                  {"create", b.create != nullptr},
                  {"destroy", b.destroy != nullptr},
                  {"link_open", b.link_open != nullptr},
                  {"bytes", b.bytes != nullptr},
                  {"link_closed", b.link_closed != nullptr}});
}

std::string read_table(const v1::Broker& exported, PlugTable& out) {
  if (exported.abi_version != v1::kAbiVersion) return wrong_version(exported.abi_version);
  if (exported.size < sizeof exported) return "its table is shorter than version 1 asks for";
  const v1::Broker& b = exported;
  const std::string problem = missing({{"name", b.name != nullptr},
                                       {"create", b.create != nullptr},
                                       {"destroy", b.destroy != nullptr},
                                       {"start", b.start != nullptr},
                                       {"link_open", b.link_open != nullptr},
                                       {"bytes", b.bytes != nullptr},
                                       {"drained", b.drained != nullptr},
                                       {"link_closed", b.link_closed != nullptr},
                                       {"dial_failed", b.dial_failed != nullptr},
                                       {"wake", b.wake != nullptr},
                                       {"message", b.message != nullptr},
                                       {"stats", b.stats != nullptr}});
  if (!problem.empty()) return problem;
  out = {};
  out.version1 = &exported;
  orrery_broker& t = out.broker;
  t.size = sizeof t;
  t.abi_version = ORRERY_ABI_VERSION;
  t.name = b.name;
  t.destroy = same<decltype(t.destroy)>(b.destroy);
  t.start = same<decltype(t.start)>(b.start);
  t.bytes = same<decltype(t.bytes)>(b.bytes);
  t.drained = same<decltype(t.drained)>(b.drained);
  t.link_closed = same<decltype(t.link_closed)>(b.link_closed);
  t.dial_failed = same<decltype(t.dial_failed)>(b.dial_failed);
  t.wake = same<decltype(t.wake)>(b.wake);
  t.message = same<decltype(t.message)>(b.message);
  return {};
}

}  // namespace orrery::sim

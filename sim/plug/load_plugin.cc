// SPDX-License-Identifier: Apache-2.0
#include "sim/plug/load_plugin.h"

#include <dlfcn.h>

namespace orrery::sim {
namespace {

/// False when the symbol is not there.
template <class Table>
bool find_table(void* handle, const char* symbol, PlugTable& out, std::string& problem) {
  const auto entry = reinterpret_cast<const Table* (*)()>(dlsym(handle, symbol));
  if (entry == nullptr) return false;
  const Table* const exported = entry();
  problem = exported == nullptr ? std::string(symbol) + "() returned nothing" : read_table(*exported, out);
  return true;
}

}  // namespace

std::unique_ptr<Plugin> Plugin::load(const std::string& path, std::string& error) {
  // A bare file name would be looked up in the linker's path; a user who types one means a file here.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    error = "cannot load the broker '" + path + "': " + dlerror();
    return nullptr;
  }
  PlugTable table;
  std::string problem;
  if (!find_table<orrery_broker>(handle, "orrery_broker_v2", table, problem) &&
      !find_table<v1::Broker>(handle, "orrery_broker_v1", table, problem))
    problem = "it exports neither 'orrery_broker_v2' nor 'orrery_broker_v1' (docs/broker-plug.md)";
  if (!problem.empty()) {
    error = "cannot use the broker '" + path + "': " + problem;
    dlclose(handle);
    return nullptr;
  }
  return std::unique_ptr<Plugin>(new Plugin(handle, table));
}

Plugin::~Plugin() { dlclose(handle_); }

}  // namespace orrery::sim

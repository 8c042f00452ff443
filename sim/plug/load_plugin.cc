// SPDX-License-Identifier: Apache-2.0
#include "sim/plug/load_plugin.h"

#include <dlfcn.h>

#include "sim/plug/plugin_node.h"

namespace orrery::sim {

std::unique_ptr<Plugin> Plugin::load(const std::string& path, std::string& error) {
  // A bare file name would be looked up in the linker's path; a user who types one means a file here.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    error = "cannot load the broker '" + path + "': " + dlerror();
    return nullptr;
  }
  using Entry = const orrery_broker* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, "orrery_broker_v1"));
  const orrery_broker* broker = entry ? entry() : nullptr;
  const std::string problem = !entry    ? "it does not export 'orrery_broker_v1' (docs/broker-plug.md)"
                              : !broker ? "orrery_broker_v1() returned nothing"
                                        : check_plugin(*broker);
  if (!problem.empty()) {
    error = "cannot use the broker '" + path + "': " + problem;
    dlclose(handle);
    return nullptr;
  }
  return std::unique_ptr<Plugin>(new Plugin(handle, broker));
}

Plugin::~Plugin() { dlclose(handle_); }

}  // namespace orrery::sim

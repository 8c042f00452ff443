// SPDX-License-Identifier: Apache-2.0
// The real world for one node: sockets, a clock, and a thread for each shard.
//
//   Runtime runtime(config, factory);
//   if (std::string error = runtime.open(); !error.empty()) { print it; exit }
//   // every port is bound, nothing runs yet
//   runtime.run();  // until stop(), or a signal
//
// open() either has everything it needs or nothing: a port in use, a bad address, too few descriptors or a data
// directory that cannot be used is a sentence, and no port listened. What the node had stored it has been shown when
// open() returns. run() serves shard 0 on the calling thread and returns when all links have ended. The contract with
// the node is broker/seam/effects.h and broker/seam/node.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/openssl/tls.h"
#include "broker/runtime_asio/note_log.h"
#include "broker/seam/node.h"

namespace orrery::runtime {

struct ListenerConfig {
  std::string name;  // for errors and the log, such as "listeners.ws.default"
  /// Of kAdmin's connections all go to shard 0.
  LinkKind kind = LinkKind::kTcp;
  std::string bind;  // "address:port"; port 0 takes a free one
  /// Connections at one time; more wait in the kernel. UINT32_MAX: as many as the process's descriptors allow. Those of
  /// kAdmin are set aside: clients cannot take them.
  std::uint32_t max_connections = UINT32_MAX;
  /// TLS under `kind`; null: none.
  std::shared_ptr<const openssl::TlsContext> tls = nullptr;
};

struct RuntimeConfig {
  NodeSetup setup;
  std::vector<ListenerConfig> listeners;
  /// "host:port" of each member's shard 0, in the order of setup.members; its shard s listens on port + s. Needed only
  /// when there is more than one member.
  std::vector<std::string> peer_addresses;
  /// Where this node's shard 0 takes peers; empty: peer_addresses[self].
  std::string peer_bind;
  /// Where the node keeps what it remembers (docs/storage.md); made when it is not there. Empty: it remembers nothing.
  std::string data_dir;
  /// For tests: SQLite's name of the file system below it; null: the default.
  const char* data_file_system = nullptr;
  /// run() ends at SIGTERM and SIGINT.
  bool stop_on_signals = false;
  /// Gets the lines of the log, from the shards' threads. May be empty.
  LogFn log;
  LogOptions log_options;
};

class Runtime {
 public:
  Runtime(RuntimeConfig config, NodeFactory factory);
  ~Runtime();

  /// A sentence that says what is wrong and what would be right; empty on success. Call once.
  std::string open();
  /// Where each listener listens, with the ports that the kernel chose. After open().
  const std::vector<std::string>& listening() const;
  void run();
  /// After run(): 0, or the status with which the node gave up.
  int status() const;
  /// A line of the process itself: after open(), and from the thread that runs run().
  void note(const Note& note);
  /// From any thread, also before run().
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace orrery::runtime

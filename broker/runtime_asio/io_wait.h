// SPDX-License-Identifier: Apache-2.0
// Asio's part of a shard: one io_context that waits on the shard's own epoll set, on signals and on name look-ups.
//
// The shard's sockets are plain descriptors in its epoll set; the io_context sees the set as one descriptor. Everything
// runs on the thread that calls run(), except stop(). Asio's headers stay inside io_wait.cc.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "broker/runtime_asio/address.h"

namespace orrery::runtime {

class IoWait {
 public:
  /// `epoll` stays the caller's and must outlive this.
  explicit IoWait(int epoll);
  ~IoWait();

  /// Calls `ready` each time when the epoll set may have something, until stop().
  void run(const std::function<void()>& ready);
  /// From any thread. run() returns soon, whatever waits.
  void stop();

  /// Looks a name up without blocking; `done` gets the first address, or a sentence.
  void resolve(const HostPort& from, std::function<void(const std::string& error, const Address& address)> done);
  /// Calls `on_signal` at the first of these signals. At a second one of the same kind the process's default holds.
  void watch_signals(std::initializer_list<int> signals, std::function<void(int)> on_signal);

 private:
  void wait();

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace orrery::runtime

// SPDX-License-Identifier: Apache-2.0
// See io_wait.h.
#include "broker/runtime_asio/io_wait.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstring>

namespace orrery::runtime {

namespace asio = boost::asio;

struct IoWait::State {
  explicit State(int epoll) : set(context, epoll), resolver(context), signals(context) {}
  ~State() { set.release(); }

  asio::io_context context{1};
  asio::posix::stream_descriptor set;
  asio::ip::tcp::resolver resolver;
  asio::signal_set signals;
  const std::function<void()>* ready = nullptr;
};

IoWait::IoWait(int epoll) : state_(std::make_unique<State>(epoll)) {}
IoWait::~IoWait() = default;

void IoWait::run(const std::function<void()>& ready) {
  state_->ready = &ready;
  wait();
  state_->context.run();
}

// Each wait asks the kernel anew whether the set has something, so nothing is lost between a turn and the next wait.
void IoWait::wait() {
  state_->set.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    (*state_->ready)();
    wait();
  });
}

void IoWait::stop() { state_->context.stop(); }

void IoWait::resolve(const HostPort& from, std::function<void(const std::string&, const Address&)> done) {
  state_->resolver.async_resolve(from.host, std::to_string(from.port), asio::ip::resolver_base::numeric_service,
                                 [done = std::move(done)](const boost::system::error_code& error,
                                                          const asio::ip::tcp::resolver::results_type& found) {
                                   Address address;
                                   if (error || found.empty())
                                     return done(error ? error.message() : "no address", address);
                                   const auto endpoint = found.begin()->endpoint();
                                   address.size = static_cast<socklen_t>(endpoint.size());
                                   std::memcpy(&address.storage, endpoint.data(), endpoint.size());
                                   done({}, address);
                                 });
}

void IoWait::watch_signals(std::initializer_list<int> signals, std::function<void(int)> on_signal) {
  for (const int signal : signals) state_->signals.add(signal);
  state_->signals.async_wait(
      [this, on_signal = std::move(on_signal)](const boost::system::error_code& error, int signal) {
        if (error) return;
        boost::system::error_code ignored;
        state_->signals.remove(signal, ignored);
        on_signal(signal);
      });
}

}  // namespace orrery::runtime

// SPDX-License-Identifier: Apache-2.0
#include "load/socket.h"

#include <netinet/in.h>

#include <boost/asio/error.hpp>

namespace orrery::load {

namespace asio = boost::asio;

void open_socket(asio::ip::tcp::socket& socket, const asio::ip::tcp::endpoint& to, const std::string& source,
                 boost::system::error_code& error) {
  socket.open(to.protocol(), error);
  if (error) return;
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (error || source.empty()) return;
  using LatePort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
  socket.set_option(LatePort(true), error);
  if (error) return;
  const asio::ip::address address = asio::ip::make_address(source, error);
  if (!error) socket.bind({address, 0}, error);
}

std::string describe(const boost::system::error_code& error) {
  if (error == asio::error::eof || error == asio::error::connection_reset) return "closed by the broker";
  if (error == asio::error::connection_refused) return "connection refused";
  return error.message();
}

}  // namespace orrery::load

// SPDX-License-Identifier: Apache-2.0
// Opening a client's TCP socket, for both transports.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace orrery::load {

/// Opens the socket without delay for small writes and, with a source address, binds it so that the kernel chooses the
/// port when it connects: ports then only have to be free for this destination.
void open_socket(boost::asio::ip::tcp::socket& socket, const boost::asio::ip::tcp::endpoint& to,
                 const std::string& source, boost::system::error_code& error);

/// "connection refused" and the like; a stream's ordinary end is "closed by the broker".
std::string describe(const boost::system::error_code& error);

}  // namespace orrery::load

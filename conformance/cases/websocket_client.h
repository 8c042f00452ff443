// SPDX-License-Identifier: Apache-2.0
// A client of the WebSocket cases: frames as they are, with MQTT inside where a case wants it.
//
// Unlike Client it leaves frames to the case, and takes any request. It belongs to its Context.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conformance/cases/context.h"
#include "conformance/cases/websocket_link.h"
#include "conformance/wire.h"

namespace orrery::conformance {

class WebSocketClient {
 public:
  WebSocketClient(Context& context, std::string name);
  ~WebSocketClient();

  /// The answer to a request that may be refused; nothing when the server just closes. The path is the target's.
  std::optional<HttpResponse> request(UpgradeRequest request);
  /// A request that must be accepted, with an answer that must be right.
  HttpResponse upgrade(const UpgradeRequest& request = {});
  /// upgrade(), CONNECT and CONNACK.
  void connect();
  /// The client's end of the TCP connection.
  void close();

  void send(const WebSocketFrame& frame, LengthForm form = LengthForm::kShortest);
  /// One binary frame.
  void send_binary(std::string_view payload);
  /// Bytes of the TCP stream, for frames cut in pieces.
  void send_raw(std::string_view bytes);
  Octets encode(const WebSocketFrame& frame, LengthForm form = LengthForm::kShortest) {
    return link_.encode(frame, form);
  }

  /// From now on binary frames are left to the case like all others, and stand in the log as frames: what they carry is
  /// not MQTT.
  void keep_data() { keep_data_ = true; }

  /// The next frame that is not binary must have this opcode; binary ones are read as MQTT meanwhile, unless kept.
  WebSocketFrame expect_frame(Opcode opcode);
  /// Frames that have come and that the case has not asked for.
  const std::vector<WebSocketFrame>& unread() const { return frames_; }
  /// The next MQTT packet must be of this type.
  Packet expect_packet(Type type);
  /// The next MQTT packet must be of one of these types.
  Packet expect_any(std::initializer_list<Type> types);
  /// A PINGREQ in a binary frame is answered: the connection works.
  void expect_alive();
  /// The server ends the connection. A Close frame may come first; its code, if any, must be one of these.
  void expect_closed(std::initializer_list<unsigned> codes);
  /// True when the server has ended the connection or does so now.
  bool ended();
  /// Waits for the end; the Close frame's code, 1005 for one without code, or nothing without a frame.
  std::optional<unsigned> expect_end();

  /// Whichever comes first: the end (its code, as in expect_end(), 0 without a Close frame) or a PINGRESP (nothing).
  std::optional<unsigned> end_or_packet();

  Packet good_connect() const;

 private:
  bool pump(Nanos deadline);
  void check_errors();

  Context& context_;
  std::string name_;
  WebSocketLink link_;
  PacketStream mqtt_;
  std::vector<Packet> packets_;
  std::vector<WebSocketFrame> frames_;
  bool keep_data_ = false;
  bool ended_ = false;
};

}  // namespace orrery::conformance

// SPDX-License-Identifier: Apache-2.0
// The blocking client: one loop, pump(), moves bytes; everything else waits for what pump() brings.
#include "conformance/cases/client.h"

#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

// How long a broken connection may take to end by itself before a PINGREQ asks whether it is still served.
constexpr Nanos kGrace = 300 * kMillisecond;

}  // namespace

Client::Client(Context& context, std::string name)
    : context_(context), name_(std::move(name)), client_id_(context.id(name_)) {}

// ---- bytes ----

void Client::open(unsigned node) {
  channel_.reset();
  inbox_.clear();
  received_ = PacketStream();
  sent_ = PacketStream();
  ended_ = false;
  observer_ = std::make_unique<Observer>(context_.version());
  context_.log().add(context_.now(), name_, LogKind::kEvent, "opens a connection");
  std::unique_ptr<Stream> stream = context_.bench().open(node);
  if (!has_websocket(context_.transport())) {
    channel_ = plain_channel(std::move(stream));
  } else {
    channel_ = websocket_channel(
        std::move(stream), context_.path(),
        [this](bool sent, const std::string& text) {
          context_.log().add(context_.now(), name_, sent ? LogKind::kSentFrame : LogKind::kReceivedFrame, text);
        },
        context_.now() + context_.patience(), context_.version());
  }
}

void Client::transmit(std::string_view bytes) {
  if (!channel_) context_.fail(name_ + " has no connection to send on");
  context_.log().add(context_.now(), name_, LogKind::kSent, bytes);
  channel_->send(bytes);
}

void Client::note_sent(const Packet& packet) {
  observer_->sent(packet);
  context_.remember(packet);
}

void Client::send(const Packet& packet) { send_raw(encode(packet, context_.version())); }

void Client::send_raw(std::string_view bytes) {
  sent_.feed(bytes);
  Octets packet;
  while (sent_.next(packet)) note_sent(decode(packet, context_.version(), Sender::kClient).packet);
  transmit(bytes);
}

void Client::note_errors() {
  for (const auto& [statement, text] : channel_->take_errors()) context_.violation(statement, text);
}

// Reads once. True when something may have changed; false when the deadline passed.
bool Client::pump(Nanos deadline) {
  if (!channel_ || ended_) return false;
  Octets bytes;
  const Arrival arrival = channel_->receive(bytes, deadline);
  note_errors();
  if (arrival == Arrival::kNothing) return false;
  if (arrival == Arrival::kClosed) {
    ended_ = true;
    context_.log().add(context_.now(), name_, LogKind::kEvent, "the broker has closed the connection");
    if (received_.pending() != 0) context_.violation("X-packet-truncated", "the connection ends inside a packet");
    return true;
  }
  received_.feed(bytes);
  Octets packet;
  while (received_.next(packet)) arrived(packet);
  if (received_.broken()) context_.fail("the broker sends a remaining length of more than four bytes");
  return true;
}

void Client::arrived(std::string_view bytes) {
  context_.log().add(context_.now(), name_, LogKind::kReceived, bytes);
  Decoded d = decode(bytes, context_.version(), Sender::kServer);
  observer_->received(d.packet, d.violations);
  for (const Violation& v : d.violations) context_.violation(context_.v5() ? v.v5 : v.v311, v.what);
  if (d.packet.type == Type::kConnack) connack_ = d.packet;
  if (d.packet.type == Type::kPublish || (auto_ack && d.packet.type == Type::kPubrel)) acknowledge(d.packet);
  if (!(auto_ack && d.packet.type == Type::kPubrel)) inbox_.push_back(std::move(d.packet));
}

void Client::acknowledge(const Packet& p) {
  if (!auto_ack || (p.type == Type::kPublish && p.qos == 0)) return;
  const Type answer = p.type == Type::kPubrel ? Type::kPubcomp : p.qos == 1 ? Type::kPuback : Type::kPubrec;
  send(ack_packet(answer, p.id));
}

// ---- connecting ----

Packet Client::connect_packet_for(const ConnectOptions& o) const {
  Connect c;
  if (context_.version() == Version::k31) c.protocol_name = "MQIsdp";
  c.clean = context_.v5() ? o.clean : o.clean && !o.persistent;
  c.keep_alive = o.keep_alive;
  c.client_id = o.client_id.value_or(client_id_);
  c.will = o.will;
  c.user_name = o.user_name;
  c.password = o.password;
  Properties properties = o.properties;
  if (context_.v5() && o.persistent && find(properties, PropertyId::kSessionExpiry) == nullptr)
    properties.push_back(number_property(PropertyId::kSessionExpiry, 600));
  return connect_packet(std::move(c), std::move(properties));
}

Packet Client::connect(const ConnectOptions& options) {
  open(options.node);
  send(connect_packet_for(options));
  const Packet answer = take(Type::kConnack);
  if (answer.code != 0)
    context_.fail("a good CONNECT was refused: " + code_name(context_.version(), Type::kConnack, answer.code));
  return answer;
}

std::optional<Packet> Client::try_connect(const Packet& connect) {
  open();
  send(connect);
  return try_take(Type::kConnack, context_.patience());
}

void Client::disconnect(unsigned code, Properties properties) {
  send(disconnect_packet(code, std::move(properties)));
  const Nanos deadline = context_.now() + kGrace;
  for (Octets late; !ended_ && channel_->receive(late, deadline) == Arrival::kBytes;) late.clear();
  context_.log().add(context_.now(), name_, LogKind::kEvent, "closes the connection");
  channel_->close(HowToClose::kOrderly);
  channel_.reset();
}

void Client::drop() {
  if (!channel_) return;
  context_.log().add(context_.now(), name_, LogKind::kEvent, "resets the connection without DISCONNECT");
  channel_->close(HowToClose::kReset);
  channel_.reset();
}

// ---- sending ----

std::uint16_t Client::next_id() {
  if (++last_id_ == 0) ++last_id_;
  return last_id_;
}

Packet Client::publish(std::string_view topic, std::string_view payload, const PublishOptions& o) {
  const std::uint16_t id = o.qos == 0 ? std::uint16_t{0} : next_id();
  send(publish_packet(topic, payload, o.qos, id, o.retain, o.properties));
  if (o.qos == 0) {
    if (o.retain) context_.bench().settle();
    return {};
  }
  Packet answer = take_id(o.qos == 1 ? Type::kPuback : Type::kPubrec, id);
  if (answer.code >= 0x80)
    context_.fail("a good PUBLISH was refused: " + code_name(context_.version(), answer.type, answer.code));
  if (o.qos == 2) {
    send(ack_packet(Type::kPubrel, id));
    take_id(Type::kPubcomp, id);
  }
  if (o.retain) context_.bench().settle();
  return answer;
}

Packet Client::publish(std::string_view topic, std::string_view payload, unsigned qos) {
  PublishOptions o;
  o.qos = qos;
  return publish(topic, payload, o);
}

Packet Client::subscribe(std::string_view filter, unsigned options, Properties properties) {
  Packet answer = subscribe_all({{std::string(filter), options}}, std::move(properties));
  if (answer.codes.empty() || answer.codes[0] >= 0x80)
    context_.fail("a good SUBSCRIBE to \"" + std::string(filter) + "\" was refused");
  if (answer.codes[0] != (options & 3))
    context_.fail("QoS " + std::to_string(options & 3) + " was asked for and QoS " + std::to_string(answer.codes[0]) +
                  " granted");
  return answer;
}

Packet Client::subscribe_all(std::vector<Filter> filters, Properties properties) {
  const std::uint16_t id = next_id();
  send(subscribe_packet(id, std::move(filters), std::move(properties)));
  Packet answer = take_id(Type::kSuback, id);
  context_.bench().settle();
  return answer;
}

Packet Client::unsubscribe(const std::vector<std::string>& filters) {
  const std::uint16_t id = next_id();
  send(unsubscribe_packet(id, filters));
  Packet answer = take_id(Type::kUnsuback, id);
  context_.bench().settle();
  return answer;
}

// ---- expecting ----

std::optional<Packet> Client::take_if_there(Type type, unsigned id, bool any_id) {
  for (auto it = inbox_.begin(); it != inbox_.end(); ++it) {
    if (it->type != type || (!any_id && it->id != id)) continue;
    Packet p = std::move(*it);
    inbox_.erase(it);
    return p;
  }
  return std::nullopt;
}

std::optional<Packet> Client::try_take(Type type, Nanos within) {
  const Nanos deadline = context_.now() + within;
  for (;;) {
    if (auto p = take_if_there(type, 0, true)) return p;
    if (!pump(deadline)) return std::nullopt;
  }
}

Packet Client::take(Type type, Nanos within) {
  auto p = try_take(type, within == kNever ? context_.patience() : within);
  if (!p) missing(type_name(type));
  return std::move(*p);
}

Packet Client::take_id(Type type, unsigned id) {
  const Nanos deadline = context_.now() + context_.patience();
  for (;;) {
    if (auto p = take_if_there(type, id, false)) return std::move(*p);
    if (!pump(deadline)) missing(std::string(type_name(type)) + " with identifier " + std::to_string(id));
  }
}

std::string Client::inbox_text() const {
  if (inbox_.empty()) return "nothing";
  std::string out;
  for (const Packet& p : inbox_) out += (out.empty() ? "" : "; ") + describe(p, context_.version());
  return out;
}

void Client::missing(const std::string& what) {
  context_.fail(name_ + " expected " + what + "; " +
                (ended_ ? "the broker closed the connection; before that came: " : "there came: ") + inbox_text());
}

Packet Client::expect_publish(std::string_view topic, std::string_view payload, Nanos within) {
  auto p = try_take(Type::kPublish, within == kNever ? context_.patience() : within);
  const std::string wanted = "PUBLISH \"" + printable(topic) + "\" with \"" + printable(payload) + "\"";
  if (!p) missing(wanted);
  if (topic_of(*p) != topic || p->payload != payload)
    context_.fail(name_ + " expected " + wanted + "; the next one is " + describe(*p, context_.version()));
  return std::move(*p);
}

void Client::ping() {
  send(plain_packet(Type::kPingreq));
  take(Type::kPingresp);
}

void Client::expect_quiet(const char* why) {
  ping();
  if (!inbox_.empty()) context_.fail(name_ + ": " + why + "; there came: " + inbox_text());
}

bool Client::ended(Nanos within) {
  const Nanos deadline = context_.now() + within;
  while (!ended_ && pump(deadline)) continue;
  return ended_ || !channel_;
}

std::optional<Packet> Client::expect_end(Nanos within) {
  const bool was_accepted = accepted();
  const Nanos deadline = context_.now() + (within == kNever ? context_.patience() : within);
  // A connection that still answers is not being closed: ask, rather than wait for the deadline.
  if (within == kNever && was_accepted && !ended(kGrace)) send_raw(frame(0xc0, ""));
  while (!ended_ && pump(deadline)) {
    if (within == kNever && was_accepted && take_if_there(Type::kPingresp, 0, true))
      context_.fail(name_ + ": the connection should be closed, but the broker goes on and answers a PINGREQ");
    if (!was_accepted && accepted())
      context_.fail(name_ + ": the connection should be closed, but the broker accepts it with CONNACK 0");
  }
  if (!ended_)
    context_.fail(name_ + ": the connection should be closed and is still open; there came: " + inbox_text());
  std::optional<Packet> last = take_if_there(was_accepted ? Type::kDisconnect : Type::kConnack, 0, true);
  channel_.reset();
  return last;
}

void Client::expect_closed(Reason reason) {
  const bool was_accepted = accepted();
  const std::optional<Packet> last = expect_end();
  if (!context_.v5()) {
    if (last)
      context_.chose("CONNACK " + code_name(context_.version(), Type::kConnack, last->code) + " before the close");
    return;
  }
  if (!last) {
    if (was_accepted)
      context_.should(false, "DISCONNECT with " + code_name(Version::k5, Type::kDisconnect, reason.code) +
                                 " before the close (4.13.1)");
    else
      context_.chose("the connection is closed without CONNACK");
    return;
  }
  check_reason(*last, reason);
}

void Client::check_reason(const Packet& last, Reason reason) {
  if (last.code == reason.code || (reason.also != 0 && last.code == reason.also)) return;
  const std::string text = std::string(type_name(last.type)) + " says " + code_name(Version::k5, last.type, last.code) +
                           " where " + code_name(Version::k5, last.type, reason.code) + " is the fitting code";
  const bool near = last.code == 0x80 || (!reason.exact && last.code >= 0x80 && last.code <= 0x83);
  if (!near) context_.fail(name_ + ": " + text);
  context_.should(false, text);
}

}  // namespace orrery::conformance

// SPDX-License-Identifier: Apache-2.0
// The server's side of HTTP/1.1 on the admin links of one shard: requests in order, answers in the same order, and an
// end.
//
// One request of a link is answered at a time. What a client sends behind it waits in the transport, for the link is
// not read meanwhile, and as far as it had been read already in at most kHeldBytesMax here. A client that does not take
// its answers gets no further ones, and is reset in the end. Every limit and time-out is in limits.h; every refusal is
// an answer with a body that says why, and the last one of its link. Timers: the owner calls tick() at next_deadline().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "broker/admin/http_request.h"
#include "broker/admin/http_response.h"
#include "broker/admin/limits.h"
#include "broker/base/heap.h"
#include "broker/seam/counters.h"
#include "broker/seam/effects.h"

namespace orrery::admin {

class HttpUser {
 public:
  virtual ~HttpUser() = default;
  /// A whole request. HttpServer::respond() answers it, during this call or later; until then there is no other of this
  /// link.
  virtual void request(Nanos now, LinkId link, const HttpRequest& request) = 0;
  /// The link went before its request was answered: no respond() any more.
  virtual void request_gone(LinkId link) = 0;
};

class HttpServer {
 public:
  /// All arguments outlive it.
  HttpServer(Heap& heap, Effects& effects, Counters& counters, HttpUser& user);
  ~HttpServer();

  void link_open(Nanos now, LinkId link);
  void bytes(Nanos now, LinkId link, Bytes bytes);
  void drained(Nanos now, LinkId link);
  void link_closed(Nanos now, LinkId link);

  void respond(Nanos now, LinkId link, const HttpResponse& response);

  void tick(Nanos now);
  /// In the past while requests wait that one event was not enough for.
  Nanos next_deadline() const { return next_deadline_; }
  std::size_t links() const { return links_.size(); }
  /// Bytes held for requests that are not whole or wait for their turn.
  std::size_t buffered() const;

 private:
  struct Link {
    Link(Heap& heap, LinkId link) : id(link), reader(heap), held(HeapAllocator<std::uint8_t>(heap)) {}
    const LinkId id;
    HttpRequestReader reader;
    HeapVector<std::uint8_t> held;
    Nanos deadline = kNever;
    HttpResponseForm form;   // of the answer that is owed
    bool answering = false;  // the user has the request
    bool taking = false;     // the transport has bytes of an answer
    bool overflown = false;  // more came behind a request than may wait
    bool reading = true;     // as told to the world
    bool ended = false;      // by us: what still comes is thrown away
  };

  Link* find(LinkId link);
  void run(Nanos now, Link& l, Bytes bytes);
  void begin_request(Nanos now, Link& l);
  void hold(Nanos now, Link& l, Bytes bytes);
  void go_on(Nanos now, Link& l);
  void refuse(Nanos now, Link& l, const HttpRefusal& why);
  void tell(LinkId link, const HttpResponse& response);
  void send(Nanos now, Link& l, const HttpResponse& response);
  void end(Link& l, CloseHow how);
  bool can_begin(const Link& l) const { return !l.answering && !l.taking && !l.ended; }
  void set_deadline(Link& l, Nanos when);
  void update_next();

  Heap& heap_;
  Effects& effects_;
  Counters& counters_;
  HttpUser& user_;
  std::vector<std::unique_ptr<Link>> links_;  // at most kLinksMax, in the order in which they came
  Nanos next_deadline_ = kNever;
  std::vector<std::uint8_t> out_;  // scratch
};

}  // namespace orrery::admin

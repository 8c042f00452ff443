// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/http_server.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::admin {
namespace {

constexpr HttpRefusal kTooManyLinks = {503, "TOO_MANY_CONNECTIONS",
                                       "This node serves at most 32 admin connections at one time."};
constexpr HttpRefusal kTooManyHeld = {429, "TOO_MANY_REQUESTS",
                                      "More than 65536 bytes were sent before the request was answered."};
constexpr HttpRefusal kTooSlow = {408, "REQUEST_TIMEOUT", "The request was not whole within 10 seconds."};
static_assert(kLinksMax == 32 && kHeldBytesMax == 65536 && kRequestTimeout == 10 * kSecond,
              "the sentences above say so in words");

constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

HttpServer::HttpServer(Heap& heap, Effects& effects, Counters& counters, HttpUser& user)
    : heap_(heap), effects_(effects), counters_(counters), user_(user) {}

HttpServer::~HttpServer() = default;

std::size_t HttpServer::buffered() const {
  std::size_t sum = 0;
  for (const auto& l : links_) sum += l->reader.buffered() + l->held.size();
  return sum;
}

HttpServer::Link* HttpServer::find(LinkId link) {
  const auto at = std::find_if(links_.begin(), links_.end(), [&](const auto& l) { return l->id == link; });
  return at == links_.end() ? nullptr : at->get();
}

void HttpServer::link_open(Nanos now, LinkId link) {
  ORRERY_ASSERT(find(link) == nullptr);
  if (links_.size() == kLinksMax) {
    const HttpResponse response = error_response(kTooManyLinks);
    tell(link, response);
    out_.clear();
    append_response(out_, response, {.keep_alive = false});
    effects_.send(link, out_);
    return effects_.close(link, CloseHow::kFlush);
  }
  links_.push_back(std::make_unique<Link>(heap_, link));
  set_deadline(*links_.back(), now + kIdleTimeout);
}

void HttpServer::link_closed(Nanos, LinkId link) {
  Link* l = find(link);
  if (l == nullptr) return;  // one too many
  const bool answering = l->answering;
  links_.erase(std::find_if(links_.begin(), links_.end(), [&](const auto& other) { return other.get() == l; }));
  update_next();
  if (answering) user_.request_gone(link);
}

void HttpServer::bytes(Nanos now, LinkId link, Bytes bytes) {
  Link* l = find(link);
  if (l == nullptr || l->ended) return;
  if (!can_begin(*l) || !l->held.empty()) return hold(now, *l, bytes);
  run(now, *l, bytes);
}

void HttpServer::drained(Nanos now, LinkId link) {
  Link* l = find(link);
  if (l == nullptr || l->ended || !l->taking) return;
  l->taking = false;
  go_on(now, *l);
}

/// Reads requests until one has to wait. The user may answer a request while it is given to it.
void HttpServer::run(Nanos now, Link& l, Bytes bytes) {
  for (std::uint32_t begun = 0; !bytes.empty();) {
    if (begun == kRequestsPerEvent || !can_begin(l)) return hold(now, l, bytes);
    const bool was_begun = l.reader.begun();
    std::size_t consumed = 0;
    const HttpRequestReader::Status status = l.reader.feed(bytes, consumed);
    bytes = bytes.subspan(consumed);
    if (!was_begun && l.reader.begun()) set_deadline(l, now + kRequestTimeout);
    if (status == HttpRequestReader::Status::kRefused) return refuse(now, l, l.reader.refusal());
    if (status == HttpRequestReader::Status::kContinue) effects_.send(l.id, as_bytes(kContinueResponse));
    if (status != HttpRequestReader::Status::kRequest) continue;
    ++begun;
    begin_request(now, l);
    if (l.ended) return;
  }
}

void HttpServer::begin_request(Nanos now, Link& l) {
  const HttpRequest& request = l.reader.request();
  counters_.add(Counter::kAdminRequests);
  l.form = {.head = request.method == "HEAD", .http_1_1 = request.http_1_1, .keep_alive = request.keep_alive};
  l.answering = true;
  set_deadline(l, kNever);
  user_.request(now, l.id, request);
  if (l.ended) return;
  l.reader.reset();
  if (can_begin(l)) go_on(now, l);  // answered at once
}

/// Behind a request that is not answered, or beyond what one event may begin.
void HttpServer::hold(Nanos now, Link& l, Bytes bytes) {
  if (l.reading) effects_.stop_reading(l.id);
  l.reading = false;
  l.overflown = l.overflown || l.held.size() + bytes.size() > kHeldBytesMax;
  if (!l.overflown) {
    l.held.insert(l.held.end(), bytes.begin(), bytes.end());
  } else {
    HeapVector<std::uint8_t>(HeapAllocator<std::uint8_t>(heap_)).swap(l.held);
  }
  if (can_begin(l)) set_deadline(l, now);
}

/// After an answer, or in a later event: the next request is read, or waited for.
void HttpServer::go_on(Nanos now, Link& l) {
  if (!can_begin(l)) return;
  if (l.overflown || !l.held.empty()) return set_deadline(l, now);
  if (!l.reader.begun()) set_deadline(l, now + kIdleTimeout);
  if (!l.reading) effects_.resume_reading(l.id);
  l.reading = true;
}

void HttpServer::respond(Nanos now, LinkId link, const HttpResponse& response) {
  Link* l = find(link);
  ORRERY_ASSERT(l != nullptr);
  ORRERY_ASSERT(l->answering);
  l->answering = false;
  if (response.status >= 400) tell(link, response);
  send(now, *l, response);
  if (!l->form.keep_alive) return end(*l, CloseHow::kFlush);
  go_on(now, *l);
}

void HttpServer::refuse(Nanos now, Link& l, const HttpRefusal& why) {
  const HttpResponse response = error_response(why);
  tell(l.id, response);
  l.form = {.keep_alive = false};
  send(now, l, response);
  end(l, CloseHow::kFlush);
}

/// Counts a refusal, and notes it.
void HttpServer::tell(LinkId link, const HttpResponse& response) {
  counters_.add(Counter::kAdminRefused);
  if (response.why.empty()) return;
  effects_.note({.kind = NoteKind::kAdminRefused, .link = link, .text = response.why, .numbers = {response.status}});
}

void HttpServer::send(Nanos now, Link& l, const HttpResponse& response) {
  out_.clear();
  append_response(out_, response, l.form);
  l.taking = effects_.send(l.id, out_) > 0;
  if (l.taking) set_deadline(l, now + kTakeTimeout);
}

void HttpServer::end(Link& l, CloseHow how) {
  l.ended = true;
  l.reader.reset();
  HeapVector<std::uint8_t>(HeapAllocator<std::uint8_t>(heap_)).swap(l.held);
  set_deadline(l, kNever);
  effects_.close(l.id, how);
}

void HttpServer::tick(Nanos now) {
  if (now < next_deadline_) return;
  // Nothing below makes or removes a link: that is only done by the world's events.
  for (std::size_t i = 0; i < links_.size(); ++i) {
    Link& l = *links_[i];
    if (now < l.deadline) continue;
    l.deadline = kNever;
    if (l.taking) {
      end(l, CloseHow::kAbort);
    } else if (l.overflown) {
      refuse(now, l, kTooManyHeld);
    } else if (!l.held.empty()) {
      HeapVector<std::uint8_t> held{HeapAllocator<std::uint8_t>(heap_)};
      held.swap(l.held);
      run(now, l, held);
      go_on(now, l);
    } else if (l.reader.begun()) {
      refuse(now, l, kTooSlow);
    } else {
      end(l, CloseHow::kFlush);
    }
  }
  update_next();
}

void HttpServer::set_deadline(Link& l, Nanos when) {
  l.deadline = when;
  update_next();
}

void HttpServer::update_next() {
  next_deadline_ = kNever;
  for (const auto& l : links_) next_deadline_ = std::min(next_deadline_, l->deadline);
}

}  // namespace orrery::admin

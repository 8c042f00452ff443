// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/admin.h"

#include <algorithm>

#include "broker/admin/emqx_names.h"
#include "broker/admin/prometheus_text.h"

namespace orrery::admin {
namespace {

constexpr std::string_view kMetricsPath = "/metrics";
constexpr std::string_view kEmqxPath = "/api/v5/prometheus/stats";
constexpr std::string_view kStatusPath = "/status";
constexpr std::string_view kMethods = "GET, HEAD";

constexpr HttpRefusal kUnknownPath = {
    404, "NOT_FOUND", "Nothing is served under this path; there are /status, /metrics and /api/v5/prometheus/stats."};
constexpr HttpRefusal kUnknownMethod = {405, "METHOD_NOT_ALLOWED", "Only GET and HEAD are served under this path."};

}  // namespace

Admin::Admin(AdminOptions options, ShardId shards, Heap& heap, Effects& effects, Counters& counters, AdminHost& host)
    : options_(std::move(options)),
      host_(host),
      gather_(shards),
      sys_("orrery version " + options_.identity.version),
      http_(heap, effects, counters, *this) {}

void Admin::start(Nanos now) {
  gather_.start(now);
  if (options_.sys_interval != 0) sys_at_ = now;
}

Nanos Admin::next_deadline() const { return std::min({sys_at_, gather_.deadline(), http_.next_deadline()}); }

void Admin::tick(Nanos now) {
  if (now >= gather_.deadline()) figures_are_there(now);
  if (now >= sys_at_) {
    sys_at_ = now + options_.sys_interval;
    sys_waits_ = true;
    want_figures(now);
  }
  http_.tick(now);
}

void Admin::want_figures(Nanos now) {
  if (!gather_.under_way()) host_.ask_shards(now, gather_.begin(now));
}

void Admin::shard_answered(Nanos now, std::uint64_t round, ShardId from, const ShardFigures& figures) {
  if (gather_.answer(round, from, figures)) figures_are_there(now);
}

void Admin::figures_are_there(Nanos now) {
  const NodeFigures& figures = gather_.finish(now);
  if (sys_waits_) {
    sys_waits_ = false;
    sys_.update(figures,
                [&](std::string_view topic, std::string_view payload) { host_.publish_sys(now, topic, payload); });
  }
  std::vector<Waiting> waiting;
  waiting.swap(waiting_);
  for (const Waiting& w : waiting) http_.respond(now, w.link, page_response(w.page, figures));
}

void Admin::request(Nanos now, LinkId link, const HttpRequest& request) {
  const bool metrics = request.path == kMetricsPath;
  if (!metrics && request.path != kEmqxPath && request.path != kStatusPath)
    return http_.respond(now, link, error_response(kUnknownPath));
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = error_response(kUnknownMethod);
    response.allow = kMethods;
    return http_.respond(now, link, response);
  }
  if (request.path == kStatusPath) return http_.respond(now, link, status_response());
  waiting_.push_back({link, metrics ? Page::kMetrics : Page::kEmqx});
  want_figures(now);
}

void Admin::request_gone(LinkId link) {
  std::erase_if(waiting_, [&](const Waiting& w) { return w.link == link; });
}

HttpResponse Admin::status_response() {
  const std::string_view why_not = host_.why_no_clients();
  if (!why_not.empty()) return error_response(503, "SERVICE_UNAVAILABLE", why_not);
  HttpResponse out;
  out.body = "{\"status\":\"running\",\"node\":";
  append_json_text(out.body, options_.identity.name);
  out.body += ",\"version\":";
  append_json_text(out.body, options_.identity.version);
  out.body += "}\n";
  return out;
}

HttpResponse Admin::page_response(Page page, const NodeFigures& figures) {
  HttpResponse out;
  out.content_type = kPrometheusText;
  out.body = page == Page::kMetrics ? metrics_page(figures, options_.identity, host_.why_no_clients().empty())
                                    : emqx_page(figures);
  return out;
}

}  // namespace orrery::admin

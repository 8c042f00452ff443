// SPDX-License-Identifier: Apache-2.0
// The admin's side of a node, on its shard 0: who asks over HTTP is answered, and the $SYS tree is kept.
//
//   GET /metrics                       everything that is counted, in Prometheus' text format
//   GET /api/v5/prometheus/stats       the same under EMQX's names
//   GET /status                        200 when this node takes clients, otherwise 503 and why not
//
// Figures come from all shards by a round of messages (gather.h): a request that needs them waits for the round that is
// under way, or begins one; so does the $SYS tree at the end of each interval. /status answers at once.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "broker/admin/gather.h"
#include "broker/admin/http_server.h"
#include "broker/admin/metrics_page.h"
#include "broker/admin/sys_tree.h"

namespace orrery::admin {

struct AdminOptions {
  NodeIdentity identity;
  /// How often the $SYS tree is brought up to date; 0: there is none.
  Nanos sys_interval = 10 * kSecond;
};

/// What it needs of the shard around it.
class AdminHost {
 public:
  virtual ~AdminHost() = default;
  /// Asks every shard, this one included; Admin::shard_answered() follows for each, with the round.
  virtual void ask_shards(Nanos now, std::uint64_t round) = 0;
  /// Why the node takes no clients, a sentence; empty when it takes them.
  virtual std::string_view why_no_clients() = 0;
  /// Sets a retained message of this node alone, and delivers it to this node's subscribers.
  virtual void publish_sys(Nanos now, std::string_view topic, std::string_view payload) = 0;
};

class Admin final : private HttpUser {
 public:
  /// All arguments but the first two outlive it.
  Admin(AdminOptions options, ShardId shards, Heap& heap, Effects& effects, Counters& counters, AdminHost& host);

  void start(Nanos now);
  void tick(Nanos now);
  Nanos next_deadline() const;
  void shard_answered(Nanos now, std::uint64_t round, ShardId from, const ShardFigures& figures);

  // Events of the links of kind kAdmin.
  void link_open(Nanos now, LinkId link) { http_.link_open(now, link); }
  void bytes(Nanos now, LinkId link, Bytes bytes) { http_.bytes(now, link, bytes); }
  void drained(Nanos now, LinkId link) { http_.drained(now, link); }
  void link_closed(Nanos now, LinkId link) { http_.link_closed(now, link); }

  /// Bytes held for requests that are not answered.
  std::size_t buffered() const { return http_.buffered(); }
  std::size_t sys_topics() const { return options_.sys_interval == 0 ? 0 : sys_.topics(); }

 private:
  enum class Page : std::uint8_t { kMetrics, kEmqx };
  struct Waiting {
    LinkId link;
    Page page;
  };

  void request(Nanos now, LinkId link, const HttpRequest& request) override;
  void request_gone(LinkId link) override;
  void want_figures(Nanos now);
  void figures_are_there(Nanos now);
  HttpResponse status_response();
  HttpResponse page_response(Page page, const NodeFigures& figures);

  const AdminOptions options_;
  AdminHost& host_;
  Gather gather_;
  SysTree sys_;
  HttpServer http_;
  std::vector<Waiting> waiting_;  // at most one for each link
  Nanos sys_at_ = kNever;
  bool sys_waits_ = false;
};

}  // namespace orrery::admin

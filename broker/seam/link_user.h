// SPDX-License-Identifier: Apache-2.0
// What runs on links of one kind: the events of a link, without the shard around them.
//
// A shard gives each kind of link one user (broker/node/link_table.h): clients' MQTT, the cluster's peers, the
// administrator's HTTP. A link belongs to its user from link_open to link_closed; nobody else is told about it. The
// rules of Shard (node.h) hold for each call. One more kind of link is one more class that derives from this and one
// more line in the shard.
#pragma once

#include "base/types.h"
#include "broker/seam/node.h"

namespace orrery {

class LinkUser {
 public:
  virtual ~LinkUser() = default;
  virtual void link_open(Nanos now, LinkId link, const LinkInfo& info) = 0;
  virtual void bytes(Nanos now, LinkId link, MutableBytes bytes) = 0;
  virtual void drained(Nanos now, LinkId link) = 0;
  virtual void link_closed(Nanos now, LinkId link) = 0;
};

}  // namespace orrery

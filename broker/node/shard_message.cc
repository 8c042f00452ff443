// SPDX-License-Identifier: Apache-2.0
#include "broker/node/shard_message.h"

#include "broker/mqtt/topic.h"

namespace orrery::node {

void MessageReader::message(session::MessageView& v) {
  v = session::decode_message(in_, now_);
  if (in_.failed() || sender_ == Sender::kThisNode) return;
  if (!session::publishable(v)) in_.fail();
}

void MessageReader::share_filter(std::string_view& v) {
  text(v);
  if (in_.failed() || sender_ == Sender::kThisNode) return;
  if (!mqtt::valid_topic_filter(v) || !mqtt::parse_topic_filter(v).shared()) in_.fail();
}

}  // namespace orrery::node

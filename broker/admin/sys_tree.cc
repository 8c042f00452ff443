// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/sys_tree.h"

#include <algorithm>

namespace orrery::admin {
namespace {

using enum Counter;

constexpr Sum kPacketsIn = {kPacketsInConnect,   kPacketsInPublish0,    kPacketsInPublish1, kPacketsInPublish2,
                            kPacketsInPuback,    kPacketsInPubrec,      kPacketsInPubrel,   kPacketsInPubcomp,
                            kPacketsInSubscribe, kPacketsInUnsubscribe, kPacketsInPingreq,  kPacketsInDisconnect,
                            kPacketsInAuth,      kPacketsInOther};
constexpr Sum kPacketsOut = {kPacketsOutConnack, kPacketsOutPublish0, kPacketsOutPublish1, kPacketsOutPublish2,
                             kPacketsOutPuback,  kPacketsOutPubrec,   kPacketsOutPubrel,   kPacketsOutPubcomp,
                             kPacketsOutSuback,  kPacketsOutUnsuback, kPacketsOutPingresp, kPacketsOutDisconnect,
                             kPacketsOutAuth};
constexpr Sum kPublishIn = {kPacketsInPublish0, kPacketsInPublish1, kPacketsInPublish2};
constexpr Sum kPublishOut = {kPacketsOutPublish0, kPacketsOutPublish1, kPacketsOutPublish2};
constexpr Sum kPublishDropped = {kDroppedQueueFull, kDroppedSlowConsumer, kDroppedPeerUnreachable};

constexpr SysNumber kNumbers[] = {
    {"clients/total", {kSessions}, {}, false, "Sessions, connected or not."},
    {"clients/maximum", {kSessions}, {}, true, "The most of them that were seen at an interval's end."},
    {"clients/connected", {kConnected}, {}, false, "Sessions that have a connection."},
    {"clients/disconnected", {kSessions}, {kConnected}, false, "Sessions that have none."},
    {"clients/expired", {kSessionsExpired}, {}, false, "Sessions that ended because they had expired."},
    {"messages/received", kPacketsIn, {}, false, "Packets of any type from clients."},
    {"messages/sent", kPacketsOut, {}, false, "Packets of any type to clients."},
    {"messages/stored",
     {kMessagesQueued, kRetained},
     {},
     false,
     "Messages that wait for a session, and retained ones."},
    {"store/messages/count", {kMessagesQueued, kRetained}, {}, false, "The same."},
    {"store/messages/bytes", {kRetainedBytes}, {}, false, "Bytes of the retained messages and their topics."},
    {"subscriptions/count", {kSubscriptions}, {}, false, "Subscriptions."},
    {"retained messages/count", {kRetained}, {}, false, "Retained messages, without those of $SYS."},
    {"heap/current", {kHeapBytes}, {}, false, "Bytes in use in the node's own heaps."},
    {"heap/maximum", {kHeapBytes}, {}, true, "The most of them that were seen at an interval's end."},
    {"bytes/received", {kBytesIn}, {}, false, "Bytes from clients."},
    {"bytes/sent", {kBytesOut}, {}, false, "Bytes to clients."},
    {"publish/messages/received", kPublishIn, {}, false, "PUBLISH packets from clients."},
    {"publish/messages/sent", kPublishOut, {}, false, "PUBLISH packets to clients."},
    {"publish/messages/dropped", kPublishDropped, {}, false, "Messages dropped because a queue or a link was full."},
    {"publish/bytes/received", {kPayloadBytesIn}, {}, false, "Payload bytes of the messages from clients."},
    {"publish/bytes/sent", {kPayloadBytesOut}, {}, false, "Payload bytes of the messages to clients."},
};

constexpr SysLoad kLoads[] = {
    {"load/messages/received", kPacketsIn, "Packets of any type from clients."},
    {"load/messages/sent", kPacketsOut, "Packets of any type to clients."},
    {"load/publish/received", kPublishIn, "PUBLISH packets from clients."},
    {"load/publish/sent", kPublishOut, "PUBLISH packets to clients."},
    {"load/publish/dropped", kPublishDropped, "Messages dropped because a queue or a link was full."},
    {"load/bytes/received", {kBytesIn}, "Bytes from clients."},
    {"load/bytes/sent", {kBytesOut}, "Bytes to clients."},
    {"load/sockets", {kLinksOpened}, "Network connections opened."},
    {"load/connections", {kPacketsInConnect}, "CONNECT packets."},
};

constexpr std::size_t kUptime = 1;  // behind the version
constexpr std::size_t kFirstNumber = 2;

}  // namespace

std::span<const SysNumber> sys_numbers() { return kNumbers; }
std::span<const SysLoad> sys_loads() { return kLoads; }

SysTree::SysTree(std::string version) : loads_(std::size(kLoads)) {
  const std::string prefix = kSysPrefix;
  entries_.push_back({prefix + "version", std::move(version), {}});
  entries_.push_back({prefix + "uptime", {}, {}});
  for (const SysNumber& n : kNumbers) entries_.push_back({prefix + n.topic, {}, {}});
  for (const SysLoad& l : kLoads)
    for (const int minutes : LoadAverage::kMinutes)
      entries_.push_back({prefix + l.topic + "/" + std::to_string(minutes) + "min", {}, {}});
}

void SysTree::compute(const NodeFigures& figures) {
  entries_[kUptime].payload = std::to_string(figures.uptime / kSecond) + " seconds";
  std::size_t at = kFirstNumber;
  for (const SysNumber& n : kNumbers) {
    const auto& values = n.highest ? figures.highest : figures.values;
    const std::uint64_t minus = n.minus.of(values);
    const std::uint64_t plus = std::max(n.plus.of(values), minus);  // shards answer at different instants
    entries_[at++].payload = std::to_string(plus - minus);
  }
  const Nanos interval = figures.now - last_at_;
  for (std::size_t l = 0; l < std::size(kLoads); ++l) {
    const std::uint64_t sum = kLoads[l].sum.of(figures.values);
    if (had_any_ && interval > 0) loads_[l].average.add(sum - loads_[l].last, interval);
    loads_[l].last = sum;
    for (std::size_t p = 0; p < LoadAverage::kMinutes.size(); ++p) entries_[at++].payload = loads_[l].average.text(p);
  }
  last_at_ = figures.now;
  had_any_ = true;
}

}  // namespace orrery::admin

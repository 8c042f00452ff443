// SPDX-License-Identifier: Apache-2.0
// Faults as entries of a plan: what is done to which process or path, and when. How a plan is drawn or read from a file
// is not known here; World::plan takes them and carries them out at their time, in the order of the list where times
// are equal.
//
// kCrash      The process dies (kill -9). Its memory is gone, its links are reset by its kernel: every other end learns
//             it one latency later. What the node had not sent at that instant is never sent; what it had sent may
//             still arrive.
// kPowerLoss  The machine is gone. As kCrash, but no other end is told: links stay half-open until the other end sends
//             and gives up (NetworkModel::give_up), or sends after the machine is back and is reset.
// kRestart    A new life of the node with the next incarnation; a node that is alive is crashed first.
// kPause      The node's shards do nothing for `duration` (SIGSTOP, a stalled virtual machine). Its kernel goes on:
//             connections are accepted, bytes wait.
// kSlowCpu    From now on every cost is multiplied by per_mille / 1000. 1000 ends it.
// kPartition  From now on nothing sent by `from` reaches `to` (and the reverse when both_ways). Sets, so partial and
//             overlapping cuts are possible; cuts add up. Bytes on the way are stalled, not lost: TCP sends them again.
// kHeal       Ends the cut between the same sets. Stalled bytes arrive at the next retransmission, which is drawn
//             between one latency and twice the time they have waited; streams that waited longer than give_up have
//             been reset.
// kSlowPath   From now on `duration` is added to the latency of everything that leaves or reaches the node. 0 ends it.
//
// Of a node that has a disk (sim/models/disk.h); what the crash and the loss of power do to it is said there:
// kDiskFull   From now on nothing more can be stored. A restart does not bring the node up.
// kDiskFails  From now on the disk is broken, and what is stored on it until the node starts again fails. A restart
//             does not bring the node up.
// kDiskMended Ends both.
// kSlowDisk   From now on every service time is multiplied by per_mille / 1000. 1000 ends it.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace orrery::sim {

enum class FaultKind : std::uint8_t {
  kCrash,
  kPowerLoss,
  kRestart,
  kPause,
  kSlowCpu,
  kPartition,
  kHeal,
  kSlowPath,
  kDiskFull,
  kDiskFails,
  kDiskMended,
  kSlowDisk
};

/// Nodes as bits by NodeId, and whether all clients belong to the set.
struct PlaceSet {
  std::uint64_t nodes = 0;
  bool clients = false;
};

struct Fault {
  Nanos at = 0;
  FaultKind kind = FaultKind::kCrash;
  NodeId node = 0;
  Nanos duration = 0;
  std::uint32_t per_mille = 1000;
  PlaceSet from = {};
  PlaceSet to = {};
  bool both_ways = true;
};

}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/cluster_setup.h"

#include <array>
#include <bit>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/rng.h"
#include "broker/cluster/limits.h"

namespace orrery::cluster {
namespace {

/// The member with the largest weight; on equal weights (never, in practice) the lower id.
NodeId heaviest(std::uint64_t key, NodeMask candidates) {
  NodeId best = kNoNode;
  std::uint64_t best_weight = 0;
  for (NodeId n = 0; n < kMembersMax; ++n) {
    if ((candidates & mask_of(n)) == 0) continue;
    const std::uint64_t weight = mix64(key ^ mix64(n + 1));
    if (best == kNoNode || weight > best_weight) {
      best = n;
      best_weight = weight;
    }
  }
  return best;
}

}  // namespace

std::uint64_t fingerprint(const ClusterSetup& setup) {
  ByteWriter::Buffer list;
  ByteWriter w(list);
  for (const Member& m : setup.members) {
    w.u32_prefixed(as_bytes(m.name));
    w.u8(m.core ? 1 : 0);
    w.u16(m.shards);
  }
  return hash_bytes(list, 0);
}

NodeId registrar_of(std::string_view client_id, NodeMask live) {
  if (live == 0) return kNoNode;
  return heaviest(hash_text(client_id, 0), live);
}

NodeId attachment_of(const ClusterSetup& setup, NodeId replicant, NodeMask live) {
  if (live == 0) return kNoNode;
  const auto cores = static_cast<std::size_t>(std::popcount(live));
  std::size_t replicants = 0;
  for (const Member& m : setup.members) replicants += m.core ? 0 : 1;
  const std::size_t ceiling = (replicants + cores - 1) / cores;
  std::array<std::size_t, kMembersMax> load{};
  NodeMask open = live;
  for (NodeId n = 0; n < replicant; ++n) {
    if (setup.is_core(n)) continue;
    const NodeId core = heaviest(mix64(n + 1), open);
    if (++load[core] == ceiling) open &= ~mask_of(core);
  }
  return heaviest(mix64(replicant + 1), open);
}

}  // namespace orrery::cluster

// SPDX-License-Identifier: Apache-2.0
// One node's machine: its life, its network interface and its account.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "broker/seam/node.h"
#include "sim/models/disk.h"
#include "sim/models/machine_model.h"

namespace orrery::sim {

/// Bandwidth as two servers in a row with everything: what is sent queues by the time of the event that sent it, what
/// arrives by its arrival, so that a shard with a backlog does not delay the others' packets.
class Nic {
 public:
  explicit Nic(std::uint64_t bits_per_second)
      : picos_per_byte_(8'000'000'000'000 / std::max<std::uint64_t>(1, bits_per_second)) {}

  /// How much later than its sender's work it is on the wire.
  Nanos send(Nanos now, std::uint32_t bytes) {
    count(tx_bytes, tx_packets, rx_bytes, rx_packets, bytes);
    sent_until_ = std::max(sent_until_, now) + duration(bytes);
    return sent_until_ - now;
  }
  /// When it has been received.
  Nanos receive(Nanos now, std::uint32_t bytes) {
    count(rx_bytes, rx_packets, tx_bytes, tx_packets, bytes);
    received_until_ = std::max(received_until_, now) + duration(bytes);
    return received_until_;
  }

  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_packets = 0;
  std::uint64_t tx_packets = 0;

 private:
  Nanos duration(std::uint32_t bytes) const {
    return static_cast<Nanos>((bytes + kPacketOverheadBytes) * picos_per_byte_ / 1000);
  }
  static void count(std::uint64_t& bytes_there, std::uint64_t& packets_there, std::uint64_t& bytes_back,
                    std::uint64_t& packets_back, std::uint32_t bytes) {
    const std::uint64_t packets = bytes <= kMssBytes ? 1 : (bytes + kMssBytes - 1) / kMssBytes;
    const std::uint64_t acks = packets / kPacketsPerAck;
    packets_there += packets;
    bytes_there += bytes + packets * kPacketOverheadBytes;
    packets_back += acks;
    bytes_back += acks * kPacketOverheadBytes;
  }

  std::uint64_t picos_per_byte_;
  Nanos sent_until_ = 0;
  Nanos received_until_ = 0;
};

struct Machine {
  enum class State : std::uint8_t { kUp, kProcessDead, kPowerLost };

  Machine(const MachineModel& model, std::uint32_t shard, ShardId count, std::uint32_t pair)
      : nic(model.nic_bits_per_second),
        speed_per_mille(model.speed_per_mille),
        first_shard(shard),
        shards(count),
        first_pair(pair) {
    if (model.disk) disk.emplace(*model.disk);
  }

  /// Applies the machine's speed and its slow CPU, if it has one, to a cost.
  Nanos scaled(Nanos cost) const { return cost * slow_per_mille / speed_per_mille; }

  State state = State::kUp;
  std::unique_ptr<Node> node;
  std::uint64_t incarnation = 0;
  Nic nic;
  Nanos extra_latency = 0;
  std::uint32_t speed_per_mille;
  std::uint32_t slow_per_mille = 1000;
  std::uint32_t first_shard;  // among all shards of the world
  ShardId shards;
  std::uint32_t first_pair;  // among all pairs of shards of one node
  ShardStats former;
  /// A batch that a node without a disk asked for.
  struct Refused {
    ShardId shard;
    std::uint64_t ticket;
    Nanos ready;
  };
  std::deque<Refused> refused;
  std::optional<Disk> disk;   // none: its node remembers nothing
  Nanos disk_event = kNever;  // when the event with the present generation comes
  std::uint32_t disk_generation = 0;
};

}  // namespace orrery::sim

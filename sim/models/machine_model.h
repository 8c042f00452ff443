// SPDX-License-Identifier: Apache-2.0
// One node's machine: what it is made of.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/models/network.h"

namespace orrery::sim {

/// How fast and how large; sim/models/disk.h says how it behaves.
struct DiskModel {
  /// Of keys, values and kStorageRecordBytes for each record.
  std::uint64_t capacity_bytes = std::uint64_t{1} << 40;
  std::uint64_t write_bytes_per_second = 400'000'000;
  std::uint64_t read_bytes_per_second = 1'000'000'000;
  /// One sync, however much was written before it.
  Latency sync{.base = 500 * kMicrosecond, .tail_mean = 200 * kMicrosecond};
};

struct MachineModel {
  /// 1000: as fast as the machine that the cost table was measured on; 2000: every event costs half.
  std::uint32_t speed_per_mille = 1000;
  std::uint64_t nic_bits_per_second = 15'000'000'000;
  /// None: the node has no data directory and remembers nothing.
  std::optional<DiskModel> disk = {};
};

}  // namespace orrery::sim

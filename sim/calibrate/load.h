// SPDX-License-Identifier: Apache-2.0
// The load that the broker's rows are measured under: two cores and two replicants, and a crowd that does everything
// that has a row.
#pragma once

namespace orrery::sim {

/// A scenario (docs/scenarios.md); --scale multiplies its clients.
inline constexpr char kCalibrationLoad[] = R"json({
  "name": "calibration",
  "seed": 1,
  "nodes": [
    {"name": "core", "count": 2, "role": "core", "vcpus": 2},
    {"name": "replicant", "count": 2, "role": "replicant", "vcpus": 4}
  ],
  "placement": "random",
  "phases": {"connects_per_second": 10000, "settle": "2s", "steady": "10s", "drain": "3s"},
  "crowd": [
    {"name": "websocket", "pairs": 10000, "qos": [0, 1, 2], "every": "2s", "keep_alive": "4s"},
    {"name": "tcp", "pairs": 5000, "qos": [0, 1, 2], "every": "2s", "transport": "tcp", "version": "5.0",
     "keep_alive": "4s"},
    {"name": "fan", "publishers": 20, "subscribers": 100, "qos": [0, 1], "every": "1s"},
    {"name": "storm", "pairs": 2000, "qos": 1, "every": "2s",
     "misbehave": {"kind": "reconnect_storm", "at": "3s", "period": "5s"}}
  ]
})json";

}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
// The built-in cost table. Its id says where the numbers are from; orrery-calibrate prints a table to put in its place.
#include "sim/models/cost_table.h"

namespace orrery::sim {

const CostTable& default_cost_table() {
  static const CostTable table = {
      "estimate-1",
      {
          300,                                       // event
          9000,                                      // link_open
          5000,                                      // link_closed
          9000,                                      // dial
          3000,                                      // dial_failed
          400,                                       // drained
          300,                                       // wake
          250,                                       // post
          600,                                       // message
          1300, 1350, 1450, 2000, 4500, 14000,       // receive
          3800, 3900, 4100, 5000, 8500, 24000,       // send
          1500, 60,  900, 700, 450, 350, 150, 150,   // work: upgrade, frame, connect, subscribe, publish, deliver, ack, other
          500,  400, 250, 80,                        // work: route, claim, forward, timer
      },
  };
  return table;
}

}  // namespace orrery::sim

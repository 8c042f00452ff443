// SPDX-License-Identifier: Apache-2.0
// A node in a wrapper that measures it: how long each event of each shard takes without its effects, and what the event
// did.
//
// The simulator drives it like any node, and its results are the node's own, so a run with a stopwatch has the same
// hash as one without. The effects' time is taken out (they are the simulator's work), and the clock's own time too.
#pragma once

#include "broker/seam/node.h"
#include "sim/calibrate/fit.h"

namespace orrery::sim {

/// Nodes of `inner`, measured into `samples`, which outlives them.
NodeFactory stopwatch_factory(NodeFactory inner, Samples& samples);

}  // namespace orrery::sim

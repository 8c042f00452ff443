// SPDX-License-Identifier: Apache-2.0
// How two topic filters relate as sets of topics. Rights are given for filters and asked for filters: "may this client
// subscribe to a/+/#" is whether the set of its topics lies in one set and touches none of others.
//
// Exact, for the meaning that 4.7 gives filters: "a/#" includes "a"; a wildcard in the first level excludes topics that
// begin with '$'; a topic has at least one character. Both arguments are valid filters without $share/NAME/. Linear
// time, no allocation.
#pragma once

#include <string_view>

namespace orrery::auth {

/// Every topic that `b` matches is matched by `a`.
bool filter_covers(std::string_view a, std::string_view b);

/// Some topic is matched by both.
bool filters_overlap(std::string_view a, std::string_view b);

}  // namespace orrery::auth

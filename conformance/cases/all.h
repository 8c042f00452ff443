// SPDX-License-Identifier: Apache-2.0
// Every case there is, area by area, in the order in which they run and are reported.
#pragma once

#include "conformance/cases/case.h"

namespace orrery::conformance {

void add_connect_cases(Cases& cases);
void add_publish_cases(Cases& cases);
void add_qos1_cases(Cases& cases);
void add_qos2_cases(Cases& cases);

/// All of them; ids are unique.
Cases all_cases();

}  // namespace orrery::conformance

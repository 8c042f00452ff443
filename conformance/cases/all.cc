// SPDX-License-Identifier: Apache-2.0
// The list of areas.
#include "conformance/cases/all.h"

namespace orrery::conformance {

Cases all_cases() {
  Cases cases;
  add_connect_cases(cases);
  add_publish_cases(cases);
  add_qos1_cases(cases);
  add_qos2_cases(cases);
  return cases;
}

}  // namespace orrery::conformance

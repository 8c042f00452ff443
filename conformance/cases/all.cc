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
  add_subscribe_cases(cases);
  add_unsubscribe_cases(cases);
  add_ping_cases(cases);
  add_will_cases(cases);
  add_retained_cases(cases);
  add_session_cases(cases);
  add_topic_cases(cases);
  add_property_cases(cases);
  add_flow_cases(cases);
  add_shared_cases(cases);
  add_pair_cases(cases);
  add_auth_cases(cases);
  add_access_cases(cases);
  add_rights_cases(cases);
  add_scram_cases(cases);
  add_scram_message_cases(cases);
  add_scram_again_cases(cases);
  add_websocket_cases(cases);
  add_rfc6455_cases(cases);
  add_echo_cases(cases);
  add_property_table_cases(cases);
  add_shape_table_cases(cases);
  return cases;
}

}  // namespace orrery::conformance

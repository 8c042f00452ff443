// SPDX-License-Identifier: Apache-2.0
// Every case there is, area by area, in the order in which they run and are reported.
#pragma once

#include "conformance/cases/case.h"

namespace orrery::conformance {

void add_connect_cases(Cases& cases);
void add_publish_cases(Cases& cases);
void add_qos1_cases(Cases& cases);
void add_qos2_cases(Cases& cases);
void add_subscribe_cases(Cases& cases);
void add_unsubscribe_cases(Cases& cases);
void add_ping_cases(Cases& cases);
void add_will_cases(Cases& cases);
void add_retained_cases(Cases& cases);
void add_session_cases(Cases& cases);
void add_topic_cases(Cases& cases);
void add_property_cases(Cases& cases);
void add_flow_cases(Cases& cases);
void add_shared_cases(Cases& cases);
void add_pair_cases(Cases& cases);
void add_auth_cases(Cases& cases);
void add_access_cases(Cases& cases);
void add_rights_cases(Cases& cases);
void add_scram_cases(Cases& cases);
void add_scram_message_cases(Cases& cases);
void add_scram_again_cases(Cases& cases);
void add_websocket_cases(Cases& cases);
void add_rfc6455_cases(Cases& cases);
void add_echo_cases(Cases& cases);
void add_property_table_cases(Cases& cases);
void add_shape_table_cases(Cases& cases);

/// All of them; ids are unique.
Cases all_cases();

}  // namespace orrery::conformance

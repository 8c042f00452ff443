// SPDX-License-Identifier: Apache-2.0
// Whether two views say the same: for the round trips of tests and fuzz targets. Properties are the same if their bytes
// are.
#pragma once

#include "broker/mqtt/packet.h"

namespace orrery::mqtt {

bool same(const ConnectView& a, const ConnectView& b);
bool same(const ConnackView& a, const ConnackView& b);
bool same(const PublishView& a, const PublishView& b);
bool same(const AckView& a, const AckView& b);
bool same(const SubscribeView& a, const SubscribeView& b);
bool same(const SubackView& a, const SubackView& b);
bool same(const UnsubscribeView& a, const UnsubscribeView& b);
bool same(const UnsubackView& a, const UnsubackView& b);
bool same(const DisconnectView& a, const DisconnectView& b);
bool same(const AuthView& a, const AuthView& b);

}  // namespace orrery::mqtt

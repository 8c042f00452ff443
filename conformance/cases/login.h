// SPDX-License-Identifier: Apache-2.0
// Logging in, for the cases that need users: with a password, and step by step with SCRAM-SHA-256 (MQTT 5, 4.12).
//
// Every function skips the case where the target was set up without users, or without SCRAM.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conformance/cases/context.h"
#include "conformance/cases/scram_client.h"

namespace orrery::conformance {

ConnectOptions as(std::string_view user, std::string_view password);
ConnectOptions as_user(Context& t);
/// A name that is not the user's.
std::string unknown_user(Context& t);
/// A new client, connected as the user by password.
Client& connect_user(Context& t, std::string_view name, ConnectOptions options = {});

// ---- SCRAM ----

/// The user's own side of a login; `nonce` differs from login to login of a case.
ScramClient scram_user(Context& t, std::string_view nonce = "n");
ScramClient scram_user(Context& t, std::string_view nonce, std::string_view password);
/// Authentication Method and Authentication Data; an empty method is left out.
Properties scram_data(std::string_view data, std::string_view method = kScramMethod);
/// CONNECT with `data` as Authentication Data.
Packet scram_connect(const Client& c, std::string_view data, ConnectOptions options = {});

/// Opens, sends CONNECT with client-first, and takes AUTH 0x18 with server-first.
Packet begin_scram(Context& t, Client& c, ScramClient& s, const ConnectOptions& options = {});
/// Takes AUTH 0x18 with server-first.
Packet take_challenge(Context& t, Client& c, ScramClient& s);
/// Sends client-final; takes CONNACK 0, whose data must be the server's signature.
Packet finish_scram(Context& t, Client& c, ScramClient& s);
/// A whole login.
Packet scram_login(Context& t, Client& c, ScramClient& s, const ConnectOptions& options = {});
/// AUTH 0x19 with client-first, and AUTH 0x18 with server-first.
void begin_again(Context& t, Client& c, ScramClient& s);
/// client-final, and AUTH 0 with the server's signature.
void finish_again(Context& t, Client& c, ScramClient& s);
/// The login has failed: the server closes, and a CONNACK before that says 0x80 or more.
std::optional<Packet> expect_login_refused(Context& t, Client& c);

}  // namespace orrery::conformance

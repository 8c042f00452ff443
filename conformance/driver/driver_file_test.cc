// SPDX-License-Identifier: Apache-2.0
#include "conformance/driver/driver_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <sstream>

#include "base/strict_json.h"
#include "conformance/driver/url.h"

namespace orrery::conformance {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::string& text) {
  try {
    parse_driver_file(text, "x.json");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(DriverFile, MayNameItsSchema) {
  EXPECT_EQ(error_of(R"({"$schema": "x.schema.json", "name": "x", "command": ["x"], "listeners": ["tcp://h"]})"), "");
}

TEST(DriverFile, TheOnesInTheTreeAreRead) {
  for (const char* name : {"mosquitto", "rabbitmq", "aedes", "orrery", "orrery-guarded"}) {
    std::ifstream in(std::string("conformance/brokers/") + name + ".json");
    std::ostringstream text;
    text << in.rdbuf();
    const DriverFile d = parse_driver_file(text.str(), name);
    std::string lower = d.name;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_EQ(lower, name);
    EXPECT_FALSE(d.listeners.empty());
    for (const Deviation& x : d.deviations) {
      EXPECT_FALSE(x.reason.empty());
      EXPECT_THAT(x.link, HasSubstr("https://"));
    }
  }
}

TEST(DriverFile, EveryMistakeIsNamed) {
  const std::string head = R"({"name": "x", "command": ["x"], "listeners": ["tcp://127.0.0.1:{port:a}"], )";
  EXPECT_THAT(error_of(R"({"name": "x", "command": ["x"]})"), HasSubstr("listeners"));
  EXPECT_THAT(error_of(R"({"name": "x", "command": [], "listeners": ["tcp://h"]})"), HasSubstr("program"));
  EXPECT_THAT(error_of(head + R"("lack": []})"), HasSubstr("lacks"));
  EXPECT_THAT(error_of(head + R"("lacks": ["qos3"]})"), HasSubstr("qos2"));
  EXPECT_THAT(error_of(head + R"("versions": ["4"]})"), HasSubstr("3.1.1"));
  EXPECT_THAT(error_of(head + R"("deviations": [{"case": "a", "link": "b"}]})"), HasSubstr("reason"));
  EXPECT_THAT(error_of(head + R"("ready_within": "soon"})"), HasSubstr("ready_within"));
}

TEST(DriverFile, CapabilitiesAreClaimedAndLacking) {
  const DriverFile d = parse_driver_file(
      R"({"name": "x", "command": ["x"], "listeners": ["tcp://h"], "claims": ["durable"],
          "lacks": ["qos2", "restart"]})",
      "x.json");
  EXPECT_NE(d.capabilities & bit(Capability::kDurable), 0U);
  EXPECT_EQ(d.capabilities & bit(Capability::kQos2), 0U);
  EXPECT_EQ(d.capabilities & bit(Capability::kRestart), 0U);
  EXPECT_NE(d.capabilities & bit(Capability::kRetain), 0U);
}

TEST(DriverFile, AccessIsReadStrictly) {
  const std::string head = R"({"name": "x", "command": ["x"], "listeners": ["tcp://h"], "access": )";
  EXPECT_EQ(parse_driver_file(R"({"name": "x", "command": ["x"], "listeners": ["tcp://h"]})", "x.json").access.user,
            "");
  const Access a =
      parse_driver_file(head + R"({"user": "u", "password": "p", "no_publish": "a/b", "no_subscribe": "c/#",
    "scram": true}})",
                        "x.json")
          .access;
  EXPECT_EQ(a.user, "u");
  EXPECT_EQ(a.password, "p");
  EXPECT_EQ(a.no_publish, "a/b");
  EXPECT_EQ(a.no_subscribe, "c/#");
  EXPECT_TRUE(a.scram);
  const Access less = parse_driver_file(head + R"({"user": "u", "password": "p"}})", "x.json").access;
  EXPECT_EQ(less.no_publish + less.no_subscribe, "");
  EXPECT_FALSE(less.scram);
  EXPECT_THAT(error_of(head + R"({"user": "u"}})"), HasSubstr("password"));
  EXPECT_THAT(error_of(head + R"({"user": "", "password": "p"}})"), HasSubstr("needs a name"));
  EXPECT_THAT(error_of(head + R"({"user": "u", "password": "p", "no_publish": "a/#"}})"), HasSubstr("without + and #"));
  EXPECT_THAT(error_of(head + R"({"user": "u", "password": "p", "scramm": true}})"), HasSubstr("scram"));
}

TEST(DriverFile, KnowsItsFolder) {
  EXPECT_EQ(parse_driver_file(R"({"name": "x", "command": ["x"], "listeners": ["tcp://h"]})", "/a/b/x.json").here,
            "/a/b");
}

TEST(Placeholders, AreFilledTheSameEachTime) {
  Placeholders p("/dir", "/bin", "/here");
  const std::string ports = p.fill("{port:a} {port:b} {port:a}");
  std::istringstream in(ports);
  std::string a, b, again;
  in >> a >> b >> again;
  EXPECT_EQ(a, again);
  EXPECT_NE(a, b);
  EXPECT_EQ(p.fill("{dir}/{bin} {here} {unknown} {"), "/dir//bin /here {unknown} {");
}

TEST(Deviation, AppliesByNameOrBeginning) {
  const Deviation exact{.cases = "qos2-x", .versions = kOnly5, .reason = "r", .link = "l"};
  EXPECT_TRUE(applies(exact, "qos2-x", Version::k5, Transport::kTcp));
  EXPECT_FALSE(applies(exact, "qos2-x", Version::k311, Transport::kTcp));
  EXPECT_FALSE(applies(exact, "qos2-xy", Version::k5, Transport::kTcp));
  const Deviation all{.cases = "x-flags-*", .reason = "r", .link = "l"};
  EXPECT_TRUE(applies(all, "x-flags-pingreq-1", Version::k311, Transport::kTcp));
  EXPECT_FALSE(applies(all, "x-cut-connect-1", Version::k311, Transport::kTcp));
}

TEST(Deviation, MayHoldOnOneTransport) {
  const DriverFile d = parse_driver_file(R"({"name": "x", "command": ["x"], "listeners": ["tcp://h"], "deviations":
    [{"case": "a", "over": ["ws", "wss"], "reason": "r", "link": "l"}]})",
                                         "x.json");
  EXPECT_TRUE(applies(d.deviations[0], "a", Version::k5, Transport::kWebSocket));
  EXPECT_TRUE(applies(d.deviations[0], "a", Version::k5, Transport::kSecureWebSocket));
  EXPECT_FALSE(applies(d.deviations[0], "a", Version::k5, Transport::kTcp));
}

TEST(Url, TheFormsThatAreTaken) {
  EXPECT_EQ(to_text(parse_url("tcp://broker.example")), "tcp://broker.example:1883");
  EXPECT_EQ(to_text(parse_url("ws://[::1]:80/x/y")), "ws://[::1]:80/x/y");
  EXPECT_EQ(to_text(parse_url("ws://h")), "ws://h:8083/mqtt");
  for (const char* bad : {"h:1883", "http://h", "tcp://", "tcp://h:0", "tcp://h:70000", "tcp://h:x", "tcp://h/path"})
    EXPECT_THROW(parse_url(bad), std::invalid_argument) << bad;
}

}  // namespace
}  // namespace orrery::conformance

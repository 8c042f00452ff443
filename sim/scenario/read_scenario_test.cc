// SPDX-License-Identifier: Apache-2.0
// Every way a file can be wrong, with the exact sentence; and that every scenario in the tree can be read.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/strict_json.h"
#include "sim/scenario/scenario.h"

namespace orrery::sim {
namespace {

constexpr const char* kGroup = R"({"name": "g", "pairs": 2})";

/// A scenario of one node, with the given members put in.
std::string file_with(const std::string& more, const std::string& group = kGroup) {
  return "{\"name\": \"s\",\n \"nodes\": [{\"name\": \"a\"}],\n \"crowd\": [" + group + "]" +
         (more.empty() ? "" : ",\n " + more) + "}";
}

std::string error_of(const std::string& text) {
  try {
    read_scenario(text, "s.json");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "no error";
}

TEST(ReadScenario, Defaults) {
  const Scenario s = read_scenario(file_with(""), "s.json");
  EXPECT_EQ(s.crowd.groups.at(0).publishers, 2u);
  EXPECT_EQ(s.crowd.groups.at(0).topic, "g/%i");
  EXPECT_EQ(s.crowd.groups.at(0).filter, "g/%i");
  EXPECT_EQ(s.crowd.groups.at(0).payload_bytes, 256u);
  EXPECT_EQ(s.crowd.carriers, std::vector<NodeId>{0});
}

TEST(ReadScenario, ReplicantsCarryTheClientsWhenThereAreAny) {
  const Scenario s = read_scenario(
      R"({"name": "s", "nodes": [{"name": "core"}, {"name": "r", "role": "replicant", "count": 3, "vcpus": 4}],
          "crowd": [{"name": "g", "publishers": 5, "subscribers": 1}]})",
      "s.json");
  EXPECT_EQ(s.crowd.carriers, (std::vector<NodeId>{1, 2, 3}));
  EXPECT_EQ(s.nodes.at(3).name, "r3");
  EXPECT_EQ(s.members().at(3).shards, 4);
  EXPECT_EQ(s.crowd.groups.at(0).filter, "g/+");
}

TEST(ReadScenario, FaultsAreCountedFromTheSteadyPhase) {
  const Scenario s = read_scenario(file_with(R"("phases": {"connects_per_second": 4, "settle": "2s"},
                   "faults": {"recovery": "5s", "plan": [{"at": "10s", "kind": "pause", "node": "a", "for": "3s"}]})"),
                                   "s.json");
  const Nanos steady = 1 * kSecond + 2 * kSecond;  // four clients, four a second
  EXPECT_EQ(s.faults.at(0).at, steady + 10 * kSecond);
  EXPECT_EQ(s.crowd.fault_windows.at(0), std::pair(steady + 9 * kSecond, steady + 18 * kSecond));
}

TEST(ReadScenario, Scales) {
  EXPECT_EQ(parse_scale("1/20")->denominator, 20u);
  EXPECT_FALSE(parse_scale("0/1") || parse_scale("1/0") || parse_scale("x") || parse_scale("") || parse_scale("1/"));
  const Scenario s = read_scenario(
      file_with(R"("phases": {"connects_per_second": 1000})", R"({"name": "g", "pairs": 100})"), "s.json", {1, 20});
  EXPECT_EQ(s.crowd.groups.at(0).subscribers, 5u);
  EXPECT_EQ(s.crowd.connects_per_second, 50u);
  EXPECT_EQ(s.scale, "1/20");
}

TEST(ReadScenario, SaysWhatIsWrongAndWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {file_with("\"sed\": 1"), "s.json:4: sed: unknown key; did you mean \"seed\"? (valid: "},
      {file_with("\"seed\": \"1\""), "s.json:4: seed: "},
      {file_with("\"seed\": -1"), "s.json:4: seed: "},
      {file_with("\"placement\": \"pared\""), "s.json:4: placement: "},
      {file_with("\"phases\": {\"steady\": \"1 min\"}"), "s.json:4: phases.steady: "},
      {file_with("\"phases\": {\"steady\": \"0s\"}"), "s.json:4: phases.steady: "},
      {file_with("", R"({"name": "g"})"), "a group is either \"pairs\", or \"publishers\" and \"subscribers\""},
      {file_with("", R"({"name": "g", "pairs": 0})"), "s.json:3: crowd[0].pairs: "},
      {file_with("", R"({"name": "g", "pairs": 2, "qos": 3})"), "s.json:3: crowd[0].qos: "},
      {file_with("", R"({"name": "g", "pairs": 2, "qos": []})"), "s.json:3: crowd[0].qos: an empty list"},
      {file_with("", R"({"name": "g", "pairs": 2, "topic": "x"})"),
       "s.json:3: crowd[0].topic: several publishers need a %i in it"},
      {file_with("", R"({"name": "g", "pairs": 2, "topic": "x/#"})"), "s.json:3: crowd[0].topic: not a topic name"},
      {file_with("", R"({"name": "g", "pairs": 2, "filter": "y/%i"})"),
       "s.json:3: crowd[0].filter: \"y/%i\" does not match the topic \"g/%i\""},
      {file_with("", R"({"name": "g", "pairs": 2, "filter": "g/+"})"),
       "s.json:3: crowd[0].filter: in pairs it needs a %i"},
      {file_with("", R"({"name": "g", "pairs": 2, "payload_bytes": 19})"), "s.json:3: crowd[0].payload_bytes: "},
      {file_with("", R"({"name": "g", "pairs": 2, "keep_alive": "1500ms"})"),
       "s.json:3: crowd[0].keep_alive: must be whole seconds"},
      {file_with("", R"({"name": "g", "pairs": 2, "session_expiry": "1s"})"), "only \"version\": \"5.0\" has it"},
      {file_with("", R"({"name": "g", "pairs": 2, "misbehave": {"kind": "slow"}})"),
       "s.json:3: crowd[0].misbehave.kind: "},
      {file_with("", R"({"name": "g", "pairs": 2}, {"name": "g", "pairs": 2})"),
       "s.json:3: crowd[1].name: there are two groups named 'g'"},
      {file_with("\"faults\": {\"plan\": [{\"at\": \"1s\", \"kind\": \"crash\", \"node\": \"b\"}]}"),
       "s.json:4: faults.plan[0].node: there is no node 'b' (nodes: a)"},
      {file_with("\"faults\": {\"plan\": [{\"at\": \"1s\", \"kind\": \"crash\"}]}"), "s.json:4: faults.plan[0]"},
      {file_with("\"faults\": {\"plan\": [{\"at\": \"1s\", \"kind\": \"crash\", \"node\": \"a\", \"for\": \"1s\"}]}"),
       "s.json:4: faults.plan[0].for: unknown key"},
      {file_with("", R"({"name": "g", "pairz": 2})"), "s.json:3: crowd[0].pairz: unknown key; did you mean \"pairs\"?"},
      {"{\"name\": \"s\", \"nodez\": []}", "s.json:1: nodez: unknown key; did you mean \"nodes\"?"},
      {file_with("", R"({"name": "g", "pairs": 2, "subscribers": 2})"), "s.json:3: crowd[0].pairs: a group is either"},
      {"{\"name\": \"s\", \"nodes\": [], \"crowd\": []}", "s.json:1: nodes: at least one node is needed"},
      {"{\"name\": \"s\", \"nodes\": [{\"name\": \"r\", \"role\": \"replicant\"}], \"crowd\": []}",
       "at least one node of the role \"core\" is needed"},
      {"{\"name\": \"s\", \"nodes\": [{\"name\": \"a\", \"count\": 65}], \"crowd\": []}", "s.json:1: nodes[0].count: "},
      {"{\"name\": \"s\"", "s.json:1: "},
  };
  for (const auto& [text, expected] : cases) {
    const std::string error = error_of(text);
    EXPECT_NE(error.find(expected), std::string::npos) << "expected: " << expected << "\n     got: " << error;
  }
}

TEST(ReadScenario, MayNameItsSchema) {
  EXPECT_EQ(error_of(file_with("\"$schema\": \"../schema/scenario.schema.json\"")), "no error");
  EXPECT_NE(error_of(file_with("\"$schemas\": \"x\"")).find("$schemas: unknown key"), std::string::npos);
}

TEST(ReadScenario, EveryScenarioOfTheTreeIsValid) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path());
    std::ostringstream text;
    text << in.rdbuf();
    const Scenario s = read_scenario(text.str(), entry.path().string());
    EXPECT_EQ(s.name, entry.path().stem()) << "the name in the file is the file's";
    ++seen;
  }
  EXPECT_GE(seen, 10);
}

}  // namespace
}  // namespace orrery::sim

// SPDX-License-Identifier: Apache-2.0
// Golden errors: for every kind of mistake the exact text that a person will read; and that right files are read right.
#include "base/strict_json.h"

#include <gtest/gtest.h>

namespace orrery {
namespace {

enum class Fruit { kApple, kPear };

struct Sample {
  std::uint16_t shards = 4;
  std::int64_t offset = 0;
  double share = 0.5;
  bool on = true;
  std::string name = "none";
  Fruit fruit = Fruit::kApple;
  Nanos keep = 0;
  std::uint64_t limit = 0;
  std::vector<std::string> tags;
  std::vector<std::pair<std::string, int>> weights;
};

Sample read(const JsonDocument& document) {
  Sample s;
  document.root().object([&](JsonObject& o) {
    o.number("shards", s.shards, 1, 64);
    o.number("offset", s.offset, -10, INT64_MAX);
    o.number("share", s.share, 0, 1);
    o.boolean("on", s.on);
    o.object("deep", [&](JsonObject& deep) {
      deep.require("name");
      deep.text("name", s.name);
      deep.choice<Fruit>("fruit", s.fruit, {{"apple", Fruit::kApple}, {"pear", Fruit::kPear}});
    });
    o.duration("keep", s.keep, kMillisecond, 3600 * kSecond);
    o.size("limit", s.limit, 1, 1 << 20);
    o.array("tags", [&](JsonItem& item) { item.text(s.tags.emplace_back()); });
    o.map("weights", [&](std::string_view name, JsonItem& item) {
      int weight = 0;
      item.number(weight, 0, 9);
      s.weights.emplace_back(name, weight);
    });
  });
  return s;
}

Sample read(std::string_view text) { return read(JsonDocument::parse(text, "demo.json")); }

std::string error_of(std::string_view text) {
  try {
    read(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(StrictJson, ReadsEveryKindOfValue) {
  const Sample s = read(R"({
    // a comment
    "shards": 64, "offset": -10, "share": 0.25, "on": false,
    "deep": {"name": "n1", /* another */ "fruit": "pear"},
    "keep": "1m30s", "limit": "64KiB",
    "tags": ["a", "b"], "weights": {"x/y": 3, "a": 1}
  })");
  EXPECT_EQ(s.shards, 64);
  EXPECT_EQ(s.offset, -10);
  EXPECT_EQ(s.share, 0.25);
  EXPECT_FALSE(s.on);
  EXPECT_EQ(s.name, "n1");
  EXPECT_EQ(s.fruit, Fruit::kPear);
  EXPECT_EQ(s.keep, 90 * kSecond);
  EXPECT_EQ(s.limit, 65536u);
  EXPECT_EQ(s.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(s.weights, (std::vector<std::pair<std::string, int>>{{"x/y", 3}, {"a", 1}}));
}

TEST(StrictJson, AbsentKeysLeaveTheirDefaults) {
  EXPECT_EQ(read("").shards, 4);
  EXPECT_EQ(read("{}").name, "none");
}

TEST(StrictJson, UnknownKeys) {
  EXPECT_EQ(error_of("{\n\n\"shrads\": 3}"),
            "demo.json:3: shrads: unknown key; did you mean \"shards\"? "
            "(valid: shards, offset, share, on, deep, keep, limit, tags, weights)");
  EXPECT_EQ(error_of("{\"deep\": {\"name\": \"n\",\n \"colour\": 3}}"),
            "demo.json:2: deep.colour: unknown key (valid: name, fruit)");
  EXPECT_EQ(error_of(R"({"deep": {"nmae": "n"}})"),
            "demo.json:1: deep.nmae: unknown key; did you mean \"name\"? (valid: name, fruit)");
}

TEST(StrictJson, MissingAndDoubleKeys) {
  EXPECT_EQ(error_of("{\n\"deep\": {}}"), "demo.json:2: deep: the key \"name\" is missing");
  EXPECT_EQ(error_of("{\"deep\": {\"name\": \"a\",\n\n\"name\": \"b\"}}"),
            "demo.json:3: deep: the key \"name\" is given twice, first on line 1");
}

TEST(StrictJson, WrongTypes) {
  EXPECT_EQ(error_of(R"({"shards": "four"})"),
            "demo.json:1: shards: expected a whole number from 1 to 64, found \"four\"");
  EXPECT_EQ(error_of(R"({"shards": 1.5})"), "demo.json:1: shards: expected a whole number from 1 to 64, found 1.5");
  EXPECT_EQ(error_of(R"({"on": 1})"), "demo.json:1: on: expected true or false, found 1");
  EXPECT_EQ(error_of(R"({"deep": []})"), "demo.json:1: deep: expected an object, found an array");
  EXPECT_EQ(error_of(R"({"deep": {"name": null}})"), "demo.json:1: deep.name: expected a text in quotes, found null");
  EXPECT_EQ(error_of(R"({"tags": {}})"), "demo.json:1: tags: expected an array, found an object");
  EXPECT_EQ(error_of("{\"tags\": [\"a\",\ntrue]}"), "demo.json:2: tags[1]: expected a text in quotes, found true");
  EXPECT_EQ(error_of("[]"), "demo.json:1: expected an object, found an array");
}

TEST(StrictJson, ImpossibleValues) {
  EXPECT_EQ(error_of("{\"shards\": 0\n}"), "demo.json:1: shards: expected a whole number from 1 to 64, found 0");
  EXPECT_EQ(error_of("{\"shards\":\n18446744073709551615\n}"),
            "demo.json:2: shards: expected a whole number from 1 to 64, found 18446744073709551615");
  EXPECT_EQ(error_of(R"({"offset": -11})"), "demo.json:1: offset: expected a whole number of at least -10, found -11");
  EXPECT_EQ(error_of(R"({"share": 2})"), "demo.json:1: share: expected a number from 0 to 1, found 2");
  EXPECT_EQ(error_of(R"({"deep": {"name": "n", "fruit": "paer"}})"),
            "demo.json:1: deep.fruit: expected one of \"apple\", \"pear\", found \"paer\"; did you mean \"pear\"?");
  EXPECT_EQ(error_of(R"({"keep": "15"})"),
            "demo.json:1: keep: expected a duration such as \"250ms\", \"15s\" or \"1h30m\", found \"15\"");
  EXPECT_EQ(error_of(R"({"keep": "2h"})"),
            "demo.json:1: keep: expected a duration from \"1ms\" to \"1h\", found \"2h\"");
  EXPECT_EQ(
      error_of(R"({"limit": "2 apples"})"),
      "demo.json:1: limit: expected a size such as \"64KiB\" or \"1MB\", or a number of bytes, found \"2 apples\"");
  EXPECT_EQ(error_of(R"({"limit": 0})"), "demo.json:1: limit: expected a size from \"1B\" to \"1MB\", found 0");
  EXPECT_EQ(error_of("{\"weights\": {\"x/y\":\n 10}}"),
            "demo.json:2: weights.\"x/y\": expected a whole number from 0 to 9, found 10");
}

TEST(StrictJson, TextThatIsNotJson) {
  EXPECT_EQ(error_of("{\n  \"shards\": 4\n  \"on\": true\n}").substr(0, 33), "demo.json:3: not JSON: syntax err");
  EXPECT_EQ(error_of("{\"shards\":").substr(0, 22), "demo.json:1: not JSON:");
  EXPECT_EQ(error_of("{\"share\": 1e999}").substr(0, 38), "demo.json:1: not JSON: number overflow");
  EXPECT_EQ(error_of("{} {}").substr(0, 22), "demo.json:1: not JSON:");
  std::string deep(100, '[');
  EXPECT_EQ(error_of(deep + std::string(100, ']')), "demo.json:1: nested deeper than 64 levels");
}

TEST(StrictJson, ASchemaForEditorsMayStandAtTheRoot) {
  EXPECT_EQ(read(R"({"$schema": "../schema/demo.schema.json", "shards": 4})").shards, 4);
  EXPECT_EQ(error_of(R"({"$schema": 1})").substr(0, 20), "demo.json:1: $schema");
  EXPECT_NE(error_of(R"({"deep": {"$schema": "x"}})"), "");
}

TEST(StrictJson, ValuesFromOutsideTheFile) {
  JsonDocument document = JsonDocument::parse(R"({"shards": 4, "deep": {"name": "n1"}})", "demo.json");
  document.set("shards", "8", "--set");
  document.set("deep.name", "17", "ORRERY_DEEP__NAME");
  document.set("deep.fruit", "pear", "--set");
  document.set("keep", "15s", "--set");
  document.set("tags", R"(["x"])", "--set");
  const Sample s = read(document);
  EXPECT_EQ(s.shards, 8);
  EXPECT_EQ(s.name, "17");
  EXPECT_EQ(s.fruit, Fruit::kPear);
  EXPECT_EQ(s.keep, 15 * kSecond);
  EXPECT_EQ(s.tags, std::vector<std::string>{"x"});
}

TEST(StrictJson, ErrorsOfValuesFromOutsideNameTheirOrigin) {
  const auto error_of_set = [](std::string_view path, std::string_view value) -> std::string {
    try {
      JsonDocument document = JsonDocument::parse(R"({"shards": 4})", "demo.json");
      document.set(path, value, "--set");
      read(document);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of_set("shards", "many"), "--set: shards: expected a whole number from 1 to 64, found \"many\"");
  EXPECT_EQ(error_of_set("deep.nam", "x"), "--set: deep.nam: unknown key; did you mean \"name\"? (valid: name, fruit)");
  EXPECT_EQ(error_of_set("shards.x", "1"), "--set: shards.x: shards is 4, not an object");
  EXPECT_EQ(error_of_set("deep..x", "1"), "--set: \"deep..x\" is not a key path such as \"node.name\"");
  EXPECT_EQ(error_of_set("tags", "[1").substr(0, 15), "--set:1: not JS");
}

TEST(StrictJson, ErrorsAboutAPath) {
  const JsonDocument document = JsonDocument::parse("{\n\"a\": {\n\"b\": [1,\n2]}}", "demo.json");
  const auto error_of_path = [&](std::string_view path) -> std::string {
    try {
      document.fail(path, "no");
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(error_of_path("a.b[1]"), "demo.json:4: a.b[1]: no");
  EXPECT_EQ(error_of_path("a.b[2]"), "demo.json:3: a.b[2]: no");
  EXPECT_EQ(error_of_path("a.c"), "demo.json:2: a.c: no");
  EXPECT_EQ(error_of_path("x.y[0].z"), "demo.json:1: x.y[0].z: no");
  EXPECT_EQ(error_of_path(""), "demo.json:1: no");
}

}  // namespace
}  // namespace orrery

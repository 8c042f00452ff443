// SPDX-License-Identifier: Apache-2.0
#include "broker/auth/acl_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/strict_json.h"

namespace orrery::auth {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
  try {
    AclFile::parse(text, "acl");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

/// What a client may do with one text: "p" publish to it, "s" subscribe to it.
std::string rights(const AclFile& acl, std::string_view user, std::string_view client, std::string_view text) {
  const Rights r = acl.rights_of(user, client);
  return std::string(r.may_publish(text) ? "p" : "") + (r.may_subscribe(text) ? "s" : "");
}

std::string rights(std::string_view file, std::string_view user, std::string_view client, std::string_view text) {
  return rights(AclFile::parse(file, "acl"), user, client, text);
}

TEST(AclFile, WhoseRules) {
  const AclFile acl = AclFile::parse(
      "# for nobody in particular\n"
      "topic read public/#\n"
      "user alice\n"
      "topic alice/+\n"
      "topic write in/a\n"
      "user bob smith\n"
      "topic readwrite bob\n"
      "user alice\n"
      "topic read out/a\n",
      "acl");
  EXPECT_EQ(rights(acl, "", "c", "public/x"), "s");
  EXPECT_EQ(rights(acl, "", "c", "alice/x"), "");
  EXPECT_EQ(rights(acl, "alice", "c", "public/x"), "");
  EXPECT_EQ(rights(acl, "alice", "c", "alice/x"), "ps");
  EXPECT_EQ(rights(acl, "alice", "c", "in/a"), "p");
  EXPECT_EQ(rights(acl, "alice", "c", "out/a"), "s");
  EXPECT_EQ(rights(acl, "bob smith", "c", "bob"), "ps");
  EXPECT_EQ(rights(acl, "bob", "c", "bob"), "");
  EXPECT_EQ(rights(acl, "carol", "c", "bob"), "");
}

TEST(AclFile, EmptyMeansNothingIsAllowed) {
  EXPECT_EQ(rights("", "", "c", "a"), "");
  EXPECT_EQ(rights("# nothing\r\n", "alice", "c", "a"), "");
}

TEST(AclFile, BlanksAndLineEnds) {
  EXPECT_EQ(rights("user alice \r\n  topic   read\t a/b  \r\ntopic write a b\r\n", "alice", "c", "a/b"), "s");
  EXPECT_EQ(rights("topic write a b c", "", "c", "a b c"), "p");
}

TEST(AclFile, DenyWinsWhereverItStands) {
  for (const char* file : {"topic deny a/secret\ntopic a/#\n", "topic a/#\ntopic deny a/secret\n",
                           "topic a/#\npattern deny a/secret\n", "pattern a/#\ntopic deny a/secret\n"}) {
    EXPECT_EQ(rights(file, "", "c", "a/b"), "ps") << file;
    EXPECT_EQ(rights(file, "", "c", "a/secret"), "") << file;
    EXPECT_EQ(rights(file, "", "c", "a/secret/deeper"), "ps") << file;
  }
}

TEST(AclFile, SubscribingNeedsOneRuleForAllOfIt) {
  const char* const file = "topic read a/+\ntopic read a/b/c\ntopic read x/#\ntopic deny x/secret/#\n";
  EXPECT_EQ(rights(file, "", "c", "a/+"), "s");
  EXPECT_EQ(rights(file, "", "c", "a/b"), "s");
  EXPECT_EQ(rights(file, "", "c", "a/b/c"), "s");
  EXPECT_EQ(rights(file, "", "c", "a/b/+"), "");
  EXPECT_EQ(rights(file, "", "c", "a/#"), "");
  EXPECT_EQ(rights(file, "", "c", "#"), "");
  EXPECT_EQ(rights(file, "", "c", "x/y/#"), "s");
  EXPECT_EQ(rights(file, "", "c", "x/secret"), "");
  EXPECT_EQ(rights(file, "", "c", "x/+"), "");
  EXPECT_EQ(rights(file, "", "c", "x/#"), "");
}

TEST(AclFile, DollarTopics) {
  const char* const file = "user all\ntopic #\nuser admin\ntopic #\ntopic read $SYS/#\n";
  EXPECT_EQ(rights(file, "all", "c", "$SYS/uptime"), "");
  EXPECT_EQ(rights(file, "all", "c", "a"), "ps");
  EXPECT_EQ(rights(file, "admin", "c", "$SYS/uptime"), "s");
  EXPECT_EQ(rights(file, "admin", "c", "$SYS/#"), "s");
  EXPECT_EQ(rights("topic #\ntopic deny #\n", "", "c", "a"), "");
  EXPECT_EQ(rights("topic $SYS/#\ntopic deny #\n", "", "c", "$SYS/a"), "ps");
}

TEST(AclFile, Patterns) {
  const AclFile acl = AclFile::parse(
      "pattern read to/%u/#\n"
      "pattern write from/%u/%c\n"
      "pattern dev-%c-x/%%c\n"
      "user alice\n"
      "topic own\n",
      "acl");
  EXPECT_EQ(rights(acl, "alice", "c1", "own"), "ps");
  EXPECT_EQ(rights(acl, "alice", "c1", "to/alice/x"), "s");
  EXPECT_EQ(rights(acl, "alice", "c1", "to/alice/#"), "s");
  EXPECT_EQ(rights(acl, "alice", "c1", "to/bob/x"), "");
  EXPECT_EQ(rights(acl, "alice", "c1", "to/#"), "");
  EXPECT_EQ(rights(acl, "alice", "c1", "from/alice/c1"), "p");
  EXPECT_EQ(rights(acl, "alice", "c1", "from/alice/c2"), "");
  EXPECT_EQ(rights(acl, "alice", "c1", "dev-c1-x/%c1"), "ps");
  EXPECT_EQ(rights(acl, "", "c1", "dev-c1-x/%c1"), "ps");
  EXPECT_EQ(rights(acl, "", "c1", "to//x"), "");
}

/// A name with the letters of a placeholder is not looked at again.
TEST(AclFile, PlaceholdersInNames) {
  EXPECT_EQ(rights("pattern %u/%c", "%c", "id", "%c/id"), "ps");
  EXPECT_EQ(rights("pattern %u/%c", "%c", "id", "id/id"), "");
  EXPECT_EQ(rights("pattern %uc/x", "%", "id", "%c/x"), "ps");
}

TEST(AclFile, NamesDoNotWidenPatterns) {
  const char* const file = "pattern a/%u/#\npattern b/%c\npattern %c/data\npattern dev-%u/x\n";
  for (const char* name : {"+", "#", "x/y", "/", "x+", "#x", "a/#", "+/secret"}) {
    for (const char* topic : {"a/x/y", "a/x", "a/alice/1", "a", "b/x", "b/x/y", "dev-x/y/x", "x/data", "dev-x/x"}) {
      EXPECT_EQ(rights(file, name, name, topic), "") << name << " " << topic;
      EXPECT_EQ(rights(file, name, "id", topic), "") << name << " " << topic;
      EXPECT_EQ(rights(file, "", name, topic), "") << name << " " << topic;
    }
    EXPECT_EQ(rights(file, name, "id", "b/id"), "ps") << name;
    EXPECT_EQ(rights(file, "alice", name, "a/alice/1"), "ps") << name;
    for (const char* filter : {"#", "a/#", "a/+/#", "b/+", "b/#", "+/data"})
      EXPECT_FALSE(AclFile::parse(file, "acl").rights_of(name, name).may_subscribe(filter)) << name << " " << filter;
  }
  EXPECT_EQ(rights(file, "u", "$SYS", "$SYS/data"), "");
  EXPECT_EQ(rights(file, "u", "$SYS", "b/$SYS"), "ps");
  EXPECT_EQ(rights(file, "u", "sys", "sys/data"), "ps");
}

TEST(AclFile, ADenyingPatternThatANameDoesNotFitDeniesEverything) {
  const char* const file = "topic #\nuser a/b\ntopic #\nuser c\ntopic #\npattern deny home/%u/lock\n";
  EXPECT_EQ(rights(file, "c", "id", "home/c/lock"), "");
  EXPECT_EQ(rights(file, "c", "id", "home/d/lock"), "ps");
  EXPECT_EQ(rights(file, "a/b", "id", "other"), "");
  EXPECT_EQ(rights(file, "", "id", "home/x/lock"), "ps");
  EXPECT_EQ(rights("topic #\npattern deny x/%c\n", "", "a+", "other"), "");
  EXPECT_EQ(rights("topic #\npattern deny x/%c/%u\n", "", "a+", "other"), "ps");
}

TEST(AclFile, Errors) {
  EXPECT_EQ(error_of("topic a\n\ntopics b\n"),
            "acl:3: \"topics\" is no keyword; a line begins with user, topic, pattern, or # for a comment");
  EXPECT_EQ(error_of("topic"), "acl:1: topic has no topic filter; write: topic read sensors/#");
  EXPECT_EQ(error_of("pattern  \r\n"), "acl:1: pattern has no topic filter; write: pattern read sensors/#");
  EXPECT_THAT(error_of("topic a b"), HasSubstr("acl:1: \"a\" is no access; valid: read, write, readwrite, deny"));
  EXPECT_THAT(error_of("topic READ b"), HasSubstr("is no access"));
  EXPECT_THAT(error_of("user"), HasSubstr("acl:1: user \"\": a user name has one or more characters"));
  EXPECT_THAT(error_of(std::string("user a\0b", 8)), HasSubstr("user \"a\\x00b\": a user name has no control"));
  EXPECT_THAT(error_of("user \xC3"), HasSubstr("UTF-8"));
  EXPECT_THAT(error_of("user " + std::string(65'536, 'u')), HasSubstr("at most 65535 bytes"));
  for (const char* filter : {"a/#/b", "a#", "+a", "a/b+", "\xC3", "#/"})
    EXPECT_THAT(error_of("topic read " + std::string(filter)), HasSubstr("is no topic filter")) << filter;
  EXPECT_THAT(error_of(std::string("topic a\0b", 9)), HasSubstr("\"a\\x00b\" has a control character"));
  for (const char* filter : {"a/%u#", "%c+", "a/#/%u"})
    EXPECT_THAT(error_of("pattern " + std::string(filter)), HasSubstr("is no topic filter")) << filter;
  EXPECT_THAT(error_of("topic $share/g/a"), HasSubstr("leave out $share/NAME/"));
  EXPECT_THAT(error_of("pattern $share/%u/a"), HasSubstr("leave out $share/NAME/"));
  EXPECT_THAT(error_of("topic a/%u"), HasSubstr("write: pattern ..."));
  EXPECT_THAT(error_of("topic deny a/%c/b"), HasSubstr("write: pattern ..."));
  EXPECT_THAT(error_of("  # indented"), HasSubstr("acl:1: \"#\" is no keyword"));
  EXPECT_THAT(error_of("topic read a\rtopic read b"), HasSubstr("control character; one rule in each line"));
  EXPECT_EQ(error_of("topic read " + std::string(65'535, 'a') + "\n"), "none");
}

TEST(AclFile, EveryPrefixIsReadOrRefused) {
  const std::string file = "topic read a/b\nuser bob\ntopic deny #\npattern write x/%u/%c\n";
  for (std::size_t n = 0; n <= file.size(); ++n) {
    const std::string error = error_of(file.substr(0, n));
    EXPECT_TRUE(error == "none" || error.starts_with("acl:")) << error;
  }
}

}  // namespace
}  // namespace orrery::auth

// SPDX-License-Identifier: Apache-2.0
#include "load/options.h"

#include <gtest/gtest.h>

#include "load/preflight.h"
#include "load/report.h"

namespace orrery::load {
namespace {

std::optional<Options> parse(std::vector<const char*> arguments, int* exit_code = nullptr) {
  arguments.insert(arguments.begin(), "orrery-load");
  int code = -1;
  const auto options = parse_options(static_cast<int>(arguments.size()), arguments.data(), code);
  if (exit_code != nullptr) *exit_code = code;
  return options;
}

TEST(LoadOptions, TheLettersOfEmqttBench) {
  const auto o = parse({"pub",       "-h",       "broker",
                        "-p",        "1884",     "-c",
                        "5",         "-R",       "100",
                        "-I",        "20",       "-t",
                        "a/%i",      "-s",       "64",
                        "-q",        "2",        "-V",
                        "4",         "-k",       "30",
                        "-F",        "7",        "-n",
                        "3",         "-L",       "1000",
                        "-u",        "me",       "-P",
                        "secret",    "-x",       "60",
                        "-C",        "false",    "--prefix",
                        "p",         "--ifaddr", "127.0.0.2-127.0.0.4",
                        "--threads", "2"});
  ASSERT_TRUE(o);
  EXPECT_EQ(o->mode, Mode::kPublish);
  EXPECT_EQ(o->url(), "tcp://broker:1884");
  EXPECT_EQ(o->count, 5u);
  EXPECT_EQ(o->connect_spacing(), 10 * kMillisecond);
  EXPECT_EQ(o->publish_interval_ms, 20u);
  EXPECT_EQ(o->payload_size, 64u);
  EXPECT_EQ(o->qos, 2u);
  EXPECT_EQ(o->version, 4u);
  EXPECT_EQ(o->inflight_max(), 7u);
  EXPECT_EQ(o->start_number, 3u);
  EXPECT_EQ(o->limit, 1000u);
  EXPECT_EQ(o->password, "secret");
  EXPECT_EQ(o->session_expiry, 60u);
  EXPECT_FALSE(o->clean_start);
  EXPECT_EQ(o->source_addresses.size(), 3u);
}

TEST(LoadOptions, DefaultsFollowTheMode) {
  EXPECT_EQ(parse({"conn"})->url(), "tcp://127.0.0.1:1883");
  EXPECT_EQ(parse({"conn", "--ws"})->url(), "ws://127.0.0.1:8083/mqtt");
  EXPECT_EQ(parse({"conn", "-h", "::1"})->url(), "tcp://[::1]:1883");
  EXPECT_EQ(parse({"pair"})->topic, "t/%i");
  EXPECT_EQ(parse({"pair", "-c", "3"})->connections(), 6u);
  EXPECT_EQ(parse({"pub", "-t", "x", "-F", "0"})->inflight_max(), kInflightMax);
}

TEST(LoadOptions, WhatIsWrongIsSaid) {
  for (const std::vector<const char*>& arguments : std::vector<std::vector<const char*>>{
           {},
           {"fly"},
           {"conn", "--nonsense"},
           {"conn", "-t", "x"},
           {"pub"},
           {"pub", "-t", "x", "-s", "23"},
           {"sub", "-t", "x", "-q", "3"},
           {"conn", "-V", "6"},
           {"conn", "-c", "0"},
           {"conn", "-p", "70000"},
           {"conn", "-P", "secret"},
           {"conn", "--path", "/x"},
           {"conn", "--ws", "--path", "x"},
           {"conn", "--ifaddr", "127.0.0.300"},
           {"pair", "-t", "same/for/all"},
       }) {
    int code = 0;
    testing::internal::CaptureStderr();
    EXPECT_FALSE(parse(arguments, &code)) << testing::PrintToString(arguments);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(code, 2);
    EXPECT_EQ(said.substr(0, 13), "orrery-load: ") << said;
  }
}

TEST(LoadOptions, HelpIsNoError) {
  int code = -1;
  testing::internal::CaptureStdout();
  EXPECT_FALSE(parse({"pub", "--help"}, &code));
  EXPECT_EQ(code, 0);
  EXPECT_NE(testing::internal::GetCapturedStdout().find("--inflight"), std::string::npos);
}

TEST(LoadOptions, AddressLists) {
  const std::vector<std::string> five = {"127.0.0.2", "127.0.0.254", "127.0.0.255", "127.0.1.0", "127.0.1.1"};
  EXPECT_EQ(parse_addresses("127.0.0.2,127.0.0.254-127.0.1.1"), five);
  EXPECT_EQ(parse_addresses("0.0.0.0-255.255.255.255"), std::nullopt) << "too many";
  EXPECT_EQ(parse_addresses("10.0.0.0-10.0.255.255")->size(), 65'536u);
  EXPECT_EQ(parse_addresses("10.0.0.0-10.0.255.255,1.1.1.1"), std::nullopt);
  for (const std::string_view bad : {"", "127.0.0", "127.0.0.1.1", "127.0.0.256", "127.0.0.1,", "127.0.0.2-127.0.0.1",
                                     "127.0.0.x", "127.0.0.1-", "127..0.1", "127.0.0.1."})
    EXPECT_EQ(parse_addresses(bad), std::nullopt) << bad;
}

TEST(LoadOptions, Placeholders) {
  EXPECT_EQ(expand("t/%i/%c/%u", 7, "id", "name"), "t/7/id/name");
  EXPECT_EQ(expand("%i%i%", 12, "", ""), "1212%");
  EXPECT_EQ(expand("100%x", 1, "", ""), "100%x");
}

TEST(LoadPreflight, SaysWhatIsNeeded) {
  Options o;
  o.count = 30'000;
  EXPECT_EQ(resources_missing(o, 1'024, 60'000),
            "30000 connections need 30064 open files, but the limit is 1024; raise it with: ulimit -n 30064");
  EXPECT_EQ(
      resources_missing(o, 100'000, 28'232),
      "30000 connections need 2 source addresses with 28232 ephemeral ports each, but there is only 1; give more with "
      "--ifaddr");
  o.source_addresses = {"127.0.0.2", "127.0.0.3"};
  EXPECT_EQ(resources_missing(o, 100'000, 28'232), std::nullopt);
  o.mode = Mode::kPair;
  EXPECT_NE(resources_missing(o, 100'000, 28'232), std::nullopt) << "twice as many connections";
}

TEST(LoadReport, DoubtsAndExitCodes) {
  Report r;
  r.options.mode = Mode::kPair;
  r.late_us.record(10, 1'000);
  r.sent_late = 10;
  EXPECT_TRUE(r.doubts().empty());
  EXPECT_EQ(r.exit_code(), 0);
  r.sent_late = 11;
  ASSERT_EQ(r.doubts().size(), 1u);
  EXPECT_NE(summary(r).find("DO NOT TRUST THIS RUN: the generator could not keep up: 11 of 1000"), std::string::npos);
  r.messages_lost = 1;
  EXPECT_EQ(r.exit_code(), 1);
  r.options.mode = Mode::kSubscribe;
  EXPECT_EQ(r.exit_code(), 0);
  r.lost = 1;
  EXPECT_EQ(r.exit_code(), 1);
}

}  // namespace
}  // namespace orrery::load

// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/packet_from_text.h"

#include <gtest/gtest.h>

#include <fstream>

#include "broker/mqtt/packet_text.h"

namespace orrery::mqtt {
namespace {

/// Every packet of the transcripts, said in words, comes back as the same words.
TEST(PacketFromText, ReadsWhatDescribeWrites) {
  int packets = 0;
  for (const char* name : {"connect", "publish", "subscribe", "other"}) {
    std::ifstream in(std::string("broker/mqtt/testdata/") + name + ".txt");
    ASSERT_TRUE(in);
    std::string input, line;
    while (std::getline(in, line)) {
      if (line.size() > 2 && (line.substr(1, 8) == " client:" || line.substr(1, 8) == " server:")) input = line;
      if (line.find("error") == 0 || line.empty() || line[0] < 'A' || line[0] > 'Z') continue;
      const std::string type = line.substr(0, line.find(' '));
      if (type.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos || type == "QoS") continue;
      if (line.find(' ') == std::string::npos && type.substr(0, 4) != "PING") continue;
      if (input.empty() || line.find('=') == std::string::npos) continue;
      const auto version = static_cast<Version>(input[0] - '0');
      const Sender sender = input.substr(2, 6) == "client" ? Sender::kClient : Sender::kServer;
      Buffer bytes;
      std::string error;
      ASSERT_TRUE(packet_from_text(version, line, bytes, error)) << line << "\n" << error;
      EXPECT_EQ(describe_stream(version, sender, bytes), line + "\n");
      ++packets;
    }
  }
  EXPECT_GT(packets, 50);
}

TEST(PacketFromText, SaysWhatItCannotRead) {
  for (const char* text : {"", "HELLO", "PUBLISH qos=9x", "PUBLISH topic=\"a", "PINGREQ now", "SUBSCRIBE {\"a\" qos=1",
                           "CONNECT [no_such=1]", "PUBLISH colour=\"red\""}) {
    Buffer bytes;
    std::string error;
    EXPECT_FALSE(packet_from_text(Version::k5, text, bytes, error)) << text;
    EXPECT_FALSE(error.empty()) << text;
    EXPECT_TRUE(bytes.empty());
  }
}

TEST(PacketFromText, RepeatsATextThatIsMultiplied) {
  Buffer bytes;
  std::string error;
  ASSERT_TRUE(packet_from_text(Version::k311, "PUBLISH topic=\"a\" payload=\"xy\"*3", bytes, error)) << error;
  EXPECT_EQ(describe_stream(Version::k311, Sender::kClient, bytes), "PUBLISH topic=\"a\" qos=0 payload=\"xyxyxy\"\n");
}

}  // namespace
}  // namespace orrery::mqtt

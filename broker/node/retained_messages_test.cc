// SPDX-License-Identifier: Apache-2.0
#include "broker/node/retained_messages.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "broker/cluster/limits.h"

namespace orrery::node {
namespace {

using Buffer = std::vector<std::uint8_t>;

session::MessageView message(std::string_view topic, std::string_view payload, Nanos expires_at = kNever) {
  session::MessageView m;
  m.qos = 1;
  m.retain = true;
  m.topic = topic;
  m.payload = as_bytes(payload);
  m.expires_at = expires_at;
  return m;
}

class RetainedMessagesTest : public testing::Test, private cluster::RetainedVisitor {
 protected:
  bool set(std::uint64_t stamp, NodeId writer, const session::MessageView& m) {
    RetainedMessages::encode_value(value_, stamp, writer, m, now_);
    return retained_.apply(writer, value_);
  }
  void at(Nanos now) {
    now_ = now;
    retained_.set_now(now);
  }
  std::map<std::string, std::string> matched(std::string_view filter) {
    std::map<std::string, std::string> out;
    all(retained_, filter, [&](const session::MessageView& m) {
      out.emplace(m.topic, as_text(m.payload));
      left_ = m.expires_at;
    });
    return out;
  }
  /// Page by page, to the end.
  template <class Visit>
  void all(RetainedMessages& from, std::string_view filter, Visit&& visit) {
    std::uint64_t cursor = 0;
    do {
      WorkBudget budget;
      cursor = from.page(filter, cursor, now_, budget, visit);
    } while (cursor != 0);
  }
  std::vector<Buffer> values_of(NodeId owner) {
    values_.clear();
    EXPECT_EQ(retained_.for_each_of(owner, 0, *this), cluster::kCursorEnd);
    return values_;
  }

  Heap heap_;
  RetainedMessages retained_{heap_, 1, 3};
  Nanos now_ = 0;
  Nanos left_ = 0;  // expires_at of the message that matched last

 private:
  bool retained(Bytes value) override {
    values_.emplace_back(value.begin(), value.end());
    return true;
  }
  Buffer value_;
  std::vector<Buffer> values_;
};

using Messages = std::map<std::string, std::string>;

TEST_F(RetainedMessagesTest, TheNewerStampStaysWhoeverSetItAndAnEmptyPayloadIsNone) {
  EXPECT_TRUE(set(5, 0, message("a", "five")));
  EXPECT_TRUE(set(4, 1, message("a", "four"))) << "late, but a value";
  EXPECT_EQ(matched("#"), (Messages{{"a", "five"}}));
  EXPECT_TRUE(set(5, 2, message("a", "five of a larger writer")));
  EXPECT_EQ(matched("+"), (Messages{{"a", "five of a larger writer"}}));
  EXPECT_TRUE(set(6, 0, message("a", "")));
  EXPECT_EQ(matched("#"), Messages{});
  EXPECT_TRUE(set(5, 1, message("a", "from the past")));
  EXPECT_EQ(matched("#"), Messages{}) << "the tombstone is newer";
}

TEST_F(RetainedMessagesTest, AValueIsGivenOnAsItCameWithWhatIsLeftOfItsExpiry) {
  at(100 * kSecond);
  set(1, 0, message("a", "kept"));
  set(2, 1, message("b", "expires", 110 * kSecond));
  set(3, 1, message("c", ""));
  EXPECT_EQ(values_of(0).size(), 1u);
  at(104 * kSecond);
  const std::vector<Buffer> values = values_of(1);
  ASSERT_EQ(values.size(), 2u);

  RetainedMessages other(heap_, 2, 3);
  at(7 * kSecond);  // another clock
  other.set_now(now_);
  for (const Buffer& value : values) EXPECT_TRUE(other.apply(1, value));
  Messages seen;
  all(other, "#", [&](const session::MessageView& m) {
    seen.emplace(m.topic, as_text(m.payload));
    EXPECT_EQ(m.expires_at, 13 * kSecond) << "six seconds are left";
  });
  EXPECT_EQ(seen, (Messages{{"b", "expires"}}));
}

TEST_F(RetainedMessagesTest, WhatHasExpiredIsNotSeenAndLaterSwept) {
  at(kSecond);
  EXPECT_EQ(retained_.next_deadline(), kNever);
  set(1, 0, message("a", "p", 3 * kSecond));
  EXPECT_EQ(retained_.next_deadline(), 3 * kSecond);
  EXPECT_EQ(matched("a"), (Messages{{"a", "p"}}));
  EXPECT_EQ(left_, 3 * kSecond);
  at(3 * kSecond);
  EXPECT_EQ(matched("a"), Messages{});
  EXPECT_EQ(retained_.count(), 1u);
  retained_.sweep(now_);
  EXPECT_EQ(retained_.count(), 0u);
}

TEST_F(RetainedMessagesTest, AValueThatNoClientCouldHaveSetIsNone) {
  EXPECT_FALSE(set(1, 3, message("a", "p"))) << "three members: 0 to 2";
  EXPECT_FALSE(set(cluster::kStampMax + 1, 0, message("a", "p")));
  EXPECT_TRUE(set(cluster::kStampMax, 0, message("z", "p")));
  for (const std::string_view topic : {"", "a/#", "+", "\xff"}) EXPECT_FALSE(set(1, 0, message(topic, "p"))) << topic;
  session::MessageView shared = message("a", "p");
  shared.share_filter = "$share/g/a";
  EXPECT_FALSE(set(1, 0, shared)) << "a delivery is no retained message";
  Buffer value;
  RetainedMessages::encode_value(value, 1, 0, message("a", "p"), 0);
  for (std::size_t n = 0; n < value.size(); ++n) EXPECT_FALSE(retained_.apply(0, Bytes(value).first(n))) << n;
  value.push_back(0);
  EXPECT_FALSE(retained_.apply(0, value));
  EXPECT_EQ(matched("#"), (Messages{{"z", "p"}}));
}

}  // namespace
}  // namespace orrery::node

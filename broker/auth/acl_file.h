// SPDX-License-Identifier: Apache-2.0
// What clients may do, in mosquitto's format of an ACL file (docs/authentication.md has it with examples):
//
//   topic [read|write|readwrite|deny] FILTER      rights of clients without a user name, until a "user" line
//   user NAME                                     the "topic" lines that follow are this user's
//   pattern [read|write|readwrite|deny] FILTER    rights of everybody; %u is the user name, %c the client id
//
// What no rule allows is denied, and a deny rule wins over any other, wherever it stands. Publishing needs a rule with
// write that matches the topic. Subscribing is decided once, at SUBSCRIBE: one rule with read covers the whole filter,
// and no deny rule touches any of its topics.
//
// A name must not widen a pattern. It does not fit if it contains '+', '#' or '/', or if it begins with '$' where the
// pattern begins with it; for such a client an allowing pattern is void, and a denying one denies everything. For a
// client without user name all patterns with %u are void: they speak of nobody.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::auth {

enum class Access : std::uint8_t { kRead, kWrite, kReadWrite, kDeny };

struct AclRule {
  Access access = Access::kReadWrite;
  std::string filter;  // of a pattern: with %u and %c still in it
};

/// The rights of one client. Refers to the AclFile, which must stay.
class Rights {
 public:
  bool may_publish(std::string_view topic) const;
  bool may_subscribe(std::string_view topic_filter) const;

 private:
  friend class AclFile;

  template <class Allows, class Denies>
  bool decide(Allows allows, Denies denies) const;

  const std::vector<AclRule>* rules_ = nullptr;  // the user's own
  std::vector<AclRule> filled_;                  // the patterns, with this client's names
  bool nothing_ = false;
};

class AclFile {
 public:
  /// Throws ConfigError "NAME:LINE: what is wrong; what would be right". `name` is what errors call the text.
  static AclFile parse(std::string_view text, std::string_view name);

  /// `user_name` is empty for a client without one.
  Rights rights_of(std::string_view user_name, std::string_view client_id) const;

 private:
  std::vector<AclRule> nobodys_;
  std::map<std::string, std::vector<AclRule>, std::less<>> users_;
  std::vector<AclRule> patterns_;
};

}  // namespace orrery::auth

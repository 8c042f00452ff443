// SPDX-License-Identifier: Apache-2.0
#include "broker/auth/acl_file.h"

#include "broker/auth/filter_relation.h"
#include "broker/auth/text_lines.h"
#include "broker/mqtt/topic.h"

namespace orrery::auth {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kUser = "%u";
constexpr std::string_view kClient = "%c";

void skip_blanks(std::string_view& line) {
  const std::size_t start = line.find_first_not_of(kBlanks);
  line.remove_prefix(start == std::string_view::npos ? line.size() : start);
}

std::string_view take_word(std::string_view& line) {
  skip_blanks(line);
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  skip_blanks(line);
  return word;
}

/// Puts the names into a pattern, in one pass: what a name contains is never looked at again. False if one does not
/// fit.
bool fill(std::string_view pattern, std::string_view user_name, std::string_view client_id, std::string& out) {
  out.clear();
  while (!pattern.empty()) {
    const bool user = pattern.starts_with(kUser);
    if (!user && !pattern.starts_with(kClient)) {
      out += pattern.front();
      pattern.remove_prefix(1);
      continue;
    }
    const std::string_view name = user ? user_name : client_id;
    if (name.empty() || name.find_first_of("+#/") != std::string_view::npos) return false;
    if (out.empty() && name.front() == '$') return false;
    out += name;
    pattern.remove_prefix(kUser.size());
  }
  return true;
}

AclRule read_rule(const TextLines& lines, std::string_view keyword, std::string_view rest) {
  AclRule rule;
  std::string_view filter = rest;
  if (rest.find_first_of(kBlanks) != std::string_view::npos) {
    const std::string_view access = take_word(filter);
    if (access == "read")
      rule.access = Access::kRead;
    else if (access == "write")
      rule.access = Access::kWrite;
    else if (access == "readwrite")
      rule.access = Access::kReadWrite;
    else if (access == "deny")
      rule.access = Access::kDeny;
    else
      lines.fail(in_quotes(access) + " is no access; valid: read, write, readwrite, deny");
  }
  const std::string word(keyword);
  if (filter.empty()) lines.fail(word + " has no topic filter; write: " + word + " read sensors/#");
  std::string sample;
  const bool pattern = keyword == "pattern";
  if (pattern)
    fill(filter, "u", "c", sample);
  else
    sample = filter;
  if (has_control_character(filter)) lines.fail(in_quotes(filter) + " has a control character; one rule in each line");
  if (!mqtt::valid_topic_filter(sample))
    lines.fail(in_quotes(filter) + " is no topic filter; '#' stands alone as the last level, '+' alone in a level");
  if (mqtt::parse_topic_filter(sample).shared())
    lines.fail(in_quotes(filter) + ": rights are for the topics of a shared subscription; leave out $share/NAME/");
  if (!pattern && (filter.find(kUser) != std::string_view::npos || filter.find(kClient) != std::string_view::npos))
    lines.fail(in_quotes(filter) + ": %u and %c mean something only after \"pattern\"; write: pattern ...");
  rule.filter = filter;
  return rule;
}

}  // namespace

AclFile AclFile::parse(std::string_view text, std::string_view name) {
  AclFile acl;
  std::vector<AclRule>* current = &acl.nobodys_;
  TextLines lines(text, name);
  std::string_view line;
  while (lines.next(line)) {
    const std::string_view keyword = take_word(line);
    if (keyword == "user") {
      if (const char* const fault = user_name_fault(line)) lines.fail("user " + in_quotes(line) + ": " + fault);
      current = &acl.users_[std::string(line)];
    } else if (keyword == "topic") {
      current->push_back(read_rule(lines, keyword, line));
    } else if (keyword == "pattern") {
      acl.patterns_.push_back(read_rule(lines, keyword, line));
    } else {
      lines.fail(in_quotes(keyword) + " is no keyword; a line begins with user, topic, pattern, or # for a comment");
    }
  }
  return acl;
}

Rights AclFile::rights_of(std::string_view user_name, std::string_view client_id) const {
  Rights rights;
  if (user_name.empty()) {
    rights.rules_ = &nobodys_;
  } else if (const auto found = users_.find(user_name); found != users_.end()) {
    rights.rules_ = &found->second;
  }
  std::string filter;
  for (const AclRule& pattern : patterns_) {
    if (user_name.empty() && pattern.filter.find(kUser) != std::string::npos) continue;
    if (fill(pattern.filter, user_name, client_id, filter))
      rights.filled_.push_back({pattern.access, filter});
    else if (pattern.access == Access::kDeny)
      rights.nothing_ = true;
  }
  return rights;
}

/// All rules are seen, since a deny rule may stand anywhere.
template <class Allows, class Denies>
bool Rights::decide(Allows allows, Denies denies) const {
  if (nothing_) return false;
  bool allowed = false;
  const auto denied_by = [&](const std::vector<AclRule>& rules) {
    for (const AclRule& rule : rules) {
      if (rule.access == Access::kDeny && denies(rule)) return true;
      if (rule.access != Access::kDeny && !allowed) allowed = allows(rule);
    }
    return false;
  };
  if (rules_ != nullptr && denied_by(*rules_)) return false;
  return !denied_by(filled_) && allowed;
}

bool Rights::may_publish(std::string_view topic) const {
  return decide(
      [&](const AclRule& rule) { return rule.access != Access::kRead && mqtt::topic_matches(rule.filter, topic); },
      [&](const AclRule& rule) { return mqtt::topic_matches(rule.filter, topic); });
}

bool Rights::may_subscribe(std::string_view topic_filter) const {
  return decide(
      [&](const AclRule& rule) { return rule.access != Access::kWrite && filter_covers(rule.filter, topic_filter); },
      [&](const AclRule& rule) { return filters_overlap(rule.filter, topic_filter); });
}

}  // namespace orrery::auth

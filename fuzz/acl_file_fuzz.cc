// SPDX-License-Identifier: Apache-2.0
// ACL files: read or refused with a place, and rights that keep the rules between them. A right to subscribe to a
// filter is one for each of its topics; a further line that denies takes away and never gives; a client id that does
// not fit gets nothing from patterns.
//
// Input: a user name, a client id, a topic filter, a topic, each ended by a line feed, then the file.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/strict_json.h"
#include "broker/auth/acl_file.h"
#include "broker/mqtt/topic.h"

namespace {

using namespace orrery;

std::optional<auth::AclFile> read(const std::string& text) {
  try {
    return auth::AclFile::parse(text, "acl");
  } catch (const ConfigError& error) {
    ORRERY_ASSERT(std::string_view(error.what()).starts_with("acl:"));
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 4> given;
  for (std::string_view& text : given) {
    const std::size_t end = rest.find('\n');
    text = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  const auto& [user, client, filter, topic] = given;
  const std::string file(rest);
  const auto acl = read(file);
  if (!acl || client.empty() || !mqtt::valid_topic_name(topic) || !mqtt::valid_topic_filter(filter)) return 0;
  const std::string_view plain_filter = mqtt::parse_topic_filter(filter).filter;
  const auth::Rights rights = acl->rights_of(user, client);
  const bool publish = rights.may_publish(topic);
  const bool subscribe = rights.may_subscribe(topic);

  if (rights.may_subscribe(plain_filter) && mqtt::topic_matches(plain_filter, topic)) ORRERY_ASSERT(subscribe);

  const auto denying = read(file + "\npattern deny " + std::string(plain_filter));
  if (denying) {
    const auth::Rights fewer = denying->rights_of(user, client);
    const bool denied = mqtt::topic_matches(plain_filter, topic) && plain_filter.find('%') == std::string_view::npos;
    ORRERY_ASSERT(!fewer.may_publish(topic) || (publish && !denied));
    ORRERY_ASSERT(!fewer.may_subscribe(topic) || (subscribe && !denied));
    ORRERY_ASSERT(!denied || !fewer.may_subscribe(plain_filter));
  }

  // Patterns filled with a name that the topic does not contain cannot match it, so this client has the other rules
  // alone.
  const std::string_view other = "\x01";
  const bool unfit = client.find_first_of("+#/") != std::string_view::npos;
  if (unfit && topic.find(other) == std::string_view::npos) {
    const auth::Rights others = acl->rights_of(user, other);
    ORRERY_ASSERT(!publish || others.may_publish(topic));
    ORRERY_ASSERT(!subscribe || others.may_subscribe(topic));
  }
  return 0;
}

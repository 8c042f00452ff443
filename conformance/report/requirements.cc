// SPDX-License-Identifier: Apache-2.0
// Reads the compiled-in table. Its lines come from conformance/requirements.tsv by way of requirements.cmake.
#include "conformance/report/requirements.h"

#include <algorithm>

#include "conformance/report/requirement_lines.h"

namespace orrery::conformance {
namespace {

constexpr const char* kHeader = "version\tid\tbinds\ttestable\tarea\tstatement\tcases\tuntested\n";

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> out(1);
  for (const char c : line) {
    if (c == '\t')
      out.emplace_back();
    else
      out.back() += c;
  }
  out.resize(8);
  return out;
}

// Checked on every packet that a server sends (wire/decode.cc, cases/observer.cc), whatever the case is about.
constexpr std::string_view kWatched[] = {
    "X-assigned-unasked",      "X-auth-unbegun",  "X-client-packet-from-server", "X-connack-code",
    "X-connack-flags",         "X-connack-twice", "X-packet-truncated",          "X-pingresp-unasked",
    "X-server-disconnect-311", "X-ws-frame",
};

std::string generated_name(const std::string& id) {
  // Cases made from a table would fill the column: "x-twice-connect-session-expiry" counts as "x-twice-*".
  if (id.rfind("x-", 0) != 0) return id;
  const std::size_t second = id.find('-', 2);
  return second == std::string::npos ? id : id.substr(0, second) + "-*";
}

}  // namespace

const std::vector<Requirement>& all_requirements() {
  static const std::vector<Requirement> list = [] {
    std::vector<Requirement> out;
    for (const std::string_view line : requirement_lines()) {
      if (line.empty() || line.rfind("version\t", 0) == 0) continue;
      std::vector<std::string> f = split(line);
      out.push_back({f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]});
    }
    return out;
  }();
  return list;
}

const Requirement* find_requirement(std::string_view id, Version v) {
  static const std::map<std::string, const Requirement*> rows = [] {
    std::map<std::string, const Requirement*> out;
    for (const Requirement& r : all_requirements()) out[r.version + " " + r.id] = &r;
    return out;
  }();
  for (const char* version : {v == Version::k5 ? "5 " : "3.1.1 ", "any "}) {
    const auto it = rows.find(version + std::string(id));
    if (it != rows.end()) return it->second;
  }
  return nullptr;
}

Coverage::Coverage(const Cases& cases) {
  for (const Requirement& r : all_requirements())
    if (std::find(std::begin(kWatched), std::end(kWatched), r.id) != std::end(kWatched))
      names_[r.version + " " + r.id] = {"(every-packet)"};
  for (const Case& c : cases) {
    const std::string name = generated_name(c.id);
    for (const Version v : {Version::k31, Version::k311, Version::k5}) {
      if ((c.versions & bit(v)) == 0) continue;
      for (const std::string& id : requirements_of(c, v)) {
        const Requirement* r = find_requirement(id, v);
        if (r == nullptr) continue;
        std::vector<std::string>& names = names_[r->version + " " + r->id];
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
  }
}

const std::vector<std::string>& Coverage::of(const Requirement& r) const {
  static const std::vector<std::string> none;
  const auto it = names_.find(r.version + " " + r.id);
  return it == names_.end() ? none : it->second;
}

std::string requirements_text(const Cases& cases) {
  const Coverage coverage(cases);
  std::string out = kHeader;
  for (const Requirement& r : all_requirements()) {
    std::string names;
    for (const std::string& name : coverage.of(r)) names += (names.empty() ? "" : " ") + name;
    out += r.version + "\t" + r.id + "\t" + r.binds + "\t" + r.testable + "\t" + r.area + "\t" + r.text + "\t" + names +
           "\t" + (names.empty() ? r.untested : "") + "\n";
  }
  return out;
}

}  // namespace orrery::conformance

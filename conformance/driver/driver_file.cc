// SPDX-License-Identifier: Apache-2.0
// Driver files are read strictly: a misspelt key or capability is an error that says what would be valid.
#include "conformance/driver/driver_file.h"

#include <algorithm>
#include <filesystem>

#include "base/strict_json.h"
#include "broker/openssl/self_signed.h"
#include "conformance/driver/live.h"

namespace orrery::conformance {
namespace {

// False when the key is absent.
bool read_texts(JsonObject& o, std::string_view key, std::vector<std::string>& out) {
  return o.array(key, [&out](JsonItem& item) { item.text(out.emplace_back()); });
}

Version read_version(JsonItem& item) {
  Version v{};
  item.choice(v, {{"3.1", Version::k31}, {"3.1.1", Version::k311}, {"5", Version::k5}});
  return v;
}

void read_versions(JsonObject& o, Versions& out) {
  Versions given = 0;
  if (o.array("versions", [&given](JsonItem& item) { given |= bit(read_version(item)); })) out = given;
}

Capabilities read_capabilities(JsonObject& o, std::string_view key) {
  Capabilities given = 0;
  o.array(key, [&given](JsonItem& item) {
    std::vector<std::string_view> names;
    for (unsigned i = 0; i < static_cast<unsigned>(Capability::kCount); ++i)
      names.emplace_back(capability_name(static_cast<Capability>(i)));
    given |= 1U << item.choice(names);
  });
  return given;
}

Deviation read_deviation(JsonItem& item) {
  Deviation d;
  item.object([&d](JsonObject& o) {
    o.require("case");
    o.require("reason");
    o.require("link");
    o.text("case", d.cases);
    o.text("reason", d.reason);
    o.text("link", d.link);
    o.boolean("sometimes", d.sometimes);
    read_versions(o, d.versions);
    o.array("over", [&d](JsonItem& t) {
      t.choice(d.over.emplace_back(), {{"tcp", Transport::kTcp},
                                       {"tls", Transport::kTls},
                                       {"ws", Transport::kWebSocket},
                                       {"wss", Transport::kSecureWebSocket}});
    });
  });
  return d;
}

Access read_access(JsonObject& o) {
  Access a;
  o.require("user");
  o.require("password");
  if (o.text("user", a.user) && a.user.empty()) o.fail("user", "needs a name");
  o.text("password", a.password);
  o.text("no_publish", a.no_publish);
  if (a.no_publish.find_first_of("+#") != std::string::npos) o.fail("no_publish", "is a topic, without + and #");
  o.text("no_subscribe", a.no_subscribe);
  o.boolean("scram", a.scram);
  return a;
}

}  // namespace

Capabilities usual_capabilities() {
  const Capabilities all = (1U << static_cast<unsigned>(Capability::kCount)) - 1;
  return all & ~(bit(Capability::kRestart) | bit(Capability::kDurable) | bit(Capability::kResponseInformation) |
                 bit(Capability::kMoved) | bit(Capability::kEcho));
}

DriverFile parse_driver_file(std::string_view text, std::string_view path) {
  const JsonDocument document = JsonDocument::parse(text, path);
  DriverFile d;
  d.here = std::filesystem::absolute(path).parent_path();
  document.root().object([&d](JsonObject& o) {
    o.require("name");
    o.require("command");
    o.require("listeners");
    o.text("name", d.name);
    o.text("homepage", d.homepage);
    if (read_texts(o, "command", d.command) && d.command.empty()) o.fail("command", "needs at least the program");
    read_texts(o, "version_command", d.version_command);
    o.map("files", [&d](std::string_view file, JsonItem& item) {
      std::vector<std::string>& lines = d.files[std::string(file)];
      item.array([&lines](JsonItem& line) { line.text(lines.emplace_back()); });
    });
    if (read_texts(o, "listeners", d.listeners) && d.listeners.empty())
      o.fail("listeners", "needs at least one address");
    o.duration("ready_within", d.ready_within, kMillisecond, 600 * kSecond);
    o.duration("slack", d.slack, 0, 600 * kSecond);
    d.capabilities = (usual_capabilities() | bit(Capability::kRestart) | read_capabilities(o, "claims")) &
                     ~read_capabilities(o, "lacks");
    read_versions(o, d.versions);
    o.boolean("strict", d.strict);
    o.object("access", [&d](JsonObject& a) { d.access = read_access(a); });
    o.array("deviations", [&d](JsonItem& item) { d.deviations.push_back(read_deviation(item)); });
  });
  return d;
}

/// The path of the certificate or its key, both made at the first use.
std::string Placeholders::self_signed(bool key) {
  const std::string certificate_file = dir_ + "/certificate.pem";
  const std::string key_file = dir_ + "/key.pem";
  if (!certificate_made_) openssl::write_self_signed(certificate_file, key_file);
  certificate_made_ = true;
  return key ? key_file : certificate_file;
}

std::string Placeholders::fill(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    const std::size_t close = text.find('}');
    const std::string name(text.substr(0, close == std::string_view::npos ? 0 : close + 1));
    if (name == "{dir}") {
      out += dir_;
    } else if (name == "{bin}") {
      out += bin_;
    } else if (name == "{here}") {
      out += here_;
    } else if (name == "{certificate}" || name == "{key}") {
      out += self_signed(name == "{key}");
    } else if (name.rfind("{port:", 0) == 0) {
      std::string& port = ports_[name];
      if (port.empty()) port = std::to_string(free_port());
      out += port;
    } else if (!text.empty()) {
      out += text.front();  // a brace of the file's own language
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(name.size());
  }
  return out;
}

}  // namespace orrery::conformance

// SPDX-License-Identifier: Apache-2.0
#include "broker/seam/note.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/utf8.h"
#include "broker/seam/note_text.h"

namespace orrery {
namespace {

std::string text_of(const Note& note, std::string_view address = "127.0.0.1:4711") {
  std::string out;
  append_note_text(note, address, out);
  return out;
}

nlohmann::json json_of(const Note& note, std::string_view address = "127.0.0.1:4711") {
  std::string out = "{\"kind\":\"x\"";
  append_note_json(note, address, out);
  return nlohmann::json::parse(out + "}");
}

/// What a client id may be: anything that must not get out of its line or its quotes.
const std::string kHostile[] = {
    "two\nlines",
    "carriage\rreturn",
    "a \"quoted\" id",
    "back\\slash",
    std::string("nul\0l", 5),
    "escape \x1b[31mred",
    "delete \x7f",
    "next line \xc2\x85",
    "line separator \xe2\x80\xa8",
    "right to left \xe2\x80\xae",
    "not UTF-8 \xff\xc0\x80",
    "cut off \xe2\x82",
    "tag \xf3\xa0\x80\xa0",
    std::string(70'000, 'x'),
    std::string(255, 'x') + "\xc3\xa4",
};

TEST(Note, EveryRowIsWellFormed) {
  std::set<std::string> names;
  for (std::size_t k = 0; k < kNoteKinds; ++k) {
    const NoteRow& row = note_row(static_cast<NoteKind>(k));
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(names.insert(row.name).second) << "the name is used twice";
    EXPECT_TRUE(std::all_of(row.name, row.name + std::string_view(row.name).size(),
                            [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
    std::set<std::string> placeholders;
    const std::string text = row.text;
    for (std::size_t at = text.find('{'); at != text.npos; at = text.find('{', at + 1)) {
      std::string name = text.substr(at + 1, text.find('}', at) - at - 1);
      if (name.ends_with(":x")) name.resize(name.size() - 2);
      placeholders.insert(name);
    }
    std::set<std::string> known = {"client", "address", "name", "text"};
    for (const char* number : row.numbers) {
      if (number == nullptr) continue;
      EXPECT_TRUE(placeholders.contains(number)) << number;
      EXPECT_TRUE(known.insert(number).second) << number;
    }
    for (const std::string& name : placeholders) EXPECT_TRUE(known.contains(name)) << name;
    EXPECT_EQ(text.find("{client}") == text.npos, text.find("\"{client}\"") == text.npos)
        << "a client id stands in quotes";
  }
}

TEST(Note, PlaceholdersAreFilledIn) {
  const Note note{.kind = NoteKind::kPeerUnreachable, .name = "n2", .text = "Connection refused", .numbers = {0, 3}};
  EXPECT_EQ(text_of(note), "n2 cannot be reached (shard 0 to shard 3): Connection refused");
  EXPECT_EQ(
      json_of(note),
      (nlohmann::json{{"kind", "x"}, {"name", "n2"}, {"text", "Connection refused"}, {"shard", 0}, {"peer_shard", 3}}));
}

TEST(Note, AHostileClientIdStaysInItsQuotesAndInItsLine) {
  for (const std::string& id : kHostile) {
    const std::string text =
        text_of({.kind = NoteKind::kConnectRefused, .client = id, .text = "no", .numbers = {0x87}});
    SCOPED_TRACE(text);
    ASSERT_TRUE(text.starts_with("client \"") && text.ends_with("\" at 127.0.0.1:4711 is refused: no (reason 0x87)"));
    EXPECT_TRUE(utf8_well_formed(as_bytes(text)));
    EXPECT_LT(text.size(), 4 * kNoteValueBytesMax + 100);
    const std::string quoted = text.substr(8, text.find("\" at 127") - 8);
    bool escaped = false;
    for (const char c : quoted) {
      const auto byte = static_cast<std::uint8_t>(c);
      EXPECT_TRUE(byte >= 0x20 && byte != 0x7f);
      EXPECT_TRUE(c != '"' || escaped);
      escaped = c == '\\' && !escaped;
    }
    EXPECT_FALSE(escaped) << "the closing quote is escaped";
    for (const char* turns : {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xae", "\xf3\xa0\x80\xa0"})
      EXPECT_EQ(text.find(turns), std::string::npos);
  }
}

TEST(Note, EscapesInWords) {
  const auto shown = [](std::string_view id) {
    const std::string text = text_of({.kind = NoteKind::kDroppedSessionEnded, .client = id});
    const std::size_t begin = std::string_view("0 messages for client \"").size();
    return text.substr(begin, text.rfind("\" are dropped") - begin);
  };
  EXPECT_EQ(shown("sensor 1/\xc3\xa4"), "sensor 1/\xc3\xa4");
  EXPECT_EQ(shown("a\nb\x1b\x7f"), "a\\x0ab\\x1b\\x7f");
  EXPECT_EQ(shown("\"\\"), "\\\"\\\\");
  EXPECT_EQ(shown("\xff\xe2\x80\xa8"), "\\xff\\xe2\\x80\\xa8");
  EXPECT_EQ(shown(std::string(257, 'x')), std::string(256, 'x') + "...");
  EXPECT_EQ(shown(std::string(256, 'x')), std::string(256, 'x'));
}

TEST(Note, JsonKeepsWhatIsUtf8AndReplacesWhatIsNot) {
  for (const std::string& id : kHostile) {
    std::string object = "{\"kind\":\"x\"";
    append_note_json({.kind = NoteKind::kConnectRefused, .client = id}, "", object);
    SCOPED_TRACE(object);
    EXPECT_TRUE(std::all_of(object.begin(), object.end(), [](char c) { return static_cast<std::uint8_t>(c) >= 0x20; }));
    const std::string read = nlohmann::json::parse(object + "}")["client"];
    if (id.size() <= kNoteValueBytesMax && utf8_well_formed(as_bytes(id)))
      EXPECT_EQ(read, id);
    else
      EXPECT_TRUE(read.ends_with("...") || read.find("\xef\xbf\xbd") != read.npos);
  }
}

TEST(Note, ALinkWithoutAnAddressHasAnUnknownOne) {
  EXPECT_NE(text_of({.kind = NoteKind::kTlsFailed, .name = "l"}, "").find("from an unknown address failed"),
            std::string::npos);
  EXPECT_EQ(json_of({.kind = NoteKind::kTlsFailed}, "")["address"], "");
}

TEST(Note, OurOwnWordsMayBeLong) {
  const std::string words(kNoteWordsBytesMax, 'w');
  EXPECT_EQ(text_of({.kind = NoteKind::kStarted, .text = words}), words);
  EXPECT_EQ(text_of({.kind = NoteKind::kStarted, .text = words + "w"}), words + "...");
}

/// docs/log.md: "### `name`, level", the text in a line of its own, and then what to make of it.
TEST(Note, EveryKindHasAnEntryInTheDocuments) {
  std::ifstream file("docs/log.md");
  ASSERT_TRUE(file) << "run in the tree's root";
  std::map<std::string, std::string> entries;  // by heading
  std::string heading;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) heading = line;
    if (line.starts_with("### ")) {
      EXPECT_TRUE(entries.try_emplace(line).second) << line << " is there twice";
    } else if (heading.starts_with("### ") && !line.empty()) {
      entries[heading] += line + "\n";
    }
  }
  for (std::size_t k = 0; k < kNoteKinds; ++k) {
    const NoteRow& row = note_row(static_cast<NoteKind>(k));
    const std::string expected =
        "### `" + std::string(row.name) + "`, " + std::string(kNoteLevelNames[static_cast<std::size_t>(row.level)]);
    const auto entry = entries.find(expected);
    if (entry == entries.end()) {
      ADD_FAILURE() << "docs/log.md has no entry " << expected;
      continue;
    }
    const std::string text = "`" + std::string(row.text) + "`\n";
    EXPECT_TRUE(entry->second.starts_with(text)) << expected << " should say " << text;
    EXPECT_GT(entry->second.size(), text.size() + 20) << expected << " explains nothing";
    entries.erase(entry);
  }
  for (const auto& [left, body] : entries) ADD_FAILURE() << "there is no such kind: " << left;
}

}  // namespace
}  // namespace orrery

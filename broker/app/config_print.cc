// SPDX-License-Identifier: Apache-2.0
// Two visits of all keys that write: the configuration as a commented file, and the JSON Schema. See config.h.
#include "base/units.h"
#include "broker/app/config.h"
#include "broker/app/config_keys.h"

namespace orrery::app {
namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string seconds_text(std::uint32_t value, bool infinite) {
  return infinite && value == UINT32_MAX ? "infinity" : format_duration(Nanos{value} * kSecond);
}

/// Objects and arrays with their commas and indentation.
class Writer {
 public:
  void open(char bracket) {
    out_ += bracket;
    ++depth_;
    first_ = true;
  }
  void close(char bracket) {
    --depth_;
    if (!first_) line();
    out_ += bracket;
    first_ = false;
  }
  /// Begins the next member or item on a line of its own, under a comment if there is one.
  void next(std::string_view comment = {}) {
    if (!first_) out_ += ',';
    first_ = false;
    if (!comment.empty()) {
      line();
      (out_ += "// ") += comment;
    }
    line();
  }
  void key(std::string_view name) { out_ += in_quotes(name) + ": "; }
  void put(std::string_view text) { out_ += text; }
  std::string take() { return std::move(out_) + "\n"; }

 private:
  void line() { out_ += '\n' + std::string(static_cast<std::size_t>(depth_) * 2, ' '); }

  std::string out_;
  int depth_ = 0;
  bool first_ = true;
};

class FilePrinter : public ConfigKeys {
 public:
  FilePrinter() { w_.open('{'); }
  std::string take() {
    w_.close('}');
    return w_.take();
  }

  void section(const char* key, const char* about, const std::function<void()>& inside) override {
    w_.next(about);
    w_.key(key);
    w_.open('{');
    inside();
    w_.close('}');
  }
  void map(const char* key, const char* about, const Entries& entries) override {
    section(key, about, [&] {
      for (std::size_t i = 0; i < entries.count; ++i) {
        w_.next();
        w_.key(entries.name(i));
        w_.open('{');
        entries.describe(i);
        w_.close('}');
      }
    });
  }
  void array(const char* key, const char* about, const Entries& entries) override {
    w_.next(about);
    w_.key(key);
    w_.open('[');
    for (std::size_t i = 0; i < entries.count; ++i) {
      w_.next();
      w_.open('{');
      entries.describe(i);
      w_.close('}');
    }
    w_.close(']');
  }

  void text(const char* key, const char* about, std::string& value, bool) override {
    member(key, about, in_quotes(value));
  }
  void address(const char* key, const char* about, std::string& value, bool) override {
    member(key, about, in_quotes(value));
  }
  void flag(const char* key, const char* about, bool& value) override { member(key, about, value ? "true" : "false"); }
  void choice(const char* key, const char* about, std::size_t& value, std::span<const std::string_view> names,
              bool) override {
    member(key, about, in_quotes(names[value]));
  }
  void duration(const char* key, const char* about, Nanos& value, Nanos, Nanos) override {
    member(key, about, in_quotes(format_duration(value)));
  }
  void seconds(const char* key, const char* about, std::uint32_t& value, bool infinite) override {
    member(key, about, in_quotes(seconds_text(value, infinite)));
  }
  void size(const char* key, const char* about, std::uint32_t& value, std::uint32_t, std::uint32_t) override {
    member(key, about, in_quotes(format_size(value)));
  }

 protected:
  void whole(const char* key, const char* about, std::uint64_t& value, std::uint64_t, std::uint64_t) override {
    member(key, about, std::to_string(value));
  }

 private:
  void member(const char* key, const char* about, const std::string& value) {
    w_.next(about);
    w_.key(key);
    w_.put(value);
  }

  Writer w_;
};

class SchemaPrinter : public ConfigKeys {
 public:
  SchemaPrinter() {
    w_.open('{');
    member("$schema", in_quotes("https://json-schema.org/draft/2020-12/schema"));
    member("title", in_quotes("orrery-broker configuration"));
    open_object();
    begin("$schema", "Where this schema is, for editors; the broker passes it over.");
    member("type", in_quotes("string"));
    w_.close('}');
  }
  std::string take() {
    close_object();
    w_.close('}');
    return w_.take();
  }

  void section(const char* key, const char* about, const std::function<void()>& inside) override {
    begin(key, about);
    open_object();
    inside();
    close_object();
    w_.close('}');
  }
  void map(const char* key, const char* about, const Entries& entries) override {
    begin(key, about);
    member("type", in_quotes("object"));
    w_.next();
    w_.key("additionalProperties");
    entry(entries);
    w_.close('}');
  }
  void array(const char* key, const char* about, const Entries& entries) override {
    begin(key, about);
    member("type", in_quotes("array"));
    w_.next();
    w_.key("items");
    entry(entries);
    w_.close('}');
  }

  void text(const char* key, const char* about, std::string& value, bool optional) override {
    begin(key, about);
    finish("string", value.empty() && !optional ? "" : in_quotes(value));
  }
  void address(const char* key, const char* about, std::string&, bool optional) override {
    begin(key, about);
    if (!optional) member("pattern", in_quotes("^(.*:)?[0-9]+$"));
    finish("string", "");
  }
  void flag(const char* key, const char* about, bool& value) override {
    begin(key, about);
    finish("boolean", value ? "true" : "false");
  }
  void choice(const char* key, const char* about, std::size_t& value, std::span<const std::string_view> names,
              bool optional) override {
    begin(key, about);
    if (optional) member("default", in_quotes(names[value]));
    w_.next();
    w_.key("enum");
    w_.open('[');
    for (const std::string_view name : names) {
      w_.next();
      w_.put(in_quotes(name));
    }
    w_.close(']');
    w_.close('}');
  }
  void duration(const char* key, const char* about, Nanos& value, Nanos, Nanos) override {
    begin(key, about);
    member("pattern", in_quotes(kDuration));
    finish("string", in_quotes(format_duration(value)));
  }
  void seconds(const char* key, const char* about, std::uint32_t& value, bool infinite) override {
    begin(key, about);
    member("pattern", in_quotes(infinite ? "^infinity$|" + std::string(kDuration) : kDuration));
    finish("string", in_quotes(seconds_text(value, infinite)));
  }
  void size(const char* key, const char* about, std::uint32_t& value, std::uint32_t min, std::uint32_t max) override {
    begin(key, about);
    member("type", "[\"string\", \"integer\"]");
    member("pattern", in_quotes("^[0-9]+([KMGkmg]?[Ii]?[Bb])?$"));
    member("minimum", std::to_string(min));
    member("maximum", std::to_string(max));
    member("default", in_quotes(format_size(value)));
    w_.close('}');
  }

 protected:
  void whole(const char* key, const char* about, std::uint64_t& value, std::uint64_t min, std::uint64_t max) override {
    begin(key, about);
    member("minimum", std::to_string(min));
    member("maximum", std::to_string(max));
    finish("integer", std::to_string(value));
  }

 private:
  static constexpr const char* kDuration = "^([0-9]+(d|h|m|s|ms|us|ns))+$";

  void member(const char* key, const std::string& value) {
    w_.next();
    w_.key(key);
    w_.put(value);
  }
  void begin(const char* key, const char* about) {
    w_.next();
    w_.key(key);
    w_.open('{');
    member("description", in_quotes(about));
  }
  void finish(const char* type, const std::string& standard) {
    member("type", in_quotes(type));
    if (!standard.empty()) member("default", standard);
    w_.close('}');
  }
  void open_object() {
    member("type", in_quotes("object"));
    member("additionalProperties", "false");
    w_.next();
    w_.key("properties");
    w_.open('{');
  }
  void close_object() { w_.close('}'); }
  void entry(const Entries& entries) {
    w_.open('{');
    open_object();
    entries.describe(entries.find_or_add("an entry without defaults"));
    close_object();
    w_.close('}');
  }

  Writer w_;
};

}  // namespace

std::string print_config(BrokerConfig config) {
  FilePrinter printer;
  describe_config(config, printer);
  return printer.take();
}

std::string print_schema() {
  BrokerConfig defaults;
  SchemaPrinter printer;
  describe_config(defaults, printer);
  return printer.take();
}

}  // namespace orrery::app

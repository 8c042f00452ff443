// SPDX-License-Identifier: Apache-2.0
#include "broker/app/auth_files.h"

#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/strict_json.h"
#include "broker/app/files.h"
#include "broker/auth/file_gate.h"
#include "broker/openssl/openssl_digest.h"

namespace orrery::app {
namespace {

constexpr const char* kPasswordFile = "the password file";

std::vector<std::uint8_t> random_bytes(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  if (::getrandom(bytes.data(), size, 0) != static_cast<ssize_t>(size)) throw std::runtime_error("getrandom failed");
  return bytes;
}

/// The terminal without echo while a password is typed.
class Silence {
 public:
  Silence() : on_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!on_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  ~Silence() {
    if (!on_) return;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    std::fputc('\n', stderr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool on_;
};

std::string ask_password(const std::string& user_name) {
  if (::isatty(STDIN_FILENO) != 0) std::fprintf(stderr, "Password for %s: ", user_name.c_str());
  const Silence silence;
  std::string password;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) password += static_cast<char>(c);
  if (password.empty())
    throw ConfigError("no password: its first line is read from standard input, and it must not be empty");
  return password;
}

/// Whether a line is the user's.
bool is_of(const std::string& line, const std::string& user_name) {
  return line.size() > user_name.size() && line[user_name.size()] == ':' && line.starts_with(user_name);
}

}  // namespace

std::shared_ptr<const session::Gate> make_gate(const AuthFiles& files) {
  if (files.password_file.empty() && files.acl_file.empty()) return nullptr;
  auth::FileGateOptions options;
  options.allow_anonymous = files.allow_anonymous;
  if (!files.password_file.empty())
    options.passwords = {files.password_file, read_file(kPasswordFile, files.password_file)};
  if (!files.acl_file.empty()) options.acl = {files.acl_file, read_file("the ACL file", files.acl_file)};
  const std::shared_ptr<const auth::Digest> digest = openssl::make_digest();
  // A secret that nobody outside can know (the file's salts and hashes are random), and the same after a restart and on
  // every node with the same file, so that made-up salts of unknown users do not change where real ones would not.
  const auth::Sha256 secret = digest->sha256(as_bytes(options.passwords ? options.passwords->text : ""));
  return std::make_shared<auth::FileGate>(options, digest, std::vector<std::uint8_t>(secret.begin(), secret.end()));
}

void change_password(const PasswordChange& change) {
  std::string text;
  if (::access(change.file.c_str(), F_OK) == 0) text = read_file(kPasswordFile, change.file);
  auth::PasswordFile::parse(text, change.file);  // what is there must be sound: this command does not hide mistakes
  std::string line;
  if (!change.remove) {
    const std::string password = ask_password(change.user_name);
    const std::vector<std::uint8_t> salt = random_bytes(auth::kSaltBytes);
    const std::shared_ptr<const auth::Digest> digest = openssl::make_digest();
    line = change.scram ? auth::make_scram_line(*digest, change.user_name, password, salt)
                        : auth::make_password_line(*digest, change.user_name, password, salt);
  }
  std::string out;
  bool found = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string old = text.substr(at, end - at);
    at = end + 1;
    const bool mine = is_of(old, change.user_name);
    found = found || mine;
    if (mine && change.remove) continue;
    out += (mine ? line : old) + "\n";
  }
  if (change.remove && !found) throw ConfigError(change.file + " has no user \"" + change.user_name + "\"");
  if (!found) out += line + "\n";
  write_secret_file(kPasswordFile, change.file, out);
}

}  // namespace orrery::app

// SPDX-License-Identifier: Apache-2.0
// Processes by fork and exec. The child dies with its parent, so that an aborted run leaves no broker behind.
#include "conformance/driver/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace orrery::conformance {
namespace {

constexpr Nanos kStopPatience = 20 * kSecond;
constexpr std::size_t kLastLines = 40;  // of a broker's output: a sanitizer's report

std::string status_text(int status) {
  if (WIFEXITED(status)) return "with status " + std::to_string(WEXITSTATUS(status));
  return std::string("by a signal: ") + ::strsignal(WTERMSIG(status));
}

std::string make_directory() {
  std::string path = (std::filesystem::temp_directory_path() / "orrery-conformance-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr)
    throw TargetError("no temporary directory can be made: " + std::string(std::strerror(errno)));
  // Brokers that drop their privileges still have to read their files.
  std::filesystem::permissions(path, std::filesystem::perms::all);
  return path;
}

// Starts a program with its output in a file. The exec error, if any, ends up in that file too.
pid_t spawn(const std::vector<std::string>& command, const std::string& output) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, 0);
  ::dup2(fd, 1);
  ::dup2(fd, 2);
  ::execvp(argv[0], argv.data());
  const char* error = std::strerror(errno);
  if (::write(2, error, std::strlen(error)) < 0) ::_exit(126);
  ::_exit(127);
}

std::string first_line_of(const std::vector<std::string>& command, const std::string& output) {
  const pid_t pid = spawn(command, output);
  if (pid < 0) return {};
  const Nanos deadline = live_now() + kStopPatience;
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    if (live_now() > deadline) ::kill(pid, SIGKILL);
    live_wait_until(live_now() + 5 * kMillisecond);
  }
  std::ifstream in(output);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

BrokerProcess::BrokerProcess(DriverFile file, const std::string& bin)
    : file_(std::move(file)), dir_(make_directory()), placeholders_(dir_, bin, file_.here) {
  for (const std::string& word : file_.command) command_.push_back(placeholders_.fill(word));
  for (const std::string& listener : file_.listeners) urls_.push_back(parse_url(placeholders_.fill(listener)));
  for (const auto& [name, lines] : file_.files) {
    std::ofstream out(dir_ + "/" + name);
    for (const std::string& line : lines) out << placeholders_.fill(line) << "\n";
  }
  title_ = file_.name;
  if (!file_.version_command.empty()) {
    std::vector<std::string> words;
    for (const std::string& word : file_.version_command) words.push_back(placeholders_.fill(word));
    const std::string line = first_line_of(words, dir_ + "/version.txt");
    // "mosquitto version 2.0.11" and the like: the first word that begins with a digit.
    std::istringstream in(line);
    for (std::string word; in >> word;)
      if (word[0] >= '0' && word[0] <= '9') {
        title_ += " " + word;
        break;
      }
  }
  start();
}

BrokerProcess::~BrokerProcess() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

void BrokerProcess::start() {
  pid_ = spawn(command_, dir_ + "/output.txt");
  if (pid_ < 0) fail(file_.name + " cannot be started: " + std::strerror(errno));
  wait_until_ready();
}

void BrokerProcess::stop() {
  if (pid_ < 0) return;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) return has_ended(status, "before it was asked to");
  ::kill(pid_, SIGTERM);
  const Nanos deadline = live_now() + kStopPatience;
  bool killed = false;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (live_now() > deadline && !killed) {
      killed = true;
      ::kill(pid_, SIGKILL);
    }
    live_wait_until(live_now() + 2 * kMillisecond);
  }
  const bool as_asked = WIFEXITED(status) ? WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 128 + SIGTERM
                                          : WTERMSIG(status) == SIGTERM;
  if (!as_asked) return has_ended(status, killed ? "since SIGTERM did not end it" : "when it was asked to");
  pid_ = -1;
}

void BrokerProcess::has_ended(int status, const char* when) {
  pid_ = -1;
  if (complaint_.empty()) complaint_ = title_ + " ended " + status_text(status) + ", " + when + "\n" + last_output();
}

std::string BrokerProcess::end() {
  stop();
  return complaint_;
}

void BrokerProcess::kill_and_restart() {
  int status = 0;
  if (pid_ >= 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) has_ended(status, "before it was asked to");
  if (pid_ < 0) return start();
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  start();
}

void BrokerProcess::wait_until_ready() {
  const Nanos deadline = live_now() + file_.ready_within;
  for (const Url& url : urls_) {
    for (;;) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        fail(file_.name + " ended at once, " + status_text(status));
      }
      try {
        open_stream(url, kSecond)->close(HowToClose::kReset);
        break;
      } catch (const TargetError& e) {
        if (live_now() > deadline) fail(file_.name + " is not ready: " + e.what());
        live_wait_until(live_now() + 10 * kMillisecond);
      }
    }
  }
}

void BrokerProcess::fail(const std::string& why) {
  const std::string output = last_output();
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
  throw TargetError(why + (output.empty() ? "" : "\n" + output));
}

std::string BrokerProcess::last_output() const {
  std::ifstream in(dir_ + "/output.txt");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back("  " + line + "\n");
  std::string out;
  for (std::size_t i = lines.size() > kLastLines ? lines.size() - kLastLines : 0; i < lines.size(); ++i)
    out += lines[i];
  return out;
}

namespace {

class ProcessBench : public Bench {
 public:
  ProcessBench(std::shared_ptr<BrokerProcess> process, Url url, Nanos patience)
      : process_(std::move(process)), url_(std::move(url)), patience_(patience) {}
  std::unique_ptr<Stream> open(unsigned) override { return open_stream(url_, patience_); }
  Nanos now() override { return live_now(); }
  void wait_until(Nanos when) override { live_wait_until(when); }
  void kill_and_restart() override { process_->kill_and_restart(); }

 private:
  std::shared_ptr<BrokerProcess> process_;
  Url url_;
  Nanos patience_;
};

}  // namespace

ProcessTarget::ProcessTarget(std::shared_ptr<BrokerProcess> process, Url url)
    : LiveTarget(process->title(), std::move(url)), process_(std::move(process)) {}

std::unique_ptr<Bench> ProcessTarget::bench() { return std::make_unique<ProcessBench>(process_, url(), patience()); }

}  // namespace orrery::conformance

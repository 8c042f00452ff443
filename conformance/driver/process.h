// SPDX-License-Identifier: Apache-2.0
// A broker that the driver starts, kills and starts again, in a directory of its own that is removed at the end.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "conformance/driver/driver_file.h"
#include "conformance/driver/live.h"

namespace orrery::conformance {

class BrokerProcess {
 public:
  /// Writes the files, starts the broker and waits until every listener answers. `bin` stands for {bin}.
  /// Throws TargetError with a sentence and the last lines that the broker printed.
  BrokerProcess(DriverFile file, const std::string& bin);
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  /// Without notice, as a crash.
  void kill_and_restart();
  /// Asks the broker to end, by SIGTERM. Empty when all was well; otherwise how it ended (before it was asked, by a
  /// crash, with a status other than 0 or SIGTERM's, not at all), and the last lines that it printed.
  std::string end();
  const DriverFile& file() const { return file_; }
  const std::vector<Url>& urls() const { return urls_; }
  /// "mosquitto 2.0.11".
  const std::string& title() const { return title_; }

 private:
  void start();
  void stop();
  void has_ended(int status, const char* when);
  void wait_until_ready();
  [[noreturn]] void fail(const std::string& why);
  std::string last_output() const;

  DriverFile file_;
  std::string dir_;
  Placeholders placeholders_;
  std::vector<std::string> command_;
  std::vector<Url> urls_;
  std::string title_;
  pid_t pid_ = -1;
  std::string complaint_;  // how it ended, when that was not well
};

/// One listener of such a broker.
class ProcessTarget : public LiveTarget {
 public:
  ProcessTarget(std::shared_ptr<BrokerProcess> process, Url url);
  Nanos slack() const override { return process_->file().slack; }
  std::unique_ptr<Bench> bench() override;

 private:
  std::shared_ptr<BrokerProcess> process_;
};

}  // namespace orrery::conformance

// SPDX-License-Identifier: Apache-2.0
// A broker that listens somewhere: streams are TCP or TLS connections, time is the machine's steady clock.
#pragma once

#include <memory>
#include <string>

#include "conformance/driver/target.h"
#include "conformance/driver/url.h"

namespace orrery::conformance {

/// Opens a connection within `patience`; throws TargetError with a sentence when it cannot.
std::unique_ptr<Stream> open_stream(const Url& url, Nanos patience);
/// Nanoseconds of the steady clock.
Nanos live_now();
void live_wait_until(Nanos when);
/// A loopback port that was free a moment ago.
std::uint16_t free_port();

class LiveTarget : public Target {
 public:
  LiveTarget(std::string name, Url url);

  std::string name() const override { return name_; }
  Transport transport() const override { return url_.transport; }
  std::string path() const override { return url_.path; }
  Nanos patience() const override { return 5 * kSecond; }
  Nanos slack() const override { return 3 * kSecond; }
  bool fresh() const override { return false; }
  unsigned jobs() const override { return 8; }
  std::unique_ptr<Bench> bench() override;
  const Url& url() const { return url_; }

 private:
  std::string name_;
  Url url_;
};

}  // namespace orrery::conformance

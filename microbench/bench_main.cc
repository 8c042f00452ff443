// SPDX-License-Identifier: Apache-2.0
// The main program of every benchmark: Google Benchmark's own, except that a benchmark which reports an error
// (SkipWithError, check_hash in check.h) makes the program fail, so that the tests notice a wrong result.
#include <benchmark/benchmark.h>

#include <vector>

namespace {

class Reporter : public benchmark::ConsoleReporter {
 public:
  Reporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) failed_ = failed_ || run.error_occurred;
    ConsoleReporter::ReportRuns(runs);
  }
  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  Reporter reporter;
  const std::size_t run = benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  return run == 0 || reporter.failed() ? 1 : 0;
}

// SPDX-License-Identifier: Apache-2.0
// A histogram of 64-bit values with a bounded relative error, in the manner of HdrHistogram: what latencies are counted
// in.
//
// Values below 2^kPrecisionBits have a bucket each; above, every power of two is cut into 2^(kPrecisionBits - 1) equal
// buckets, so a reported value is at most 1/128 above the true one. Integers only: two runs that count the same values
// print the same figures. The unit is the caller's; say it in the name of the variable (latency_ns). Memory grows with
// the largest value seen, to at most 60 KiB. Not for several threads; merge() adds one up from each.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace orrery {

class Histogram {
 public:
  static constexpr unsigned kPrecisionBits = 8;

  void record(std::uint64_t value, std::uint64_t times = 1) {
    if (times == 0) return;
    const std::size_t bucket = bucket_of(value);
    if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
    buckets_[bucket] += times;
    count_ += times;
    sum_ += value * times;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  void merge(const Histogram& other) {
    if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
    for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const { return max_; }
  /// Rounded down; 0 when empty. The sum wraps at 2^64: nanoseconds of 10^9 values of 10 s still fit.
  std::uint64_t mean() const { return count_ == 0 ? 0 : sum_ / count_; }

  /// The smallest value that at least `per_million` millionths of the values do not exceed, rounded up to its bucket's
  /// end and never above max(): at(990'000) is p99. 0 when empty.
  std::uint64_t at(std::uint64_t per_million) const {
    if (count_ == 0) return 0;
    const std::uint64_t wanted =
        std::max<std::uint64_t>(1, share_of_count(std::min<std::uint64_t>(per_million, 1'000'000)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= wanted) return std::min(last_of(i), max_);
    }
    return max_;
  }

  /// Calls visit(last_value_of_bucket, count) for each bucket that is not empty, in order: for plots and files.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < buckets_.size(); ++i)
      if (buckets_[i] != 0) visit(std::min(last_of(i), max_), buckets_[i]);
  }

  void clear() { *this = Histogram(); }

 private:
  static constexpr std::uint64_t kHalf = std::uint64_t{1} << (kPrecisionBits - 1);

  static std::size_t bucket_of(std::uint64_t value) {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kPrecisionBits) return static_cast<std::size_t>(value);
    const unsigned shift = width - kPrecisionBits;
    return static_cast<std::size_t>(shift * kHalf + (value >> shift));
  }
  static std::uint64_t last_of(std::size_t bucket) {
    if (bucket < 2 * kHalf) return bucket;
    const std::uint64_t shift = bucket / kHalf - 1;
    const std::uint64_t top = kHalf + bucket % kHalf;
    return (top << shift) + ((std::uint64_t{1} << shift) - 1);
  }
  /// ceil(count * per_million / 10^6) without overflow.
  std::uint64_t share_of_count(std::uint64_t per_million) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(count_) * per_million + 999'999) / 1'000'000);
  }

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
};

}  // namespace orrery

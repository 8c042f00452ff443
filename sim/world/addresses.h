// SPDX-License-Identifier: Apache-2.0
// Addresses of the virtual network, for brokers that look at them: client n is 10.n.n.n, node n is 172.16.0.n + 1.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace orrery::sim {

/// "a.b.c.d:port" in place.
class AddressText {
 public:
  /// Its `connection`-th connection comes from another port.
  static AddressText of_client(std::uint32_t client, std::uint32_t connection) {
    return {{10, client >> 16 & 255, client >> 8 & 255, client & 255}, 1024 + connection % 64512};
  }
  static AddressText of_node(std::uint32_t node, std::uint32_t port) { return {{172, 16, node >> 8, node + 1}, port}; }
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  AddressText(const std::array<std::uint32_t, 4>& parts, std::uint32_t port) {
    for (std::size_t i = 0; i < 4; ++i) put(parts[i], i < 3 ? '.' : ':');
    put(port, 0);
  }
  void put(std::uint32_t number, char after) {
    char* const end = std::to_chars(text_.data() + size_, text_.data() + text_.size(), number).ptr;
    size_ = static_cast<std::size_t>(end - text_.data());
    if (after != 0) text_[size_++] = after;
  }

  std::array<char, 24> text_{};
  std::size_t size_ = 0;
};

}  // namespace orrery::sim

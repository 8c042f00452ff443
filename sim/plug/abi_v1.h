// SPDX-License-Identifier: Apache-2.0
// Version 1 of the plug, for brokers that were built against it: the structs as they stood, under names of their own.
// New brokers use abi.h; docs/broker-plug.md says what changed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orrery::sim::v1 {

inline constexpr std::uint32_t kAbiVersion = 1;
inline constexpr int kCounters = 27;

struct Effects {
  void* world;
  std::size_t (*send)(void* world, std::uint32_t link, const std::uint8_t* bytes, std::size_t size);
  void (*close)(void* world, std::uint32_t link, std::uint8_t how);
  void (*dial)(void* world, std::uint32_t tag, std::uint16_t node, std::uint16_t shard);
  void (*wake_at)(void* world, std::int64_t when);
  void (*post)(void* world, std::uint16_t to, const std::uint8_t* bytes, std::size_t size);
  void (*work)(void* world, std::uint8_t kind, std::uint32_t units);
};

struct Member {
  const char* name;
  std::uint8_t role;
  std::uint16_t shards;
};

struct Setup {
  std::size_t size;
  const Member* members;
  std::size_t member_count;
  std::uint16_t self;
  std::uint64_t incarnation;
  std::uint64_t seed;
  const char* options;
};

struct Stats {
  std::uint64_t counters[kCounters];
  std::uint64_t memory_bytes;
};

struct Node;

struct Broker {
  std::size_t size;
  std::uint32_t abi_version;
  const char* name;
  Node* (*create)(const Setup* setup, const Effects* effects, char* error, std::size_t error_size);
  void (*destroy)(Node* node);
  void (*start)(Node* node, std::uint16_t shard, std::int64_t now);
  void (*link_open)(Node* node, std::uint16_t shard, std::int64_t now, std::uint32_t link, std::uint8_t kind,
                    std::uint32_t dial_tag);
  void (*bytes)(Node* node, std::uint16_t shard, std::int64_t now, std::uint32_t link, std::uint8_t* bytes,
                std::size_t size);
  void (*drained)(Node* node, std::uint16_t shard, std::int64_t now, std::uint32_t link);
  void (*link_closed)(Node* node, std::uint16_t shard, std::int64_t now, std::uint32_t link);
  void (*dial_failed)(Node* node, std::uint16_t shard, std::int64_t now, std::uint32_t tag);
  void (*wake)(Node* node, std::uint16_t shard, std::int64_t now);
  void (*message)(Node* node, std::uint16_t shard, std::int64_t now, std::uint16_t from, const std::uint8_t* bytes,
                  std::size_t size);
  void (*stats)(const Node* node, std::uint16_t shard, Stats* out);
};

}  // namespace orrery::sim::v1

// SPDX-License-Identifier: Apache-2.0
// What the MQTT codec costs: framing and decoding of the packets that a broker sees most, and encoding of PUBLISH.
//
// One iteration is a read of 64 packets, from framing to view. The hash is over what the views say, so that nothing is
// optimised away and a wrong decoder shows. Items are packets.
#include <benchmark/benchmark.h>

#include <string>

#include "base/assert.h"
#include "base/rng.h"
#include "broker/mqtt/any_packet.h"
#include "broker/mqtt/stream_decoder.h"
#include "microbench/check.h"

namespace {

using namespace orrery;
using namespace orrery::mqtt;

constexpr int kPackets = 64;

/// Sizes, the ends and the numbers of a view: enough to notice a wrong field, cheap enough to be left in.
void mix(std::uint64_t& hash, std::uint64_t value) { hash = (hash ^ value) * 0x9e3779b97f4a7c15; }
void mix(std::uint64_t& hash, std::string_view text) {
  mix(hash, text.size());
  if (!text.empty()) mix(hash, static_cast<std::uint64_t>(text.front()) << 8 | static_cast<std::uint8_t>(text.back()));
}

void mix(std::uint64_t& hash, const PublishView& v) {
  mix(hash, v.topic);
  mix(hash, as_text(v.payload));
  mix(hash, v.packet_id);
  mix(hash, v.properties.raw().size());
}

void mix(std::uint64_t& hash, const ConnectView& v) {
  mix(hash, v.client_id);
  mix(hash, v.keep_alive);
  mix(hash, v.user_name.value_or(""));
  mix(hash, v.properties.session_expiry_interval().value_or(0));
}

void mix(std::uint64_t& hash, const SubscribeView& v) {
  mix(hash, v.packet_id);
  for (const Subscription& subscription : v.subscriptions) {
    mix(hash, subscription.topic.filter);
    mix(hash, subscription.options.qos);
  }
}

/// Decodes one packet as a broker's dispatch would.
bool decode(Version version, const RawPacket& packet, std::uint64_t& hash) {
  switch (packet.type()) {
    case PacketType::kPublish: {
      PublishView v;
      if (!decode_publish(version, Sender::kClient, packet.flags(), packet.body, v).ok()) return false;
      mix(hash, v);
      return true;
    }
    case PacketType::kPuback: {
      AckView v;
      if (!decode_ack(version, packet.type(), packet.flags(), packet.body, v).ok()) return false;
      mix(hash, v.packet_id);
      return true;
    }
    case PacketType::kConnect: {
      ConnectView v;
      if (!decode_connect(packet.flags(), packet.body, v).ok()) return false;
      mix(hash, v);
      return true;
    }
    case PacketType::kSubscribe: {
      SubscribeView v;
      if (!decode_subscribe(version, packet.flags(), packet.body, v).ok()) return false;
      mix(hash, v);
      return true;
    }
    default:
      return decode_ping(Version::k5, packet.flags(), packet.body).ok();
  }
}

void run(benchmark::State& state, Version version, const Buffer& stream, std::uint64_t expected) {
  Heap heap;
  StreamDecoder decoder;
  std::uint64_t hash = 0;
  for (auto _ : state) {
    hash = 0;
    Bytes chunk = stream;
    RawPacket packet;
    while (decoder.next(heap, chunk, packet, kPacketSizeDefault) == StreamDecoder::Status::kPacket) {
      if (!decode(version, packet, hash)) state.SkipWithError("refused");
    }
    benchmark::DoNotOptimize(hash);
  }
  check_hash(state, hash, expected);
  state.SetItemsProcessed(state.iterations() * kPackets);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}

std::string payload_of(Rng& rng, std::size_t size) {
  std::string payload(size, '\0');
  for (char& c : payload) c = static_cast<char>(rng.below(256));
  return payload;
}

std::string topic_of(Rng& rng) { return "t/" + std::to_string(10'000'000 + rng.below(1'000'000)); }

void append_publish(Version version, Rng& rng, Buffer& stream) {
  const std::string topic = topic_of(rng);
  const std::string payload = payload_of(rng, 256);
  PublishView v;
  v.qos = 1;
  v.topic = topic;
  v.packet_id = static_cast<std::uint16_t>(1 + rng.below(65'535));
  v.payload = as_bytes(payload);
  encode_publish(version, v, stream);
}

void append_connect(Version version, Rng& rng, Buffer& stream) {
  const std::string client_id = "client-" + std::to_string(rng.below(1'000'000));
  Buffer section;
  PropertyBuilder properties(section);
  properties.four_byte(Property::kSessionExpiryInterval, 300).two_byte(Property::kReceiveMaximum, 20);
  ConnectView v;
  v.version = version;
  v.keep_alive = 60;
  v.client_id = client_id;
  v.user_name = "user";
  v.password = as_bytes("password");
  if (version == Version::k5) v.properties = properties.view();
  encode_connect(v, stream);
}

void append_subscribe(Version version, Rng& rng, Buffer& stream) {
  Buffer list;
  append_subscription(topic_of(rng), {1, false, false, 0}, list);
  append_subscription("sensors/+/" + topic_of(rng) + "/#", {0, false, false, 0}, list);
  SubscribeView v;
  v.packet_id = static_cast<std::uint16_t>(1 + rng.below(65'535));
  v.subscriptions = {list, 2};
  encode_subscribe(version, v, stream);
}

/// What 64 packets of a working client look like: mostly messages and acknowledgements, now and then the rest.
void append_mixed(Version version, Rng& rng, Buffer& stream) {
  const std::uint64_t kind = rng.below(16);
  if (kind < 7) return append_publish(version, rng, stream);
  if (kind < 13) return encode_ack(version, {PacketType::kPuback, 7, ReasonCode::kSuccess, {}}, stream);
  if (kind < 14) return append_subscribe(version, rng, stream);
  if (kind < 15) return append_connect(version, rng, stream);
  encode_pingreq(stream);
}

using Append = void (*)(Version, Rng&, Buffer&);

void decode_stream(benchmark::State& state, Version version, Append append, std::uint64_t expected) {
  Rng rng(42);
  Buffer stream;
  for (int i = 0; i < kPackets; ++i) append(version, rng, stream);
  run(state, version, stream, expected);
}

/// A PUBLISH of 256 bytes for one subscriber, into a buffer that is there.
void encode_for_subscriber(benchmark::State& state, Version version, std::uint64_t expected) {
  Rng rng(42);
  const std::string payload = payload_of(rng, 256);
  constexpr std::uint32_t kIdentifiers[] = {7};
  PublishOut publish;
  publish.topic = "t/10000000";
  publish.payload = as_bytes(payload);
  publish.qos = 1;
  publish.subscription_identifiers = kIdentifiers;
  Buffer out;
  for (auto _ : state) {
    out.clear();
    for (std::uint16_t id = 1; id <= kPackets; ++id) {
      publish.packet_id = id;
      encode_publish(version, publish, out);
    }
    benchmark::DoNotOptimize(out.data());
  }
  std::uint64_t hash = 0;
  for (const std::uint8_t byte : out) mix(hash, byte);
  check_hash(state, hash, expected);
  state.SetItemsProcessed(state.iterations() * kPackets);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}

BENCHMARK_CAPTURE(decode_stream, publish_v311, Version::k311, append_publish, 0xc37c72bd6d27fc9d);
BENCHMARK_CAPTURE(decode_stream, publish_v5, Version::k5, append_publish, 0xc37c72bd6d27fc9d);
BENCHMARK_CAPTURE(decode_stream, connect_v311, Version::k311, append_connect, 0xa65662a2fb90ade0);
BENCHMARK_CAPTURE(decode_stream, connect_v5, Version::k5, append_connect, 0xd4226a6c7e36a200);
BENCHMARK_CAPTURE(decode_stream, subscribe_v5, Version::k5, append_subscribe, 0x0a7f95836e56a039);
BENCHMARK_CAPTURE(decode_stream, mixed_v5, Version::k5, append_mixed, 0x16a551cdd7f78919);
BENCHMARK_CAPTURE(encode_for_subscriber, v311, Version::k311, 0xbe9d27215e48bcc0);
BENCHMARK_CAPTURE(encode_for_subscriber, v5, Version::k5, 0x736a9ad1c1725840);

}  // namespace

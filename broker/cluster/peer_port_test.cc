// SPDX-License-Identifier: Apache-2.0
// A port against scripted peers: what is accepted, what is refused and why, and that bytes may be cut anywhere.
#include "broker/cluster/peer_port.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/rng.h"
#include "broker/cluster/control_plane.h"
#include "broker/cluster/lanes.h"
#include "broker/cluster/test_cluster.h"
#include "broker/seam/note_text.h"

namespace orrery::cluster {
namespace {

using Buffer = ByteWriter::Buffer;

/// Writes down what is asked of the world.
class ScriptEffects final : public Effects {
 public:
  std::size_t send(LinkId link, Bytes bytes) override {
    sent[link].insert(sent[link].end(), bytes.begin(), bytes.end());
    return 0;
  }
  void close(LinkId link, CloseHow how) override {
    log << "close " << link << (how == CloseHow::kFlush ? " flush; " : " abort; ");
  }
  void stop_reading(LinkId) override {}
  void resume_reading(LinkId) override {}
  void dial(std::uint32_t tag, NodeId node, ShardId shard) override {
    last_tag = tag;
    log << "dial " << node << "/" << shard << "; ";
  }
  void wake_at(Nanos) override {}
  std::size_t post(ShardId, Bytes) override { return 0; }
  void persist(std::uint64_t, const StorageBatch&) override {}
  void work(Work, std::uint32_t) override {}
  void tell(const Note& note) override {
    std::string line = note_row(note.kind).name + std::string(": ");
    append_note_text(note, "here", line);
    notes.push_back(line);
  }

  std::string take() {
    const std::string text = log.str();
    log.str("");
    return text;
  }
  std::map<LinkId, Buffer> sent;
  std::ostringstream log;
  std::vector<std::string> notes;
  std::uint32_t last_tag = 0;
};

class ScriptUser final : public StreamUser {
 public:
  explicit ScriptUser(ScriptEffects& effects) : log_(effects.log) {}
  bool stream_up(Nanos, PeerStream& stream) override {
    log_ << "up " << stream.link << " from " << stream.peer.node << "/" << stream.peer.shard << "; ";
    return wanted;
  }
  bool stream_frame(Nanos, PeerStream&, FrameType type, Bytes body) override {
    log_ << "frame " << static_cast<int>(type) << " " << body.size() << "; ";
    last_body.assign(body.begin(), body.end());
    return type != FrameType::kHello;
  }
  void stream_drained(Nanos, PeerStream&) override { log_ << "drained; "; }
  void stream_down(Nanos, PeerStream& stream) override { log_ << "down " << stream.link << "; "; }
  void stream_failed(Nanos, Place to) override { log_ << "failed " << to.node << "/" << to.shard << "; "; }
  bool wanted = true;
  Buffer last_body;

 private:
  std::ostringstream& log_;
};

class PeerPortTest : public testing::Test {
 protected:
  PeerPortTest() : setup_(make_setup()), port_(setup_, 1, effects_, heap_), user_(effects_) {
    port_.set_user(StreamKind::kLane, &user_);
  }

  static ClusterSetup make_setup() {
    ClusterSetup setup;
    setup.members = {{"c1", true, 1}, {"r1", false, 2}, {"r2", false, 3}};
    setup.self = 1;
    setup.incarnation = 9;
    return setup;
  }

  Hello good() const {
    Hello hello;
    hello.kind = StreamKind::kLane;
    hello.fingerprint = fingerprint(setup_);
    hello.from = {2, 2};
    hello.to = {1, 1};
    hello.incarnation = 4;
    return hello;
  }
  static Buffer frame_of(const Hello& hello) {
    Buffer out;
    encode(hello, out);
    return out;
  }
  void accept(LinkId link, const Hello& hello) {
    port_.link_open(0, link, {LinkKind::kPeerIn, 0, {}});
    port_.feed(0, link, frame_of(hello));
  }
  /// The refusal that was sent on the link, if that is all that was sent.
  Refusal refused(LinkId link) {
    const Buffer& sent = effects_.sent[link];
    if (sent.size() != 6 || sent[4] != static_cast<std::uint8_t>(FrameType::kRefuse)) return Refusal::kNone;
    return static_cast<Refusal>(sent[5]);
  }

  Heap heap_;
  ScriptEffects effects_;
  ClusterSetup setup_;
  PeerPort port_;
  ScriptUser user_;
};

TEST_F(PeerPortTest, AcceptsAndAnswersAGoodHello) {
  accept(7, good());
  EXPECT_EQ(effects_.take(), "up 7 from 2/2; ");
  Hello answer;
  ASSERT_EQ(effects_.sent[7].size(), 36u);
  EXPECT_EQ(decode(Bytes(effects_.sent[7]).subspan(5), answer), Refusal::kNone);
  EXPECT_EQ(answer.from, (Place{1, 1}));
  EXPECT_EQ(answer.to, (Place{2, 2}));
  EXPECT_EQ(answer.incarnation, 9u);
  EXPECT_EQ(port_.next_deadline(), kNever);
  port_.drained(0, 7);
  port_.link_closed(0, 7);
  EXPECT_EQ(effects_.take(), "drained; down 7; ");
}

TEST_F(PeerPortTest, DialsAndSaysHelloFirst) {
  port_.dial(StreamKind::kLane, {2, 2});
  EXPECT_EQ(effects_.take(), "dial 2/2; ");
  port_.link_open(0, 3, {LinkKind::kPeerOut, effects_.last_tag, {}});
  EXPECT_EQ(effects_.sent[3].size(), 36u);
  port_.feed(0, 3, frame_of(good()));
  EXPECT_EQ(effects_.take(), "up 3 from 2/2; ");
  port_.dial(StreamKind::kLane, {2, 0});
  port_.dial_failed(0, effects_.last_tag);
  EXPECT_EQ(effects_.take(), "dial 2/0; failed 2/0; ");
  // Whoever answers must be the one who was dialled.
  port_.dial(StreamKind::kLane, {2, 1});
  port_.link_open(0, 4, {LinkKind::kPeerOut, effects_.last_tag, {}});
  effects_.sent[4].clear();
  port_.feed(0, 4, frame_of(good()));
  EXPECT_EQ(refused(4), Refusal::kUnknownPlace);
  port_.link_closed(0, 4);
  EXPECT_EQ(effects_.take(), "dial 2/1; close 4 flush; failed 2/1; ");
}

TEST_F(PeerPortTest, RefusesAndSaysWhy) {
  struct Case {
    Refusal why;
    void (*change)(Hello&);
  };
  const std::vector<Case> cases = {
      {Refusal::kVersion, [](Hello& h) { h.version = kPeerProtocolVersion + 1; }},
      {Refusal::kFingerprint, [](Hello& h) { ++h.fingerprint; }},
      {Refusal::kUnknownPlace, [](Hello& h) { h.from.node = 3; }},
      {Refusal::kUnknownPlace, [](Hello& h) { h.from.shard = 3; }},
      {Refusal::kUnknownPlace, [](Hello& h) { h.from = {1, 0}; }},
      {Refusal::kUnknownPlace, [](Hello& h) { h.to.shard = 0; }},
      {Refusal::kUnwanted, [](Hello& h) { h.kind = StreamKind::kControl; }},
      {Refusal::kMalformed, [](Hello& h) { h.incarnation = 0; }},
  };
  LinkId link = 10;
  for (const Case& c : cases) {
    Hello hello = good();
    c.change(hello);
    accept(++link, hello);
    EXPECT_EQ(refused(link), c.why) << refusal_text(c.why);
    EXPECT_EQ(effects_.take(), "close " + std::to_string(link) + " flush; ");
    port_.feed(0, link, frame_of(good()));
    EXPECT_EQ(effects_.take(), "") << "a closed stream is not read";
  }
  // Told of once as long as the reason is the same.
  const std::string by = "peer_refused: the stream of an unknown peer at here is refused: ";
  std::vector<std::string> told;
  for (const Refusal why :
       {Refusal::kVersion, Refusal::kFingerprint, Refusal::kUnknownPlace, Refusal::kUnwanted, Refusal::kMalformed})
    told.push_back(by + refusal_text(why));
  EXPECT_EQ(effects_.notes, told);
  user_.wanted = false;
  accept(50, good());
  EXPECT_EQ(refused(50), Refusal::kNone) << "our hello went before";
  EXPECT_EQ(effects_.notes.back(), "peer_refused: the stream of r2 at here is refused: it is not wanted here");
}

TEST_F(PeerPortTest, ARefusalThatGoesOnIsToldAgainAfterAWhile) {
  Hello stranger = good();
  ++stranger.fingerprint;
  Nanos now = 0;
  for (LinkId link = 1; now < 3 * kRefusalToldEvery; ++link, now += kSecond) {
    port_.link_open(now, link, {LinkKind::kPeerIn, 0, {}});
    port_.feed(now, link, frame_of(stranger));
    port_.link_closed(now, link);
  }
  EXPECT_EQ(effects_.notes.size(), 3u);
}

TEST_F(PeerPortTest, AnOlderLifeIsRefused) {
  Hello hello = good();
  accept(1, hello);
  hello.incarnation = 3;
  accept(2, hello);
  EXPECT_EQ(refused(2), Refusal::kStaleIncarnation);
  hello.incarnation = 5;
  accept(3, hello);
  EXPECT_EQ(refused(3), Refusal::kNone);
}

TEST_F(PeerPortTest, LengthsAreBounded) {
  port_.link_open(0, 1, {LinkKind::kPeerIn, 0, {}});
  port_.feed(0, 1, Buffer{0, 0, 1, 1});
  EXPECT_EQ(refused(1), Refusal::kTooLong) << "before the hello little is enough";
  accept(2, good());
  effects_.sent[2].clear();
  port_.feed(0, 2, Buffer{0, 0, 0, 0});
  EXPECT_EQ(refused(2), Refusal::kMalformed);
  accept(3, good());
  effects_.sent[3].clear();
  const std::size_t before = heap_.bytes_in_use();
  port_.feed(0, 3, Buffer{0, 255, 255, 255, 16, 1, 2});
  EXPECT_LT(heap_.bytes_in_use(), before + 1000) << "a length alone takes no memory";
  EXPECT_EQ(refused(3), Refusal::kNone);
  accept(4, good());
  effects_.sent[4].clear();
  port_.feed(0, 4, Buffer{1, 0, 0, 1, 16});
  EXPECT_EQ(refused(4), Refusal::kTooLong);
}

TEST_F(PeerPortTest, AStreamMustSayHelloInTime) {
  port_.link_open(0, 1, {LinkKind::kPeerIn, 0, {}});
  port_.link_open(kSecond, 2, {LinkKind::kPeerIn, 0, {}});
  EXPECT_EQ(port_.next_deadline(), kPeerHelloTimeout);
  port_.tick(kPeerHelloTimeout);
  EXPECT_EQ(refused(1), Refusal::kNoHello);
  EXPECT_EQ(refused(2), Refusal::kNone);
  EXPECT_EQ(port_.next_deadline(), kPeerHelloTimeout + kSecond);
  port_.link_closed(kPeerHelloTimeout, 1);
  port_.link_closed(kPeerHelloTimeout, 2);
  EXPECT_EQ(port_.next_deadline(), kNever);
}

TEST_F(PeerPortTest, BytesMayBeCutAnywhere) {
  Buffer stream = frame_of(good());
  for (std::uint32_t size : {0u, 1u, 70u, 5000u}) {
    FrameWriter w(stream, FrameType::kLaneData);
    for (std::uint32_t i = 0; i < size; ++i) w.u8(static_cast<std::uint8_t>(i));
  }
  accept(0, good());
  effects_.take();
  const std::string expected = "up 1 from 2/2; frame 17 0; frame 17 1; frame 17 70; frame 17 5000; ";
  const std::size_t before = heap_.bytes_in_use();
  for (std::size_t first = 0; first < 200; ++first) {
    for (const std::size_t second : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
      port_.link_open(0, 1, {LinkKind::kPeerIn, 0, {}});
      Bytes rest(stream);
      port_.feed(0, 1, rest.first(first));
      rest = rest.subspan(first);
      while (!rest.empty()) {
        const Bytes piece = rest.first(std::min(second, rest.size()));
        port_.feed(0, 1, piece);
        rest = rest.subspan(piece.size());
      }
      EXPECT_EQ(effects_.take(), expected) << first << " " << second;
      for (std::uint32_t i = 0; i < 5000; ++i) ASSERT_EQ(user_.last_body[i], static_cast<std::uint8_t>(i));
      port_.link_closed(0, 1);
      effects_.take();
    }
  }
  EXPECT_LE(heap_.bytes_in_use(), before + 4096) << "between frames nothing is held";
}

TEST_F(PeerPortTest, ARefusalOfThePeerIsToldOf) {
  port_.dial(StreamKind::kLane, {2, 2});
  port_.link_open(0, 1, {LinkKind::kPeerOut, effects_.last_tag, {}});
  Buffer refusal;
  encode_refuse(Refusal::kFingerprint, refusal);
  port_.feed(0, 1, refusal);
  EXPECT_EQ(effects_.notes, std::vector<std::string>{std::string("refused_by_peer: r2 at here refuses this node: ") +
                                                     refusal_text(Refusal::kFingerprint)});
  port_.link_closed(0, 1);
  EXPECT_EQ(effects_.take(), "dial 2/2; close 1 flush; failed 2/2; ");
}

/// Whatever a peer says after a good hello, a node answers with a refusal or not at all.
TEST(HostilePeer, GarbageNeverBreaksANode) {
  Rng rng(7);
  for (int run = 0; run < 400; ++run) {
    test::TestCluster cluster("c1 c2 r1", static_cast<std::uint64_t>(run));
    cluster.start(0);
    cluster.run_for(100 * kMillisecond);
    PeerPort& port = cluster[0].port();
    Hello hello;
    hello.kind = rng.below(3) == 0 ? StreamKind::kLane : StreamKind::kControl;
    hello.fingerprint = fingerprint(cluster.setup());
    hello.from = {2, 0};
    hello.to = {0, 0};
    hello.incarnation = 1;
    Buffer stream;
    encode(hello, stream);
    for (int i = 0; i < 30; ++i) {
      FrameWriter w(stream, static_cast<FrameType>(rng.below(2) == 0 ? 16 + rng.below(3) : 32 + rng.below(24)));
      const std::uint64_t length = rng.below(3) == 0 ? rng.below(200) : rng.below(60);
      // Mostly small numbers: they are the plausible ones.
      for (std::uint64_t b = 0; b < length; ++b) w.u8(static_cast<std::uint8_t>(rng.below(3) == 0 ? rng.below(5) : 0));
    }
    const LinkId link = 1000;
    port.link_open(cluster.now(), link, {LinkKind::kPeerIn, 0, {}});
    Bytes rest(stream);
    while (!rest.empty()) {
      const Bytes piece = rest.first(1 + rng.below(rest.size()));
      port.feed(cluster.now(), link, piece);
      cluster[0].plane().end_of_event(cluster.now());
      cluster[0].lanes().end_of_event(cluster.now());
      rest = rest.subspan(piece.size());
    }
    cluster.run_for(5 * kSecond);
    port.link_closed(cluster.now(), link);
    cluster[0].subscribe("still/alive");
    EXPECT_EQ(cluster[0].routes.rows[0].size(), 1u);
  }
}

}  // namespace
}  // namespace orrery::cluster

// SPDX-License-Identifier: Apache-2.0
// The registrar: which place holds which client id, on the core that rendezvous hashing picks for it. A pure table.
//
// Each grant gets an epoch larger than all before; of two holders of one client id (after a split, or a change of
// registrar) the one with the older epoch is told to yield. A claim for an id that is held makes its holder yield
// first, and what it hands over goes to the taker; further claims for the same id wait in order. A holder that does not
// answer in kYieldTimeout is passed over.
// A row of a client id up to 16 bytes costs at most 58 bytes (48 and a slot of a set); a longer id lies beside it.
// Determinism: the rows are found through a hash set that is never iterated; waiting claims are in an ordered map.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/base/id_set.h"
#include "broker/base/slab.h"
#include "broker/claims/claims.h"
#include "broker/cluster/cluster_setup.h"

namespace orrery::cluster {

/// A place in one life of its node.
struct Holder {
  Place place;
  std::uint64_t incarnation = 0;
  bool operator==(const Holder&) const = default;
};

/// What the registrar asks of its surroundings. None of these calls back.
class RegistrarOut {
 public:
  virtual ~RegistrarOut() = default;
  virtual void grant(const Holder& to, const claims::Grant& grant) = 0;
  virtual void refuse(const Holder& to, const claims::Refusal& refusal) = 0;
  virtual void yield(Place holder, const claims::Yield& yield) = 0;
  virtual std::uint64_t next_epoch() = 0;
  /// The node lives, as far as anybody can tell, as this incarnation.
  virtual bool alive(const Holder& holder) = 0;
  /// A newer incarnation of the node is known.
  virtual bool outlived(const Holder& holder) = 0;
};

class Registrar {
 public:
  Registrar(Heap& heap, std::uint64_t seed, RegistrarOut& out);
  ~Registrar();
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;

  /// `may_be_held`: somebody may hold the id who has not told us yet; wait for hold() or settled().
  void claim(Nanos now, const Holder& from, const claims::Request& request, bool may_be_held);
  void yielded(Nanos now, const claims::Yielded& yielded);
  void release(Nanos now, const claims::Release& release);
  void hold(Nanos now, const Holder& holder, const claims::Hold& hold);

  /// All holders have told what they hold: claims that waited for that are granted.
  void settled(Nanos now);
  /// Frames to the node may have been lost: tells it again to yield what it has not.
  void yield_again(NodeId node);
  /// The node is gone or masked: those who wait for it need not.
  void pass_over(Nanos now, NodeId node);

  /// Looks at up to `rows` rows and drops those of outlived holders and those whose registrar is not `self`; true at
  /// the end.
  bool purge(std::uint32_t rows, NodeMask live, NodeId self);
  void begin_purge() { purge_at_ = 0; }

  void tick(Nanos now);
  Nanos next_deadline() const { return deadlines_.empty() ? kNever : deadlines_.front().at; }

  std::size_t rows() const { return rows_.size(); }
  /// False when there is no row.
  bool find(std::string_view client_id, Holder& holder, std::uint64_t& epoch) const;
  std::uint64_t memory_bytes() const;

 private:
  static constexpr std::size_t kInlineId = 16;
  struct Row {
    std::uint64_t epoch;
    std::uint64_t incarnation;
    NodeId node;
    ShardId shard;
    std::uint16_t id_bytes;
    union {
      char id[kInlineId];
      char* long_id;
    };
  };
  /// A request that waits for its id.
  struct Claim {
    Holder from;
    std::uint64_t request = 0;
    bool clean_start = false;
  };
  /// An id that is being taken over.
  struct Transfer {
    std::uint64_t epoch = 0;  // of the holder that has been told to yield; 0 while the holder is not known
    Holder holder;
    std::deque<Claim> claims;
  };
  struct Deadline {
    Nanos at;
    std::string client_id;
    std::uint64_t epoch;
  };
  using Transfers = std::map<std::string, Transfer, std::less<>>;

  static std::string_view id_of(const Row& row);
  std::uint32_t find_slot(std::string_view client_id) const;
  void put(std::string_view client_id, const Holder& holder, std::uint64_t epoch);
  void erase(std::uint32_t slot);
  void forget_older(std::string_view client_id);
  void begin_yield(Nanos now, std::string_view client_id, Transfer& transfer, const Row& row);
  void wait(Nanos now, std::string_view client_id, std::uint64_t epoch);
  void enqueue(std::string_view client_id, Transfer& transfer, const Claim& claim);
  /// Grants to the first that waits and still lives, and goes on with the next.
  void hand_over(Nanos now, Transfers::iterator at, Bytes session, bool session_present);
  std::uint64_t grant(std::string_view client_id, const Claim& claim, Bytes session, bool session_present);

  Heap& heap_;
  std::uint64_t seed_;
  RegistrarOut& out_;
  IdSet index_;
  Slab<Row> rows_;
  Transfers transfers_;
  /// Ids whose holder says that it holds them under an older epoch than that of the row: a late claim was granted once
  /// more, and its grant will be released.
  std::map<std::string, std::uint64_t, std::less<>> held_under_;
  std::deque<Deadline> deadlines_;
  std::uint32_t purge_at_ = UINT32_MAX;
  std::uint64_t last_granted_ = 0;
};

}  // namespace orrery::cluster

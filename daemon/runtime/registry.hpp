// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "daemon/runtime/actor_type.hpp"
#include "daemon/runtime/cell.hpp"
#include "daemon/runtime/cell_map.hpp"

namespace conclib::runtime {

/// The live actors of this worker by URN, and which partitions it serves. Actors with a uuid for a
/// URN belong to no partition: they end with their parents.
/// Threading: any thread. A lock for each partition; no code of a plugin runs under it.
class Registry {
 public:
  /// Who looks for an actor, for a partition that is being given back still runs what is left.
  enum class Seeker : std::uint8_t {
    newcomer,  ///< Whatever has begun nothing: a draining partition is closed to it.
    leaver     ///< An ask of an actor that is itself being drained: it must not wait for itself.
  };
  struct Found {
    enum class Where : std::uint8_t {
      here,
      elsewhere,
      leaving,  ///< It is being given back: elsewhere soon.
      unknown_type,
      not_alive
    };
    Where where = Where::elsewhere;
    Ref<Cell> cell;
  };

  Registry(const TypeTable& types, std::uint32_t partitions);
  ~Registry();

  [[nodiscard]] std::uint32_t partitions() const {
    return static_cast<std::uint32_t>(partitions_.size());
  }

  /// The actor, made if its partition is open and its type allows it. Of a pool one of its members:
  /// one that has nothing to do, if there is one, else the one for which the fewest requests wait.
  [[nodiscard]] Found find_or_make(const proto::Urn& urn, std::uint32_t partition, Seeker seeker);
  /// The actor with this URN if it is there; never makes one.
  [[nodiscard]] Ref<Cell> find(std::string_view urn);
  /// The same; of a pool all its members that are there.
  [[nodiscard]] std::vector<Ref<Cell>> find_all(const proto::Urn& urn);
  /// Whether actors with this URN live here if they live.
  [[nodiscard]] bool serves(std::string_view urn);
  /// Adds one that was spawned. False: its URN is taken. `is_fresh`: it is a new random number, so
  /// nobody has it.
  [[nodiscard]] bool add(const Ref<Cell>& cell, bool is_fresh);
  /// All that run, in the order in which they started.
  [[nodiscard]] std::vector<Ref<Cell>> live();

  /// Makes the actors with a fixed URN and schedules them, then opens the partition.
  void open(std::uint32_t partition);
  [[nodiscard]] bool is_open(std::uint32_t partition);
  /// Closes it to newcomers and has its actors end; then calls `drained`.
  void drain(std::uint32_t partition, std::function<void()> drained);
  /// Forgets a cell whose mailbox has been closed; may end a drain. One with a fixed URN stays as a
  /// sign that it is not alive, until its partition is drained.
  void remove(Cell& cell);
  /// Takes all cells out, without ending them.
  [[nodiscard]] std::vector<Ref<Cell>> take_all();

 private:
  enum class State : std::uint8_t { closed, open, draining };
  struct Partition {
    std::mutex mutex;
    State state = State::closed;
    CellMap cells;
    std::function<void()> drained;
  };
  struct Stripe {
    std::mutex mutex;
    CellMap cells;
  };
  static constexpr unsigned stripe_bits = 6;

  Partition& at(std::uint32_t partition);
  Partition& at(std::string_view urn);
  Stripe& stripe_of(std::size_t hash);
  /// With the partition's lock. The cell is new and in the map.
  Ref<Cell> make(Partition& partition, const ActorType& type, std::string_view urn,
                 std::uint32_t number, bool at_once);
  Found find_or_make_locked(Partition& partition, const proto::Urn& urn, std::uint32_t number);
  Found find_or_make_member(Partition& partition, const ActorType& type, std::string_view pool,
                            std::uint32_t number);
  void make_fixed(Partition& partition, const ActorType& type, std::uint32_t number,
                  std::vector<Ref<Cell>>& made);

  const TypeTable& types_;
  std::vector<Partition> partitions_;
  std::array<Stripe, std::size_t{1} << stripe_bits> anonymous_;
  std::atomic<std::uint32_t> next_member_{0};
};

}  // namespace conclib::runtime

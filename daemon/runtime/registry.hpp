// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/runtime/actor_type.hpp"
#include "daemon/runtime/cell.hpp"

namespace conclib::runtime {

/// The live actors of this worker by partition, and which partitions it serves.
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

  /// The actor, made if its partition is open and its type allows it.
  [[nodiscard]] Found find_or_make(const proto::Urn& urn, std::uint32_t partition, Seeker seeker);
  /// The actor if it is there.
  [[nodiscard]] Ref<Cell> find(std::string_view urn, std::uint32_t partition);

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
    /// Keys point into the cells. Each cell in it is referenced.
    std::unordered_map<std::string_view, Ref<Cell>> cells;
    std::function<void()> drained;
  };

  Partition& at(std::uint32_t partition);

  const TypeTable& types_;
  std::vector<Partition> partitions_;
};

}  // namespace conclib::runtime

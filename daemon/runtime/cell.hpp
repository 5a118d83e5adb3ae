// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "conclib/plugin.h"
#include "daemon/runtime/actor_type.hpp"
#include "daemon/runtime/mailbox.hpp"
#include "daemon/runtime/ref.hpp"
#include "daemon/runtime/timers.hpp"

namespace conclib::runtime {

class Turn;

/// What an actor needs once it asks: most never do.
struct AskState {
  explicit AskState(Cell* cell) : tick(Control::What::tick) { timer.cell = cell; }
  PendingAsk* first = nullptr;
  std::size_t count = 0;
  Control tick;
  TimerEntry timer;
};

/// One actor as the runtime sees it: its name, its mailbox, and the plugin's object while there is
/// one. The object may end and be made anew under the same cell; a closed mailbox ends the cell.
///
/// Threading: the first group of functions from any thread; what follows `turn` only on the actor's
/// turn. Turns do not overlap, and each happens after the one before.
/// Ownership: counted references; an answer that is owed is one, too.
class Cell {
 public:
  /// `scheduled`: the caller schedules it; else its first message does.
  [[nodiscard]] static Ref<Cell> make(const ActorType& type, const proto::Urn& urn,
                                      std::uint32_t partition, bool scheduled);
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;
  void operator delete(void* memory) { ::operator delete(memory); }

  void retain() { counts_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (counts_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  [[nodiscard]] const ActorType& type() const { return *type_; }
  [[nodiscard]] std::uint32_t partition() const { return partition_; }
  [[nodiscard]] std::string_view urn() const { return view_of(shown_.context.urn); }
  [[nodiscard]] bool is_closed() const { return mailbox.is_closed(); }

  /// Queues a message and schedules the actor if need be. Refused ones remain the caller's.
  [[nodiscard]] Mailbox::Pushed push(Message* message);
  /// Has the actor look at its state on a turn.
  void nudge();
  /// Its timer's time has come.
  void tick();

  /// Once draining it ends as soon as nothing waits for it, and senders leave it alone.
  void set_draining() { draining_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool draining() const { return draining_.load(std::memory_order_relaxed); }

  /// Has the last pay() nudge it. On its turn; look at owes() afterwards.
  void want_look() { wants_look_.store(true, std::memory_order_seq_cst); }
  /// An answer that this actor owes. pay() may be the end of the cell.
  void owe() { counts_.fetch_add(one_debt | 1, std::memory_order_seq_cst); }
  void pay();
  [[nodiscard]] bool owes() const { return counts_.load(std::memory_order_seq_cst) >= one_debt; }

  /// The cell behind what a plugin was given.
  [[nodiscard]] static Cell& of(conclib_context* context) {
    return *reinterpret_cast<Shown*>(context)->cell;
  }
  [[nodiscard]] conclib_context* context() { return &shown_.context; }

  Cell* next_ready = nullptr;  ///< Belongs to the run queue that it stands in.

  Turn* turn = nullptr;  ///< Whose turn it has; null between turns.
  Mailbox mailbox;
  void* actor = nullptr;  ///< The plugin's object.
  std::unique_ptr<AskState> asks;
  bool alive = false;          ///< Whether there is an object: create may well give null.
  bool start_at_once = false;  ///< It is made without waiting for a message.
  bool stop_asked = false;
  bool ended = false;         ///< It had a fixed URN and stopped itself: it takes nothing any more.
  bool told_outside = false;  ///< A tell of it took the way over the queue since draining began.
  std::uint32_t until_stop = 0;  ///< Messages that come before the stop.

 private:
  static constexpr std::uint64_t one_debt = std::uint64_t{1} << 32;

  /// The context and the way back from it.
  struct Shown {
    conclib_context context;
    Cell* cell;
  };

  Cell(const ActorType& type, std::uint32_t partition, bool scheduled);
  ~Cell();

  /// References in the lower half, debts in the upper.
  std::atomic<std::uint64_t> counts_{1};
  std::atomic<bool> draining_{false};
  std::atomic<bool> wants_look_{false};
  std::uint32_t partition_;
  const ActorType* type_;
  Shown shown_;
};

}  // namespace conclib::runtime

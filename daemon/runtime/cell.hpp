// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "conclib/plugin.h"
#include "daemon/runtime/actor_type.hpp"
#include "daemon/runtime/engagements.hpp"
#include "daemon/runtime/mailbox.hpp"
#include "daemon/runtime/ref.hpp"

/// What plugins hold a reference to is a cell.
struct conclib_ref {};

namespace conclib::runtime {

class Turn;

/// One actor as the runtime sees it: its name, its mailbox, and the plugin's object while there is
/// one. The object may end and be made anew under the same cell; a closed mailbox ends the cell.
///
/// Threading: the first group of functions from any thread; what follows `turn` only on the actor's
/// turn. Turns do not overlap, and each happens after the one before.
/// Memory: with its URN behind it in a block of message memory, of which a cache line begins where
/// pushers write.
/// Ownership: counted references. The registry has one until the mailbox is closed, so whoever has
/// the turn, or a message in the mailbox, needs none.
class Cell : public conclib_ref {
 public:
  enum class Stage : std::uint8_t {
    absent,  ///< No object; the next message makes one if `revives()`.
    running,
    ending,      ///< Waits for its children to end, then ends.
    restarting,  ///< No object; made anew when its time has come.
    ended        ///< For good.
  };
  struct Making {
    std::uint32_t partition = 0;
    /// The caller schedules it, and it is made without waiting for a message.
    bool at_once = false;
    Cell* parent = nullptr;
    void* argument = nullptr;
    void (*destroy_argument)(void*) = nullptr;
  };

  [[nodiscard]] static Ref<Cell> make(const ActorType& type, const proto::Urn& urn,
                                      const Making& making);
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;
  void operator delete(void* memory) { free_message(memory); }

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  [[nodiscard]] const ActorType& type() const { return *type_; }
  [[nodiscard]] std::uint32_t partition() const { return partition_; }
  /// Of its URN, for tables.
  [[nodiscard]] std::size_t urn_hash() const { return urn_hash_; }
  [[nodiscard]] std::string_view urn() const { return view_of(context_.urn); }
  [[nodiscard]] bool is_closed() const { return mailbox.is_closed(); }
  /// Null: it was not spawned.
  [[nodiscard]] Cell* parent() const { return parent_.get(); }
  /// Whether it is made anew by a message after its object has ended.
  [[nodiscard]] bool revives() const { return type_->keyed && !parent_; }
  /// Whether it runs: there is an object, and it is not ending.
  [[nodiscard]] bool is_alive() const { return alive_.load(std::memory_order_acquire); }
  void set_alive(bool alive) { alive_.store(alive, std::memory_order_release); }
  /// Whether it takes no request because it waits in the middle of one.
  [[nodiscard]] bool is_waiting() const { return (engaged_in() & waits_in_request) != 0; }
  void set_waiting(bool waiting) { engage_in(waits_in_request, waiting); }
  /// Whether it handles a request that it has not answered; only of members of a pool.
  [[nodiscard]] bool is_handling() const { return (engaged_in() & handles_request) != 0; }
  void set_handling(bool handling) { engage_in(handles_request, handling); }
  /// In the order in which actors of this worker started; 0 while it has not.
  [[nodiscard]] std::uint64_t started() const { return started_.load(std::memory_order_relaxed); }
  void set_started(std::uint64_t order) { started_.store(order, std::memory_order_relaxed); }

  /// How often it was made anew after a failure.
  [[nodiscard]] std::uint64_t restarts() const { return restarts_.load(std::memory_order_relaxed); }
  void count_restart() {
    context_.restarts = restarts_.fetch_add(1, std::memory_order_relaxed) + 1U;
  }

  /// Queues a message and schedules the actor if need be. Refused ones remain the caller's.
  [[nodiscard]] Mailbox::Pushed push(Message* message);
  /// The same for a control, which is destroyed if the mailbox is closed, and its ask failed.
  void push_control(std::unique_ptr<Control> control);
  /// Has the actor look at its state on a turn.
  void nudge() { push_control(std::make_unique<Control>(Control::What::look)); }

  /// Once draining it ends as soon as nothing waits for it, and senders leave it alone.
  void set_draining() { draining_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool draining() const { return draining_.load(std::memory_order_relaxed); }

  /// Has the last pay() nudge it. On its turn; look at owes() afterwards.
  void want_look() { wants_look_.store(true, std::memory_order_seq_cst); }
  /// An answer that this actor owes. On its turn.
  void owe() { ++owed_; }
  /// It has been given. `on_turn`: by this actor's turn. The end of the cell may follow.
  void pay(bool on_turn);
  /// On its turn.
  [[nodiscard]] bool owes() const { return owed_ != paid_.load(std::memory_order_seq_cst); }

  /// The cell behind what a plugin was given.
  [[nodiscard]] static Cell& of(conclib_context* context);
  [[nodiscard]] static Cell& of(conclib_ref* ref) { return *static_cast<Cell*>(ref); }
  [[nodiscard]] conclib_context* context() { return &context_; }

  /// There is an object: create may well give null.
  [[nodiscard]] bool has_object() const {
    return stage == Stage::running || stage == Stage::ending;
  }
  /// Makes them if need be.
  Engagements& engaged() {
    if (!engagements) engagements = std::make_unique<Engagements>(*this);
    return *engagements;
  }

  // What only the turn writes: one cache line, see Mailbox::pushers_part.
  Turn* turn = nullptr;   ///< Whose turn it has; null between turns.
  void* actor = nullptr;  ///< The plugin's object.
  std::unique_ptr<Engagements> engagements;
  std::uint32_t incarnation = 0;  ///< Counts the objects.

 private:
  std::uint32_t owed_ = 0;

 public:
  // Links of the lists that it stands in; each belongs to its list. A child is in no Recency.
  union {
    Cell* previous_sibling = nullptr;  ///< Children of the parent, on the parent's turn.
    Cell* less_recent;                 ///< Recency of its type.
  };
  union {
    Cell* next_sibling = nullptr;
    Cell* more_recent;
  };
  /// When it was last put to the front of Recency; guarded by that.
  TimePoint used{};
  Stage stage = Stage::absent;
  bool start_at_once = false;  ///< It is made without waiting for a message.
  bool told_outside = false;   ///< A tell of it took the way over the queue since draining began.

 private:
  std::uint32_t partition_;

 public:
  Mailbox mailbox;

 private:
  // What senders look at: their cache line.
  const ActorType* type_;
  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint32_t> paid_{0};
  std::atomic<bool> draining_{false};
  std::atomic<bool> wants_look_{false};
  std::atomic<bool> alive_{false};
  std::atomic<std::uint8_t> engaged_in_{0};  ///< Only the turn writes it.
  std::atomic<std::uint32_t> restarts_{0};

 public:
  Cell* next_ready = nullptr;  ///< Run queue.
  /// The ask whose answer it waits for, while it takes no request; see WaitGraph.
  std::atomic<PendingAsk*> waits_for{nullptr};
  Cell* next_in_bucket = nullptr;  ///< Registry.

 private:
  static constexpr std::uint8_t waits_in_request = 1;
  static constexpr std::uint8_t handles_request = 2;

  Cell(const ActorType& type, std::string_view urn, const Making& making);
  ~Cell();

  [[nodiscard]] std::uint8_t engaged_in() const {
    return engaged_in_.load(std::memory_order_relaxed);
  }
  void engage_in(std::uint8_t what, bool engaged) {
    const auto others = engaged_in() & ~what;
    engaged_in_.store(static_cast<std::uint8_t>(engaged ? others | what : others),
                      std::memory_order_relaxed);
  }

  std::size_t urn_hash_;
  std::atomic<std::uint64_t> started_{0};
  Ref<Cell> parent_;
  void (*destroy_argument_)(void*);
  conclib_context context_;
};

}  // namespace conclib::runtime

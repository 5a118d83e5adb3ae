// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "daemon/runtime/core.hpp"
#include "daemon/runtime/sender.hpp"

namespace conclib::runtime {

/// Gives turns to actors, one after the other: runs their handlers and tells askers how it ended.
/// Each thread of a scheduler has one, which also holds what an actor needs on its turn.
///
/// Threading: belongs to its thread, but for the counters, which any thread may read.
class Turn {
 public:
  Turn(Core& core, Scheduler* scheduler);

  /// That of the calling thread; null on a thread of somebody else.
  [[nodiscard]] static Turn* current();
  void enter_thread(unsigned index);
  /// Before the thread ends: lets go of all cells.
  void leave_thread();
  [[nodiscard]] Scheduler* scheduler() const { return scheduler_; }
  /// Its number in its scheduler.
  [[nodiscard]] unsigned index() const { return index_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

  /// Gives one turn, of at most `messages_per_turn` messages. True: the actor has more to do and is
  /// the caller's to schedule again. False: it is not to be touched any more.
  [[nodiscard]] bool run(Cell& cell);

  /// The calls of the host table, from the running handler.
  [[nodiscard]] conclib_status tell(Cell& from, const conclib_outgoing& message);
  [[nodiscard]] conclib_status ask(Cell& from, const conclib_outgoing& message,
                                   conclib_reply_fn on_reply, void* user_data);
  void stop_self(Cell& cell);
  void set_error(std::string_view text) { error_ = text; }
  [[nodiscard]] std::string_view last_error() const { return call_error_; }
  [[nodiscard]] std::uint32_t time_left_ms() const;
  /// Whether this is the first answer to the message being handled, or to another one.
  [[nodiscard]] bool may_answer(const conclib_reply_to* reply_to);

  /// What the message being handled hands down to those that its handler sends.
  [[nodiscard]] Inherited handed_down();
  /// Who waits for the message being handled; null: nobody.
  [[nodiscard]] Ref<const Chain> chain();
  /// The beginning of this turn: good for ages.
  [[nodiscard]] TimePoint began() const { return began_; }

 private:
  enum class Rest : std::uint8_t { rests, continues };
  struct Handled {
    std::string_view type;
    TimePoint since;
    bool is_ask;
    bool unanswered;  ///< An answer is left to the host.
  };
  struct Failure {
    proto::Status status;
    std::string text;
  };

  bool give(Cell& cell);
  Rest rest(Cell& cell);
  void on_control(Cell& cell, Control* control);
  void on_tick(Cell& cell);
  void on_message(Cell& cell, Message* message);
  void on_letter(Cell& cell, Letter* letter);
  void on_delivery(Cell& cell, Delivery* delivery);
  void on_answer(Cell& cell, PendingAsk* ask);

  bool bring_up(Cell& cell);
  /// Ends the actor with its stop function; the cell may make another one.
  void end(Cell& cell);
  /// Ends the actor's object, and the asks that it waits for.
  void destroy(Cell& cell);
  /// Drops what an object wanted that is no more or was never made: its asks, and to be stopped.
  void forget_wishes(Cell& cell);
  /// Gives up an ask: from true on it is not to be touched. False: its answer is on its way.
  bool abandon(Cell& cell, PendingAsk* ask);
  /// Sets the timer to the earliest deadline of its asks.
  void arm(Cell& cell);
  void call_reply(Cell& cell, conclib_reply_fn on_reply, void* user_data, proto::Status status,
                  std::string_view text, conclib_payload& payload);
  /// Refuses a request that has not begun; it is consumed.
  void refuse(Cell& cell, Message* message, proto::Status status, std::string_view why);
  /// Refuses all requests that wait now.
  void refuse_waiting(Cell& cell, proto::Status status, std::string_view why);

  /// Calls receive; what it returns.
  conclib_status receive(Cell& cell, conclib_message& message);
  /// Counts, logs and words how a handler ended; what its asker hears if it left the answer to us.
  Failure conclude(const Cell& cell, const Handled& handled, conclib_status status);
  void end_unanswered(Delivery* delivery, Failure failure);
  /// Calls a function of the plugin; what it throws is a failure.
  template <typename Call>
  conclib_status guarded(Call call);
  [[nodiscard]] TimePoint current_deadline() const;
  [[nodiscard]] std::string error_or(conclib_status status) const;
  [[nodiscard]] std::string age(TimePoint since) const;
  void clear_errors();
  conclib_str id_text(std::string_view bytes);
  conclib_str id_text(std::uint64_t number);

  Core& core_;
  Scheduler* scheduler_;
  unsigned index_ = 0;
  Counters counters_;
  Sender sender_;
  TimePoint began_{};

  // What is being handled: one of the three, or none.
  const Letter* letter_ = nullptr;
  const Delivery* delivery_ = nullptr;
  const Inherited* resumed_ = nullptr;  // of an ask whose answer has come
  Ref<const Origin> origin_;            // of delivery_, and
  Ref<const Chain> chain_;              // of either, once it is needed
  const conclib_reply_to* reply_to_ = nullptr;
  bool answered_ = false;

  std::string error_;       // set by the handler
  std::string call_error_;  // of the last failed call of the host
  std::string id_;
};

template <typename Call>
conclib_status Turn::guarded(Call call) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    error_ = thrown.what();
  } catch (...) {
    error_ = "it threw across the C border";
  }
  return CONCLIB_ACTOR_FAILED;
}

}  // namespace conclib::runtime

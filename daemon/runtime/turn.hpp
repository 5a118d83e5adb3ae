// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/runtime/core.hpp"
#include "daemon/runtime/message_pool.hpp"
#include "daemon/runtime/running_slot.hpp"
#include "daemon/runtime/sender.hpp"

namespace conclib::runtime {

/// Gives turns to actors, one after the other: runs their handlers and tells askers how it ended.
/// Each thread of a scheduler has one, which also holds what an actor needs on its turn.
///
/// Its functions stand in four files: turn.cpp (messages), turn_lifecycle.cpp (how an actor begins,
/// fails and ends), turn_waits.cpp (asks, works, timers, completions) and turn_family.cpp
/// (children, watches and stops).
///
/// Threading: belongs to its thread, but for the counters and the slot, which any thread may read.
class Turn {
 public:
  Turn(Core& core, Scheduler* scheduler);
  ~Turn();

  /// That of the calling thread; null on a thread of somebody else.
  [[nodiscard]] static Turn* current();
  void enter_thread(unsigned index);
  /// Before the thread ends: lets go of all cells.
  void leave_thread();
  /// Before the thread sleeps: gives memory back that it keeps for others.
  void before_sleep() { pool_.flush(); }
  [[nodiscard]] Scheduler* scheduler() const { return scheduler_; }
  /// Its number in its scheduler.
  [[nodiscard]] unsigned index() const { return index_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const RunningSlot& slot() const { return slot_; }
  /// Whose turn it is; null between turns.
  [[nodiscard]] const Cell* running() const { return running_; }

  /// Gives one turn, of at most `messages_per_turn` messages. True: the actor has more to do and is
  /// the caller's to schedule again. False: it is not to be touched any more.
  [[nodiscard]] bool run(Cell& cell);

  // The calls of the host table, from the running handler; `from` is the actor whose turn it is.

  [[nodiscard]] conclib_status tell(Cell& from, const conclib_outgoing& message);
  [[nodiscard]] conclib_status ask(Cell& from, const conclib_outgoing& message,
                                   conclib_reply_fn on_reply, void* user_data);
  [[nodiscard]] conclib_status forward(Cell& from, conclib_reply_to* reply_to,
                                       const conclib_outgoing& message);
  /// Whether this is the first answer to the message being handled, or to another one.
  [[nodiscard]] bool may_answer(const conclib_reply_to* reply_to);
  /// Counts and logs that the request being handled is dropped unanswered; what its asker hears.
  /// Nothing: this turn does not handle it.
  [[nodiscard]] std::optional<std::string> note_dropped(const conclib_reply_to* reply_to);
  [[nodiscard]] std::uint32_t time_left_ms() const;
  void set_error(std::string_view text) { error_ = text; }
  [[nodiscard]] std::string_view last_error() const { return call_error_; }

  void stop_self(Cell& cell);
  [[nodiscard]] conclib_status stop_actor(Cell& from, const conclib_stop& stop,
                                          conclib_reply_fn on_end, void* user_data);
  [[nodiscard]] conclib_status watch(Cell& from, Cell* to, std::string_view urn,
                                     conclib_reply_fn on_end, void* user_data);
  void unwatch(Cell& from, void* user_data);
  [[nodiscard]] conclib_status spawn(Cell& from, const conclib_spawn& spawn, conclib_ref** ref);

  [[nodiscard]] std::uint64_t start_timer(Cell& cell, const conclib_timer_spec& spec);
  void cancel_timer(Cell& cell, std::uint64_t timer);
  void set_receive_timeout(Cell& cell, std::chrono::nanoseconds timeout);
  [[nodiscard]] conclib_work* begin_work(Cell& cell, std::uint32_t flags);
  void end_work(Cell& cell, conclib_work* work, conclib_status status);
  void await_reply(Cell& cell, void* user_data);
  [[nodiscard]] conclib_completion* completion(Cell& cell, conclib_call_fn call, void* user_data);
  void fail(conclib_status status, std::string_view text);
  void fail_worker(std::string_view text);

  /// What the message being handled hands down to those that its handler sends.
  [[nodiscard]] Inherited handed_down();
  /// The beginning of this turn, and perhaps some ms before: good for ages.
  [[nodiscard]] TimePoint began() const { return began_; }
  /// From the runtime's randomness.
  [[nodiscard]] std::uint64_t random();

 private:
  struct Handled {
    std::string_view type;
    TimePoint since;
    bool is_ask;
    bool unanswered;  ///< An answer is left to the host.
  };
  struct Failure {
    proto::Status status = proto::Status::ok;
    std::string text;
    bool harms = false;  ///< The actor's policy has to decide.
  };

  // turn.cpp
  bool give(Cell& cell);
  bool rest(Cell& cell);
  void leave(Cell& cell);
  void on_control(Cell& cell, std::unique_ptr<Control> control);
  void on_message(Cell& cell, Message* message);
  void on_letter(Cell& cell, Letter* letter);
  void on_delivery(Cell& cell, Delivery* delivery);
  /// Whether the request can be handled; if not it has been refused.
  bool admit(Cell& cell, Message* request, TimePoint deadline);
  conclib_status receive(Cell& cell, conclib_message& message);
  /// Counts, logs and words how a handler ended; what its asker hears if it left the answer to us.
  Failure conclude(const Cell& cell, const Handled& handled, conclib_status status);
  std::string note_dropped(const Cell& cell, std::string_view type, TimePoint since);
  void end_unanswered(Delivery* delivery, const Failure& failure);
  /// Refuses a request that has not begun; it is consumed.
  void refuse(Cell& cell, Message* message, proto::Status status, std::string_view why);
  /// Refuses all requests that wait now.
  void refuse_waiting(Cell& cell, proto::Status status, std::string_view why);
  void bury(const Cell& cell, const Letter& letter, proto::Status status, std::string reason);

  // turn_lifecycle.cpp
  bool bring_up(Cell& cell);
  void on_start_failed(Cell& cell, const std::string& why);
  /// The actor has failed: its policy decides.
  void on_failed(Cell& cell, conclib_status status, const std::string& text);
  /// Ends the object, after its children.
  void begin_end(Cell& cell, Engagements::Ending ending);
  /// Goes on with that once there is nothing to wait for.
  void continue_end(Cell& cell);
  void restart(Cell& cell);
  /// The object has gone: tells who waited for that.
  void conclude_end(Cell& cell, const std::string& stop_failure);
  void destroy(Cell& cell);
  /// Drops what an object wanted that is no more or was never made.
  void forget_engagements(Cell& cell);

  // turn_waits.cpp
  void on_answer(Cell& cell, PendingAsk* ask);
  void on_tick(Cell& cell, Tick* tick);
  void on_ask_deadline(Cell& cell);
  void on_completion(Cell& cell, conclib_completion* completion);
  /// Makes the ask one of the actor's.
  void register_ask(Cell& cell, PendingAsk* ask);
  void unlink_ask(Cell& cell, PendingAsk* ask);
  /// If it is this ask that the actor waits for, it does not any more.
  void end_wait(Cell& cell, const PendingAsk& ask);
  /// Gives up an ask: from true on it is not to be touched. False: its answer is on its way.
  bool abandon(PendingAsk* ask);
  /// Sets the timer to the earliest deadline of its asks.
  void arm(Cell& cell);
  void call_reply(Cell& cell, conclib_reply_fn on_reply, void* user_data, proto::Status status,
                  std::string_view text, conclib_payload& payload);
  /// Calls a function that fails as a tell does.
  void call_back(Cell& cell, conclib_call_fn call, void* user_data, std::string_view what);
  /// What fail() asked for during a call.
  void apply_failure(Cell& cell);
  [[nodiscard]] TimePoint deadline_in(std::chrono::milliseconds timeout) const;

  // turn_family.cpp
  void on_stop(Cell& cell, StopRequest* stop);
  void on_stop_now(Cell& cell, PendingAsk* ask);
  void on_watch(Cell& cell, Control& control);
  void on_child_ended(Cell& cell, Cell& child);
  void stop_children(Cell& cell, bool now);
  void cancel_watch(Cell& cell, std::string_view id);
  void notify_watchers(Cell& cell, proto::Status status, const std::string& text);
  [[nodiscard]] conclib_status watch_outside(Cell& from, std::string_view urn,
                                             std::unique_ptr<PendingAsk> ask);
  [[nodiscard]] std::string describe_wait(const Cell& waiting, const PendingAsk& ask) const;

  /// Calls a function of the plugin; what it throws is a failure.
  template <typename Call>
  conclib_status guarded(Call call);
  [[nodiscard]] TimePoint current_deadline() const;
  /// Who waits for the message being handled; null: nobody, or not in a row.
  [[nodiscard]] Ref<const Chain> chain();
  [[nodiscard]] std::string error_or(conclib_status status) const;
  [[nodiscard]] std::string age(TimePoint since) const;
  void clear_errors();
  conclib_str id_text(std::string_view bytes);
  conclib_str id_text(std::uint64_t number);
  [[nodiscard]] conclib_status refuse_call(proto::Error error);

  Core& core_;
  Scheduler* scheduler_;
  unsigned index_ = 0;
  MessagePool& pool_;
  Counters counters_;
  RunningSlot slot_;
  Sender sender_;
  Cell* running_ = nullptr;
  TimePoint began_{};
  bool took_message_ = false;  ///< In this turn.
  std::uint64_t random_state_;

  // What is being handled: one of the three, or none.
  const Letter* letter_ = nullptr;
  Delivery* delivery_ = nullptr;
  const Inherited* resumed_ = nullptr;  // of an ask whose answer has come, and the like
  Ref<const Origin> origin_;            // of delivery_, and
  Ref<const Chain> chain_;              // of either, once it is needed
  const conclib_reply_to* reply_to_ = nullptr;
  conclib_work* work_ = nullptr;  // begun for it
  bool answered_ = false;

  std::string error_;       // set by the handler
  std::string call_error_;  // of the last failed call of the host
  std::optional<Failure> wished_failure_;
  std::string queued_id_;  // the text of the last id of each kind
  std::array<char, 32> local_id_{};
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

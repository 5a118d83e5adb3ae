// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "conclib/plugin.h"
#include "daemon/runtime/inherited.hpp"
#include "daemon/runtime/timers.hpp"

namespace conclib::runtime {

/// The timers that one actor has started, and its receive time-out.
/// Threading: on the actor's turn.
/// Limit: `timers_max` timers of one actor; beyond it start() refuses.
class ActorTimers {
 public:
  static constexpr std::size_t timers_max = 10'000;
  /// A call that is due.
  struct Due {
    std::uint64_t id;
    conclib_call_fn call;
    void* user_data;
    std::optional<Inherited> inherited;  ///< Of a timer WHILE_WAITING, else nothing.
  };

  explicit ActorTimers(Cell& cell);
  ~ActorTimers();
  ActorTimers(const ActorTimers&) = delete;
  ActorTimers& operator=(const ActorTimers&) = delete;

  /// Starts a timer; its id, or 0 at the limit (user_data is then destroyed). `inherited` is kept
  /// by one WHILE_WAITING.
  [[nodiscard]] std::uint64_t start(Timers& timers, const conclib_timer_spec& spec,
                                    std::optional<Inherited> inherited);
  /// Ends one; harmless when there is none. One that is being called ends with called().
  void cancel(Timers& timers, std::uint64_t id);
  /// Ends all, and the receive time-out. Not within a call of a timer.
  void end(Timers& timers);
  [[nodiscard]] bool empty() const { return running_.empty(); }

  /// Takes in a tick of purpose `timer` that has come out of the mailbox: the call to make, or
  /// nothing if it was cancelled meanwhile.
  [[nodiscard]] std::optional<Due> take(Tick* tick);
  /// After the call: sets the next time, or ends the timer if there is none. A call that has to be
  /// made up for is put into the mailbox again, behind what waits there. Harmless after end().
  void called(Timers& timers, std::uint64_t id);

  /// Sets the receive time-out; zero ends it.
  void set_receive_timeout(Timers& timers, std::chrono::nanoseconds timeout);
  /// A message has come.
  void received(TimePoint now) { last_received_ = now; }
  /// Takes in a tick of purpose `receive_timeout`: whether it is time to tell the actor. Sets the
  /// next time.
  [[nodiscard]] bool take_receive_timeout(Timers& timers, Tick* tick);
  [[nodiscard]] bool has_receive_timeout() const { return receive_timeout_.count() > 0; }

 private:
  struct Running;
  using List = std::vector<std::unique_ptr<Running>>;

  [[nodiscard]] List::iterator find(std::uint64_t id);
  void finish(Timers& timers, List::iterator at);

  Cell& cell_;
  List running_;  ///< In the order of their ids.
  std::uint64_t last_id_ = 0;
  std::chrono::nanoseconds receive_timeout_{0};
  std::unique_ptr<Tick> receive_tick_;
  TimePoint last_received_{};
};

}  // namespace conclib::runtime

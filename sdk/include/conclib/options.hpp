// SPDX-License-Identifier: MIT
/// Part of conclib/actor.hpp: the plain structs that an actor's calls take and give.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conclib/detail/visibility.hpp"
#include "conclib/message.hpp"
#include "conclib/plugin.h"

namespace CONCLIB_HIDDEN conclib {

/// How long to wait: nothing (`{}`) is the configured default, 0 (or less) not to wait at all.
using Timeout = std::optional<std::chrono::milliseconds>;

/// For `passivate_after`.
inline constexpr std::chrono::milliseconds never = std::chrono::milliseconds::max();

/// The reply to an ask whose handler returns nothing.
struct Done {
  CONCLIB_MESSAGE(Done)
};

struct TellOptions {
  /// Through the queue in Redis even to an actor on this worker, so that it outlives a crash.
  bool durable = false;
};

struct SpawnOptions {
  /// The child's URN is `parent#name` (below a child: `parent#its_name/name`). Empty: a fresh
  /// `urn:uuid:...`, which is known on this worker only.
  std::string name = {};
};

struct StopOptions {
  /// At once instead of after the messages that it has now: asks among them are answered
  /// ACTOR_STOPPED, tells become dead letters.
  bool now = false;
  /// How long stop_and_wait waits; 0 counts as nothing given.
  Timeout timeout = {};
};

enum class FirstTick : std::uint8_t { now, after_interval };
enum class TickRate : std::uint8_t {
  fixed_rate,  ///< The interval runs from one due time to the next.
  fixed_delay  ///< It runs from the end of one handler to the next tick.
};
enum class MissedTicks : std::uint8_t {
  skip,     ///< Those missed while the actor was busy count as one.
  catch_up  ///< Every one is made up for.
};

struct TickerOptions {
  FirstTick first = FirstTick::now;
  TickRate rate = TickRate::fixed_rate;
  MissedTicks missed = MissedTicks::skip;
};

/// What is done when an actor has failed: when an exception left its handler of a tell, its
/// callback or its tick. One that leaves the handler of an ask is only the asker's.
enum class OnFailure : std::uint8_t {
  restart = CONCLIB_ON_FAILURE_RESTART,   ///< A fresh object, the same URN and mailbox.
  resume = CONCLIB_ON_FAILURE_RESUME,     ///< Goes on with the same object.
  stop = CONCLIB_ON_FAILURE_STOP,         ///< Ends the actor.
  escalate = CONCLIB_ON_FAILURE_ESCALATE  ///< Ends the actor, and its parent fails in turn.
};

/// How the actors of a class are supervised: its constant `supervision`.
struct Supervision {
  OnFailure on_failure = OnFailure::restart;
  /// More restarts than this within that time: the actor ends. 0: no limit; one minute.
  std::uint32_t restarts_max = 0;
  std::chrono::milliseconds restarts_within{0};
  /// Delay of the second restart in a row, which each further one doubles, and its bound. 0: 100 ms
  /// and 10 s.
  std::chrono::milliseconds backoff_min{0};
  std::chrono::milliseconds backoff_max{0};
};

/// The end of an actor that was watched. `status` OK: it was stopped. ACTOR_NOT_FOUND: it was not
/// alive. Else why it ended.
struct Ended {
  std::string urn;
  conclib_status status = CONCLIB_OK;
  std::string text;
};

/// What went wrong with one of many actors.
struct Failure {
  std::string urn;
  conclib_status status = CONCLIB_OK;
  std::string text;
};

struct BroadcastResult {
  std::size_t delivered = 0;
  std::vector<Failure> failures;
};

struct StopReport {
  std::size_t stopped = 0;
  std::vector<Failure> failures;
};

/// A watch that was begun, for unwatch. A value.
struct Watch {
  std::uint64_t id = 0;
};

/// A timer that was started. A value; to be used on its actor's turn. It ends with the actor.
class Timer {
 public:
  Timer() noexcept = default;
  Timer(conclib_context* context, std::uint64_t id) noexcept : context_(context), id_(id) {}

  /// Ends it: no tick or message comes of it any more. Harmless when it has ended.
  void cancel() const noexcept {
    if (context_ != nullptr) context_->host->timer_cancel(context_, id_);
  }

 private:
  conclib_context* context_ = nullptr;
  std::uint64_t id_ = 0;
};

}  // namespace conclib

// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: whose turn it is, and the way from an actor to what it hides.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>

#include "conclib/detail/future_state.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/options.hpp"
#include "conclib/plugin.h"
#include "conclib/ref.hpp"

namespace CONCLIB_HIDDEN conclib {

class Actor;

namespace detail {

struct ActorAccess;
struct ActorState;

[[nodiscard]] inline conclib_context* context_of(const Actor& actor) noexcept;
/// Made at the first call.
[[nodiscard]] inline ActorState& state_of(Actor& actor);
[[nodiscard]] inline bool is_reentrant(const Actor& actor) noexcept;
[[nodiscard]] inline bool may_block(const Actor& actor) noexcept;

template <typename T, typename... Args>
inline constexpr bool begins_with = false;
template <typename T, typename First, typename... Args>
inline constexpr bool begins_with<T, First, Args...> =
    std::is_same_v<T, std::remove_cvref_t<First>>;

/// The actor whose function runs on this thread. It lets a handle's calls know whose they are.
[[gnu::tls_model("local-dynamic")]] inline constinit thread_local Actor* current_actor = nullptr;

[[nodiscard]] inline Actor& actor_on_turn() {
  if (current_actor == nullptr) throw std::logic_error("this is to be called on an actor's turn");
  return *current_actor;
}

/// Says for its lifetime whose turn it is on this thread, and whether that may wait for futures.
class Turn {
 public:
  explicit Turn(Actor& actor) noexcept : Turn(&actor, may_block(actor)) {}
  Turn(Actor* actor, bool may_block) noexcept
      : actor_(std::exchange(current_actor, actor)),
        refused_(std::exchange(blocking_refused, !may_block)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    current_actor = actor_;
    blocking_refused = refused_;
  }

 private:
  Actor* actor_;
  bool refused_;
};

/// What the last call of the host that failed said.
[[nodiscard]] inline std::string_view last_error(conclib_context* context) {
  return view_of(context->host->last_error(context));
}

/// Throws Error if a call of the host failed.
inline void check(conclib_context* context, conclib_status status, const char* doing,
                  std::string_view to) {
  if (status == CONCLIB_OK) return;
  // A text is cut somewhere: the reason behind the name must not be what is lost.
  constexpr std::size_t name_bytes_max = 512;
  throw_failure(status, doing + std::string(to.substr(0, name_bytes_max)), last_error(context));
}

[[nodiscard]] constexpr std::uint32_t milliseconds_of(std::chrono::milliseconds time) {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(time.count() < 0 ? 0
                                                     : (time.count() > most ? most : time.count()));
}

[[nodiscard]] constexpr std::uint64_t nanoseconds_of(std::chrono::nanoseconds time) {
  return time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count());
}

/// What the host gets to send: `payload` to `to`.
[[nodiscard]] inline conclib_outgoing outgoing(const Address& to, const conclib_payload& payload,
                                               std::uint32_t flags) noexcept {
  return {sizeof(conclib_outgoing), c_str_of(to.urn()), payload, 0, flags, to.ref()};
}

/// The same for an ask.
[[nodiscard]] inline conclib_outgoing outgoing(const Address& to, const conclib_payload& payload,
                                               Timeout timeout, std::uint32_t flags) noexcept {
  auto message = outgoing(to, payload, flags);
  if (!timeout) return message;
  message.timeout_ms = milliseconds_of(*timeout);
  if (message.timeout_ms == 0) message.flags |= CONCLIB_ASK_NO_WAIT;
  return message;
}

}  // namespace detail
}  // namespace conclib

// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: the tables of a plugin.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "conclib/detail/actor_inline.hpp"
#include "conclib/detail/border.hpp"
#include "conclib/detail/class_name.hpp"
#include "conclib/detail/spawning.hpp"
#include "conclib/detail/visibility.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// Says for its lifetime which actor is being constructed on this thread.
class Constructing {
 public:
  explicit Constructing(conclib_context* context) noexcept
      : before_(std::exchange(constructing, context)) {}
  Constructing(const Constructing&) = delete;
  Constructing& operator=(const Constructing&) = delete;
  ~Constructing() { constructing = before_; }

 private:
  conclib_context* before_;
};

template <typename T>
struct ActorTypeOf {
  [[nodiscard]] static constexpr bool may_block() {
    if constexpr (requires { T::blocking; }) return T::blocking;
    return false;
  }
  [[nodiscard]] static constexpr bool is_reentrant() {
    if constexpr (requires { T::reentrant; }) return T::reentrant;
    return false;
  }

  // Not in a variable template, nor the table below: those are unique in the process, hidden
  // namespace or not, and two plugins may have actor classes of one name.
  static inline constinit ClassRecord record{may_block(), is_reentrant()};

  static conclib_status create(const conclib_actor_type*, conclib_context* context,
                               void** actor) noexcept {
    const Turn turn(nullptr, may_block());
    return guarded(context->host, context->plugin, context, CONCLIB_NOT_STARTED, [&] {
      const Constructing scope(context);
      auto made = construct<T>(context);
      ActorAccess::publish_handlers(*made, record);
      *actor = made.release();
    });
  }
  static int is_a(conclib_str name) noexcept {
    try {
      static const auto names = names_of(typeid(T));
      return std::find(names.begin(), names.end(), view_of(name)) == names.end() ? 0 : 1;
    } catch (...) {
      return 0;
    }
  }

  [[nodiscard]] static constexpr conclib_actor_type describe();
  static constexpr conclib_actor_type table = describe();
};

template <typename T>
constexpr void describe_bounds(conclib_actor_type& type) {
  if constexpr (requires { T::threads_max; }) type.threads_max = T::threads_max;
  if constexpr (requires { T::mailbox_messages_max; }) {
    type.mailbox_messages_max = T::mailbox_messages_max;
  }
  if constexpr (requires { T::drop_when_full; }) {
    if (T::drop_when_full) type.flags |= CONCLIB_ACTOR_DROP_WHEN_FULL;
  }
  if constexpr (requires { T::passivate_after; }) {
    type.passivate_after_ms = milliseconds_of(T::passivate_after);
  }
  if constexpr (requires { T::live_max; }) type.live_max = T::live_max;
  if constexpr (requires { T::pool_size; }) type.pool_size = T::pool_size;
  if constexpr (requires { T::handler_limit; }) {
    type.handler_limit_ms = milliseconds_of(T::handler_limit);
  }
}

constexpr void describe_supervision(conclib_actor_type& type, const Supervision& supervision) {
  type.on_failure = static_cast<std::uint32_t>(supervision.on_failure);
  type.restarts_max = supervision.restarts_max;
  type.restarts_within_ms = milliseconds_of(supervision.restarts_within);
  type.backoff_min_ms = milliseconds_of(supervision.backoff_min);
  type.backoff_max_ms = milliseconds_of(supervision.backoff_max);
}

template <typename T>
constexpr conclib_actor_type ActorTypeOf<T>::describe() {
  static_assert(std::is_base_of_v<Actor, T>, "an actor class derives from conclib::Actor");
  conclib_actor_type type{};
  type.size = sizeof(conclib_actor_type);
  if constexpr (requires { T::urn; }) {
    if constexpr (std::is_convertible_v<decltype(T::urn), std::string_view>) {
      static_assert(is_made_alone<T>,
                    "the constructor of an actor with a URN takes nothing, or the key as a "
                    "std::string_view");
      type.urn = c_str_of(T::urn);
    }
  }
  type.class_name = c_str_of(class_name_of<T>());
  type.type_data = &record;
  if (may_block()) type.flags |= CONCLIB_ACTOR_BLOCKING;
  describe_bounds<T>(type);
  if constexpr (requires { T::supervision; }) describe_supervision(type, T::supervision);
  type.create = &create;
  type.start = &ActorBorder::start;
  type.receive = &ActorBorder::receive;
  type.stop = &ActorBorder::stop;
  type.destroy = &ActorBorder::destroy;
  type.is_a = &is_a;
  type.failed = &ActorBorder::failed;
  type.idle = &ActorBorder::idle;
  return type;
}

/// What a plugin shares that shares nothing.
struct Nothing {};

template <typename Shared, typename... Actors>
struct PluginOf {
  static_assert(sizeof...(Actors) > 0, "a plugin has one actor class at least");

  static conclib_status load(const conclib_host* host, conclib_plugin_handle* plugin,
                             void** plugin_data) noexcept {
    return guarded(host, plugin, nullptr, CONCLIB_NOT_STARTED, [&] {
      Plugin self(host, plugin);
      if constexpr (std::is_constructible_v<Shared, Plugin&>) {
        *plugin_data = new SharedBox<Shared>{.value = Shared(self)};
      } else {
        *plugin_data = new SharedBox<Shared>{.value = Shared()};
      }
    });
  }
  static void unload(void* plugin_data) noexcept {
    delete static_cast<SharedBox<Shared>*>(plugin_data);
  }

  static constexpr std::array<const conclib_actor_type*, sizeof...(Actors)> types{
      &ActorTypeOf<Actors>::table...};

  [[nodiscard]] static constexpr conclib_plugin describe(std::string_view name,
                                                         std::string_view version) {
    conclib_plugin plugin{};
    plugin.magic = CONCLIB_PLUGIN_MAGIC;
    plugin.size = sizeof(conclib_plugin);
    plugin.abi_major = CONCLIB_ABI_MAJOR;
    plugin.abi_minor = CONCLIB_ABI_MINOR;
    plugin.name = c_str_of(name);
    plugin.version = c_str_of(version);
    plugin.actor_types = types.data();
    plugin.actor_types_count = types.size();
    if constexpr (!std::is_same_v<Shared, Nothing>) {
      plugin.load = &load;
      plugin.unload = &unload;
    }
    return plugin;
  }
};

[[nodiscard]] constexpr bool is_plugin_name(std::string_view name) {
  constexpr std::size_t bytes_max = 64;
  return !name.empty() && name.size() <= bytes_max &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

}  // namespace detail
}  // namespace conclib

#define CONCLIB_DETAIL_PLUGIN(Shared, name, version, ...)                             \
  static_assert(::conclib::detail::is_plugin_name(name),                              \
                "the name of a plugin is 1 to 64 of [a-z0-9_-]");                     \
  extern "C" CONCLIB_PLUGIN_EXPORT const conclib_plugin* conclib_plugin_table(void) { \
    static constexpr conclib_plugin table =                                           \
        ::conclib::detail::PluginOf<Shared, __VA_ARGS__>::describe(name, version);    \
    return &table;                                                                    \
  }

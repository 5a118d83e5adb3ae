// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: the C functions and tables of a plugin. No exception leaves them.
#pragma once

#include <array>
#include <cstdlib>
#include <exception>
#include <utility>

#include <cxxabi.h>

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// What the exception that is being handled says. In a catch block only.
[[nodiscard]] inline std::string exception_text() noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& error) {
      return error.what();
    }
  } catch (...) {
    const auto* const type = abi::__cxa_current_exception_type();
    if (type == nullptr) return "an exception of another language";
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(
        abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free);
    return "an exception of type " + std::string(status == 0 ? name.get() : type->name());
  }
}

/// Runs it; turns an exception into `failure`, whose text the host learns.
template <typename Run>
conclib_status guarded(const conclib_host* host, conclib_plugin_handle* plugin,
                       conclib_context* context, conclib_status failure, const Run& run) noexcept {
  try {
    run();
    return CONCLIB_OK;
  } catch (...) {
    host->set_error(plugin, context, c_str_of(exception_text()));
    return failure;
  }
}

/// The functions of all actor types but create.
struct ActorBorder {
  static conclib_status start(void* actor, conclib_context* context) noexcept {
    return guarded(context->host, context->plugin, context, CONCLIB_NOT_STARTED,
                   [&] { of(actor).on_start(); });
  }

  static conclib_status stop(void* actor, conclib_context* context) noexcept {
    return guarded(context->host, context->plugin, context, CONCLIB_ACTOR_FAILED,
                   [&] { of(actor).on_stop(); });
  }

  static conclib_status receive(void* actor, conclib_context* context,
                                conclib_message* message) noexcept {
    auto& self = of(actor);
    auto status = CONCLIB_OK;
    const auto run = [&] {
      RequestEnvelope request(context->host, message);
      self.request_ = &request;
      try {
        self.dispatch(request);
      } catch (const UnexpectedMessageError&) {
        status = CONCLIB_UNEXPECTED_MESSAGE;
        throw;
      } catch (const Rejected& error) {
        status = CONCLIB_REJECTED;
        if (!request.is_ask() || !request.open()) throw;
        request.take().reject(error.what());
        status = CONCLIB_OK;
      } catch (...) {
        status = CONCLIB_ACTOR_FAILED;
        throw;
      }
    };
    const auto outcome =
        guarded(context->host, context->plugin, context, CONCLIB_ACTOR_FAILED, run);
    self.request_ = nullptr;
    return outcome == CONCLIB_OK ? outcome : status;
  }

  static void destroy(void* actor) noexcept { delete static_cast<Actor*>(actor); }

  static void reply(void* actor, void* user_data, conclib_status status, conclib_str text,
                    const conclib_payload* payload) noexcept {
    auto& self = of(actor);
    const auto found = std::find_if(self.asks_.begin(), self.asks_.end(), [&](const auto& pending) {
      return pending.get() == user_data;
    });
    if (found == self.asks_.end()) return;
    // The callback may ask again, so the list is left in order first.
    const auto pending = std::move(*found);
    self.asks_.erase(found);
    const auto* const host = self.context_->host;
    try {
      pending->finish(status, view_of(text), payload);
    } catch (...) {
      const auto line = "the callback of an ask failed: " + exception_text();
      host->log(self.context_->plugin, self.context_, CONCLIB_LOG_ERROR, c_str_of(line));
    }
  }

 private:
  static Actor& of(void* actor) noexcept { return *static_cast<Actor*>(actor); }
};

inline void deliver_reply(void* actor, conclib_context*, void* user_data, conclib_status status,
                          conclib_str text, conclib_payload* reply) noexcept {
  ActorBorder::reply(actor, user_data, status, text, reply);
}

template <typename T>
[[nodiscard]] std::unique_ptr<Actor> make_actor(conclib_context* context) {
  const struct Constructing {
    explicit Constructing(conclib_context* made_for) noexcept { constructing = made_for; }
    ~Constructing() { constructing = nullptr; }
    Constructing(const Constructing&) = delete;
    Constructing& operator=(const Constructing&) = delete;
  } scope(context);
  if constexpr (std::is_constructible_v<T, std::string_view>) {
    return std::make_unique<T>(view_of(context->key));
  } else {
    return std::make_unique<T>();
  }
}

template <typename T>
[[nodiscard]] constexpr conclib_actor_type describe_actor() {
  static_assert(std::is_base_of_v<Actor, T>, "an actor class derives from conclib::Actor");
  static_assert(std::is_constructible_v<T, std::string_view> || std::is_default_constructible_v<T>,
                "an actor's constructor takes nothing, or the key as a std::string_view");
  conclib_actor_type type{};
  type.size = sizeof(conclib_actor_type);
  type.urn = c_str_of(T::urn);
  if constexpr (requires { T::blocking; }) type.flags = T::blocking ? CONCLIB_ACTOR_BLOCKING : 0;
  if constexpr (requires { T::threads_max; }) type.threads_max = T::threads_max;
  if constexpr (requires { T::mailbox_messages_max; }) {
    type.mailbox_messages_max = T::mailbox_messages_max;
  }
  type.create = [](const conclib_actor_type*, conclib_context* context, void** actor) {
    return guarded(context->host, context->plugin, context, CONCLIB_NOT_STARTED,
                   [&] { *actor = make_actor<T>(context).release(); });
  };
  type.start = &ActorBorder::start;
  type.receive = &ActorBorder::receive;
  type.stop = &ActorBorder::stop;
  type.destroy = &ActorBorder::destroy;
  return type;
}

/// A class and not a variable template: those are unique in the process, hidden namespace or not,
/// and two plugins may have actor classes of one name.
template <typename T>
struct ActorTypeOf {
  static constexpr conclib_actor_type table = describe_actor<T>();
};

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

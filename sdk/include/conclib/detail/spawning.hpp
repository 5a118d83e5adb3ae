// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: how the objects of actor classes are made.
#pragma once

#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "conclib/detail/class_name.hpp"
#include "conclib/detail/object.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/plugin.h"

namespace CONCLIB_HIDDEN conclib {

class Actor;

namespace detail {

/// The context of the actor that is being constructed on this thread. It lets the constructors of
/// authors use the actor's URN and settings without handing anything through to the base.
[[gnu::tls_model("local-dynamic")]] inline constinit thread_local conclib_context* constructing =
    nullptr;

/// Makes the object of a spawned actor, and after a restart another one.
class Factory {
 public:
  Factory() = default;
  Factory(const Factory&) = delete;
  Factory& operator=(const Factory&) = delete;
  virtual ~Factory() = default;
  [[nodiscard]] virtual std::unique_ptr<Actor> make() const = 0;

  static void destroy(void* factory) noexcept { delete static_cast<Factory*>(factory); }
};

template <typename T, typename... Args>
class FactoryOf final : public Factory {
 public:
  template <typename... Given>
  explicit FactoryOf(std::in_place_t, Given&&... args) : args_(std::forward<Given>(args)...) {}
  [[nodiscard]] std::unique_ptr<Actor> make() const override {
    return std::apply([](const auto&... args) { return std::make_unique<T>(args...); }, args_);
  }

 private:
  std::tuple<Args...> args_;
};

/// What a T can be made of without a spawn's arguments: its key, or nothing.
template <typename T>
inline constexpr bool takes_key = std::is_constructible_v<T, std::string_view>;
template <typename T>
inline constexpr bool is_made_alone = takes_key<T> || std::is_default_constructible_v<T>;

template <typename T>
[[nodiscard]] std::unique_ptr<Actor> construct(conclib_context* context) {
  if (context->argument != nullptr) return static_cast<const Factory*>(context->argument)->make();
  if constexpr (takes_key<T>) {
    return std::make_unique<T>(view_of(context->key));
  } else if constexpr (std::is_default_constructible_v<T>) {
    return std::make_unique<T>();
  } else {
    throw Error(CONCLIB_BAD_ARGUMENT,
                std::string(class_name_of<T>()) + " is made by spawn, with arguments");
  }
}

}  // namespace detail
}  // namespace conclib

// SPDX-License-Identifier: MIT
/// Part of conclib/actor.hpp: references to actors of this worker.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "conclib/detail/object.hpp"
#include "conclib/detail/visibility.hpp"
#include "conclib/options.hpp"
#include "conclib/plugin.h"

namespace CONCLIB_HIDDEN conclib {

template <typename T>
class Task;
template <Message Reply, Message M>
class Ask;

/// One actor of this worker: not the name, but the actor itself. After its end it refers to none,
/// also when another one lives under its URN. It keeps nothing alive.
/// Threading: any thread, as a value. Copying it counts.
class ActorRef {
 public:
  /// Refers to no actor: not alive, texts empty.
  ActorRef() noexcept = default;
  /// Takes over one count of `ref`.
  ActorRef(const conclib_host* host, conclib_ref* ref) noexcept : host_(host), ref_(ref) {}
  ActorRef(const ActorRef& other) noexcept : host_(other.host_), ref_(other.ref_) {
    if (ref_ != nullptr) host_->ref_retain(ref_);
  }
  ActorRef(ActorRef&& other) noexcept
      : host_(other.host_), ref_(std::exchange(other.ref_, nullptr)) {}
  ActorRef& operator=(ActorRef other) noexcept {
    std::swap(host_, other.host_);
    std::swap(ref_, other.ref_);
    return *this;
  }
  ~ActorRef() {
    if (ref_ != nullptr) host_->ref_release(ref_);
  }

  /// Valid as long as this reference.
  [[nodiscard]] std::string_view urn() const noexcept {
    return ref_ == nullptr ? std::string_view() : detail::view_of(host_->ref_urn(ref_));
  }
  [[nodiscard]] std::string_view class_name() const noexcept {
    return ref_ == nullptr ? std::string_view() : detail::view_of(host_->ref_class(ref_));
  }
  /// Class and URN, for people: "Counter counter/visits".
  [[nodiscard]] std::string text() const {
    return ref_ == nullptr ? "no actor" : std::string(class_name()).append(" ").append(urn());
  }
  /// False from the beginning of its stop on.
  [[nodiscard]] bool alive() const noexcept {
    return ref_ != nullptr && host_->ref_alive(ref_) != 0;
  }
  /// Whether it refers to an actor, alive or not.
  [[nodiscard]] explicit operator bool() const noexcept { return ref_ != nullptr; }
  /// As C knows it; remains this reference's.
  [[nodiscard]] conclib_ref* get() const noexcept { return ref_; }

  /// The same actor, not only the same URN.
  friend bool operator==(const ActorRef& left, const ActorRef& right) noexcept {
    return left.ref_ == right.ref_;
  }

 private:
  const conclib_host* host_ = nullptr;
  conclib_ref* ref_ = nullptr;
};

/// Whom a call is for: a URN, as any kind of text, or a reference. Valid as long as what it was
/// made from.
class Address {
 public:
  Address(const char* urn) noexcept : urn_(urn) {}
  Address(std::string_view urn) noexcept : urn_(urn) {}
  Address(const std::string& urn) noexcept : urn_(urn) {}
  Address(const ActorRef& ref) noexcept : urn_(ref.urn()), ref_(ref.get()) {}

  [[nodiscard]] std::string_view urn() const noexcept { return urn_; }
  /// Null: it is a URN.
  [[nodiscard]] conclib_ref* ref() const noexcept { return ref_; }

 private:
  std::string_view urn_;
  conclib_ref* ref_ = nullptr;
};

namespace detail {

template <typename Result>
struct ReplyTo {
  using Type = std::remove_cvref_t<Result>;
};
template <>
struct ReplyTo<void> {
  using Type = Done;
};
template <typename T>
struct ReplyTo<Task<T>> : ReplyTo<T> {};

}  // namespace detail

/// The reply that an asker gets from a handler with this result: Done for void, R for Task<R>.
template <typename Result>
using ReplyOf = typename detail::ReplyTo<std::remove_cvref_t<Result>>::Type;
/// The message of a handler with this parameter.
template <typename Argument>
using MessageOf = std::remove_cvref_t<Argument>;

/// A reference that knows the class of its actor, and so what it takes and answers. That the class
/// has named the member function with `on` is for its author to see to.
/// Threading: call and defer only on an actor's turn, whose call it is; the rest on any thread.
template <typename T>
class Handle : public ActorRef {
 public:
  Handle() noexcept = default;
  /// The caller's word that it refers to a T.
  explicit Handle(ActorRef ref) noexcept : ActorRef(std::move(ref)) {}

  /// Asks: `Total total = co_await counter.call(&Counter::add, {.by = 2});`. See Actor::ask.
  template <typename Self, typename Result, typename Argument>
  requires std::derived_from<T, Self>
  [[nodiscard]] Ask<ReplyOf<Result>, MessageOf<Argument>> call(Result (Self::*handler)(Argument),
                                                               MessageOf<Argument> message,
                                                               Timeout timeout = {}) const;
  template <typename Self, typename Result, typename Argument>
  requires std::derived_from<T, Self>
  [[nodiscard]] Ask<ReplyOf<Result>, MessageOf<Argument>> call(Result (Self::*handler)(Argument)
                                                                   const,
                                                               MessageOf<Argument> message,
                                                               Timeout timeout = {}) const;

  /// Tells: goes on without a reply. See Actor::tell.
  template <typename Self, typename Result, typename Argument>
  requires std::derived_from<T, Self>
  void defer(Result (Self::*handler)(Argument), MessageOf<Argument> message,
             TellOptions options = {}) const;
  template <typename Self, typename Result, typename Argument>
  requires std::derived_from<T, Self>
  void defer(Result (Self::*handler)(Argument) const, MessageOf<Argument> message,
             TellOptions options = {}) const;
};

}  // namespace conclib

namespace std {
template <>
struct hash<conclib::ActorRef> {
  size_t operator()(const conclib::ActorRef& ref) const noexcept {
    return hash<const void*>()(ref.get());
  }
};
template <typename T>
struct hash<conclib::Handle<T>> : hash<conclib::ActorRef> {};
}  // namespace std

// SPDX-License-Identifier: MIT
/// Bodies of conclib/testkit.hpp.
#pragma once

#include <algorithm>
#include <new>
#include <sstream>
#include <type_traits>

#include "conclib/testkit.hpp"

namespace conclib::testkit {
namespace detail {

using conclib::detail::c_str_of;
using conclib::detail::view_of;

template <typename M>
[[nodiscard]] std::string_view name_of() {
  return view_of(conclib::detail::ObjectTypeOf<M>::table.name);
}

/// A msgpack value for people, as JSON.
[[nodiscard]] inline std::string shown(std::string_view body) {
  try {
    msgpack::zone zone;
    std::ostringstream text;
    text << conclib::detail::unpack(zone, body);
    return text.str();
  } catch (const std::exception&) {
    return "(" + std::to_string(body.size()) + " bytes)";
  }
}

[[nodiscard]] inline Letter letter_of(const conclib_kit_letter& letter) {
  return {std::string(view_of(letter.to)), std::string(view_of(letter.from)),
          std::string(view_of(letter.type)), std::string(view_of(letter.body)), letter.ask != 0};
}

inline void add_failure(void* failures, const conclib_kit_failure* failure) {
  static_cast<std::vector<Failure>*>(failures)->push_back(
      {std::string(view_of(failure->actor)), std::string(view_of(failure->message_type)),
       failure->status, std::string(view_of(failure->text))});
}

inline void add_text(void* texts, conclib_str text) {
  static_cast<std::vector<std::string>*>(texts)->emplace_back(view_of(text));
}

}  // namespace detail

template <typename M>
bool Letter::is() const {
  return type == detail::name_of<M>();
}

template <typename M>
M Letter::as() const {
  return decode<M>(body);
}

inline std::string Letter::text() const {
  return type + " " + detail::shown(body) + " from " + from;
}

template <typename Reply>
Reply Pending<Reply>::get() {
  conclib_kit_reply reply{};
  reply.size = sizeof(reply);
  owner_->check(conclib_kit_await(kit_, ask_, &reply));
  if (reply.status != CONCLIB_OK) {
    throw Error(reply.status, std::string(detail::view_of(reply.text)));
  }
  const auto type = detail::view_of(reply.type);
  if (type != detail::name_of<Reply>()) {
    throw Error(CONCLIB_WRONG_TYPE, "the reply is " + std::string(type) + " " +
                                        detail::shown(detail::view_of(reply.body)) + ", not " +
                                        std::string(detail::name_of<Reply>()));
  }
  return decode<Reply>(detail::view_of(reply.body));
}

template <typename M>
M Probe::expect() {
  kit_.run();
  const auto expected = "probe " + urn_ + " expected " + std::string(detail::name_of<M>());
  if (!take()) {
    auto text = expected + ", but nothing came";
    for (const auto& failure : kit_.failures()) {
      text += "; " + failure.actor + " failed at " + failure.message_type + ": " + failure.text;
    }
    throw ExpectationFailed(text);
  }
  if (!last_.is<M>()) throw ExpectationFailed(expected + ", but this came: " + last_.text());
  return last_.as<M>();
}

inline void Probe::expect_nothing() {
  kit_.run();
  if (take()) {
    throw ExpectationFailed("probe " + urn_ + " expected nothing, but this came: " + last_.text());
  }
}

template <typename Reply>
void Probe::reply(const Reply& reply) {
  answer(ask_, CONCLIB_OK, detail::name_of<Reply>(), encode(reply), {});
}

inline void Probe::fail(conclib_status status, std::string_view text) {
  answer(ask_, status, {}, {}, text);
}

inline void Probe::answer(std::uint64_t ask, conclib_status status, std::string_view type,
                          std::string_view body, std::string_view text) {
  conclib_kit_reply reply{};
  reply.size = sizeof(reply);
  reply.status = status;
  reply.type = detail::c_str_of(type);
  reply.body = {body.data(), body.size()};
  reply.text = detail::c_str_of(text);
  kit_.check(conclib_kit_answer(kit_.kit_.get(), ask, &reply));
}

inline bool Probe::take() {
  conclib_kit_letter letter{};
  letter.size = sizeof(letter);
  if (conclib_kit_take(kit_.kit_.get(), detail::c_str_of(urn_), &letter) == 0) return false;
  last_ = detail::letter_of(letter);
  ask_ = letter.ask;
  return true;
}

template <typename M, typename Handler>
void Probe::on(Handler handler) {
  handlers_[std::string(detail::name_of<M>())] = [this, handler](const conclib_kit_letter& letter) {
    const auto message = decode<M>(detail::view_of(letter.body));
    if constexpr (std::is_void_v<std::invoke_result_t<const Handler&, const M&>>) {
      handler(message);
    } else {
      const auto reply = handler(message);
      if (letter.ask == 0) return;
      answer(letter.ask, CONCLIB_OK, detail::name_of<std::remove_cv_t<decltype(reply)>>(),
             encode(reply), {});
    }
  };
}

inline int Probe::handle(const conclib_kit_letter& letter) {
  const auto found = handlers_.find(detail::view_of(letter.type));
  if (found == handlers_.end()) return 0;
  try {
    found->second(letter);
  } catch (const Error& error) {
    if (letter.ask == 0) throw;
    answer(letter.ask, error.status(), {}, {}, error.what());
  }
  return 1;
}

inline int Probe::listen(void* probe, const conclib_kit_letter* letter) noexcept {
  auto& self = *static_cast<Probe*>(probe);
  try {
    return self.handle(*letter);
  } catch (...) {
    if (!self.kit_.thrown_) self.kit_.thrown_ = std::current_exception();
    return 1;
  }
}

template <typename M>
void Probe::tell(std::string_view to, const M& message) {
  kit_.send(to, detail::name_of<M>(), encode(message), urn_);
}

inline Kit::Kit(const Options& options) : kit_(nullptr, &conclib_kit_close) {
  std::vector<conclib_kit_setting> settings;
  for (const auto& [name, value] : options.settings) {
    settings.push_back({detail::c_str_of(name), detail::c_str_of(value)});
  }
  conclib_kit_options given{};
  given.size = sizeof(given);
  given.seed = options.seed;
  given.settings = settings.data();
  given.settings_count = settings.size();
  given.turns_max = options.turns_max;
  given.ask_timeout_ms = static_cast<std::uint64_t>(options.ask_timeout.count());
  kit_.reset(conclib_kit_open(&given));
  if (!kit_) throw std::bad_alloc();
}

inline void Kit::check(conclib_status status) {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (status != CONCLIB_OK) {
    throw Error(status, std::string(detail::view_of(conclib_kit_error(kit_.get()))));
  }
}

template <typename... Actors>
void Kit::add() {
  add_sharing<conclib::detail::Nothing, Actors...>();
}

template <typename Shared, typename... Actors>
void Kit::add_sharing() {
  static constexpr conclib_plugin table =
      conclib::detail::PluginOf<Shared, Actors...>::describe("under_test", "0");
  load(&table);
}

inline void Kit::load(const conclib_plugin* table) { check(conclib_kit_add(kit_.get(), table)); }

template <typename M>
void Kit::tell(std::string_view urn, const M& message) {
  send(urn, detail::name_of<M>(), encode(message), {});
}

inline void Kit::send(std::string_view urn, std::string_view type, std::string_view body,
                      std::string_view sender) {
  conclib_kit_message message{};
  message.size = sizeof(message);
  message.urn = detail::c_str_of(urn);
  message.type = detail::c_str_of(type);
  message.body = {body.data(), body.size()};
  message.sender = detail::c_str_of(sender);
  check(conclib_kit_tell(kit_.get(), &message));
}

template <typename Reply, typename M>
Reply Kit::ask(std::string_view urn, const M& message, std::chrono::nanoseconds timeout) {
  return begin_ask<Reply>(urn, message, timeout).get();
}

template <typename Reply, typename M>
Pending<Reply> Kit::begin_ask(std::string_view urn, const M& message,
                              std::chrono::nanoseconds timeout) {
  const auto body = encode(message);
  conclib_kit_message sent{};
  sent.size = sizeof(sent);
  sent.urn = detail::c_str_of(urn);
  sent.type = detail::c_str_of(detail::name_of<M>());
  sent.body = {body.data(), body.size()};
  sent.timeout_ns = static_cast<std::uint64_t>(timeout.count());
  std::uint64_t ask = 0;
  check(conclib_kit_ask(kit_.get(), &sent, &ask));
  return Pending<Reply>(*this, kit_.get(), ask);
}

inline void Kit::run() { check(conclib_kit_run(kit_.get())); }

inline void Kit::advance(std::chrono::nanoseconds time) {
  check(conclib_kit_advance(kit_.get(), static_cast<std::uint64_t>(time.count())));
}

inline std::chrono::nanoseconds Kit::elapsed() const {
  return std::chrono::nanoseconds(conclib_kit_elapsed_ns(kit_.get()));
}

inline void Kit::stop() { check(conclib_kit_stop(kit_.get())); }

inline Probe& Kit::probe(std::string_view urn) {
  if (const auto found = probes_.find(urn); found != probes_.end()) return *found->second;
  std::unique_ptr<Probe> probe(new Probe(*this, urn));
  check(conclib_kit_probe(kit_.get(), detail::c_str_of(urn), &Probe::listen, probe.get()));
  return *probes_.emplace(std::string(urn), std::move(probe)).first->second;
}

inline std::vector<Letter> Kit::sent() const {
  std::vector<Letter> letters;
  conclib_kit_sent(
      kit_.get(),
      [](void* all, const conclib_kit_letter* letter) {
        static_cast<std::vector<Letter>*>(all)->push_back(detail::letter_of(*letter));
      },
      &letters);
  return letters;
}

inline std::vector<Failure> Kit::failures() const {
  std::vector<Failure> failures;
  conclib_kit_failures(kit_.get(), &detail::add_failure, &failures);
  return failures;
}

inline void Kit::expect_no_failures() const {
  std::string text;
  for (const auto& failure : failures()) {
    text += "; " + failure.actor + " failed at " + failure.message_type + ": " + failure.text;
  }
  if (!text.empty()) throw ExpectationFailed("expected no failures" + text);
}

inline std::vector<Failure> Kit::dead_letters() const {
  std::vector<Failure> letters;
  conclib_kit_dead_letters(kit_.get(), &detail::add_failure, &letters);
  return letters;
}

inline std::uint64_t Kit::restarts(std::string_view urn) const {
  return conclib_kit_restarts(kit_.get(), detail::c_str_of(urn));
}

inline bool Kit::alive(std::string_view urn) const {
  const auto all = actors();
  return std::find(all.begin(), all.end(), urn) != all.end();
}

inline std::vector<std::string> Kit::actors() const {
  std::vector<std::string> urns;
  conclib_kit_actors(kit_.get(), &detail::add_text, &urns);
  return urns;
}

inline std::vector<std::string> Kit::log() const {
  std::vector<std::string> lines;
  conclib_kit_log(kit_.get(), &detail::add_text, &lines);
  return lines;
}

inline std::uint64_t Kit::counter(std::string_view name) const {
  return conclib_kit_counter(kit_.get(), detail::c_str_of(name));
}

inline std::string Kit::trace() const {
  return std::string(detail::view_of(conclib_kit_trace(kit_.get())));
}

}  // namespace conclib::testkit

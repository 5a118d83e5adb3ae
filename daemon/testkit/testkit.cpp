// SPDX-License-Identifier: MIT
#include "conclib/testkit.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/testkit/kit.hpp"

using conclib::proto::Error;
using conclib::proto::Result;
using conclib::proto::Status;
using conclib::testkit::Failure;
using conclib::testkit::Kit;
using conclib::testkit::KitOptions;
using conclib::testkit::Letter;
using conclib::testkit::Reply;
using conclib::testkit::Sending;

struct conclib_kit {
  explicit conclib_kit(KitOptions options) : kit(std::move(options)) {}

  Kit kit;
  std::string error;
  // What the last call gave out.
  Reply reply;
  Letter letter;
  std::string trace;
};

namespace {

/// The caller's struct, which may be of an older or a newer header than ours.
template <typename T>
T copy_known(const T* given) {
  T copy{};
  if (given) std::memcpy(&copy, given, std::min(given->size, sizeof(T)));
  return copy;
}

/// The way back, with what the caller's struct has room for.
template <typename T>
void give(T* target, T value) {
  value.size = target->size;
  std::memcpy(target, &value, std::min(target->size, sizeof(T)));
}

std::string_view view(conclib_str text) {
  return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

std::string_view view(conclib_bytes bytes) {
  return view(conclib_str{static_cast<const char*>(bytes.data), bytes.size});
}

conclib_str c_str(std::string_view text) { return {text.data(), text.size()}; }
conclib_bytes c_bytes(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

/// Runs what may throw or fail; the error is kept for conclib_kit_error.
template <typename Call>
conclib_status guarded(conclib_kit* kit, const Call& call) noexcept {
  if (!kit) return CONCLIB_BAD_ARGUMENT;
  try {
    const Result<void> done = call();
    if (done) return CONCLIB_OK;
    kit->error = done.error().text;
    return conclib_status(done.error().code);
  } catch (const std::exception& thrown) {
    kit->error = thrown.what();
  } catch (...) {
    kit->error = "an unknown exception";
  }
  return CONCLIB_INTERNAL;
}

KitOptions to_options(const conclib_kit_options& given) {
  KitOptions options;
  options.seed = given.seed;
  for (std::size_t i = 0; i < given.settings_count; ++i) {
    options.settings.emplace(view(given.settings[i].name), view(given.settings[i].value));
  }
  if (given.turns_max != 0) options.turns_max = given.turns_max;
  if (given.ask_timeout_ms != 0) {
    options.ask_timeout = std::chrono::milliseconds(given.ask_timeout_ms);
  }
  return options;
}

Sending to_sending(const conclib_kit_message& message) {
  return {.urn = view(message.urn),
          .type = view(message.type),
          .body = view(message.body),
          .sender = view(message.sender),
          .timeout = std::chrono::nanoseconds(message.timeout_ns)};
}

conclib_kit_letter to_c(const Letter& letter) {
  return {.size = sizeof(conclib_kit_letter),
          .to = c_str(letter.to),
          .from = c_str(letter.from),
          .type = c_str(letter.type),
          .body = c_bytes(letter.body),
          .ask = letter.ask};
}

using FailureVisitor = void (*)(void*, const conclib_kit_failure*);

void visit_failures(const std::vector<Failure>& failures, FailureVisitor visit, void* user_data) {
  for (const auto& failure : failures) {
    const conclib_kit_failure shown{.size = sizeof(conclib_kit_failure),
                                    .actor = c_str(failure.actor),
                                    .message_type = c_str(failure.message_type),
                                    .status = failure.status,
                                    .text = c_str(failure.text)};
    visit(user_data, &shown);
  }
}

}  // namespace

extern "C" {

conclib_kit* conclib_kit_open(const conclib_kit_options* options) {
  try {
    return new conclib_kit(to_options(copy_known(options)));
  } catch (...) {
    return nullptr;
  }
}

void conclib_kit_close(conclib_kit* kit) { delete kit; }

conclib_str conclib_kit_error(const conclib_kit* kit) { return c_str(kit->error); }

conclib_status conclib_kit_add(conclib_kit* kit, const conclib_plugin* plugin) {
  return guarded(kit, [&] { return kit->kit.add(plugin); });
}

conclib_status conclib_kit_tell(conclib_kit* kit, const conclib_kit_message* message) {
  return guarded(kit, [&] { return kit->kit.tell(to_sending(copy_known(message))); });
}

conclib_status conclib_kit_ask(conclib_kit* kit, const conclib_kit_message* message,
                               uint64_t* ask) {
  return guarded(kit, [&]() -> Result<void> {
    const auto number = kit->kit.ask(to_sending(copy_known(message)));
    if (!number) return tl::unexpected(number.error());
    *ask = *number;
    return {};
  });
}

int conclib_kit_answered(conclib_kit* kit, uint64_t ask) { return kit->kit.answered(ask) ? 1 : 0; }

conclib_status conclib_kit_await(conclib_kit* kit, uint64_t ask, conclib_kit_reply* reply) {
  return guarded(kit, [&]() -> Result<void> {
    auto answered = kit->kit.await(ask);
    if (!answered) return tl::unexpected(answered.error());
    kit->reply = std::move(*answered);
    give(reply, conclib_kit_reply{.size = 0,
                                  .status = conclib_status(kit->reply.status),
                                  .type = c_str(kit->reply.type),
                                  .body = c_bytes(kit->reply.body),
                                  .text = c_str(kit->reply.text)});
    return {};
  });
}

conclib_status conclib_kit_run(conclib_kit* kit) {
  return guarded(kit, [&] { return kit->kit.run(); });
}

conclib_status conclib_kit_advance(conclib_kit* kit, uint64_t ns) {
  return guarded(kit, [&] { return kit->kit.advance(std::chrono::nanoseconds(ns)); });
}

uint64_t conclib_kit_elapsed_ns(const conclib_kit* kit) {
  return static_cast<uint64_t>(kit->kit.clock().elapsed().count());
}

conclib_status conclib_kit_stop(conclib_kit* kit) {
  return guarded(kit, [&] { return kit->kit.stop(); });
}

conclib_status conclib_kit_probe(conclib_kit* kit, conclib_str urn, conclib_kit_listener listener,
                                 void* user_data) {
  return guarded(kit, [&] {
    if (!listener) return kit->kit.add_probe(view(urn), nullptr);
    return kit->kit.add_probe(view(urn), [listener, user_data](const Letter& letter) {
      const auto shown = to_c(letter);
      return listener(user_data, &shown) != 0;
    });
  });
}

int conclib_kit_take(conclib_kit* kit, conclib_str urn, conclib_kit_letter* letter) {
  auto taken = kit->kit.post().take(view(urn));
  if (!taken) return 0;
  kit->letter = std::move(*taken);
  give(letter, to_c(kit->letter));
  return 1;
}

conclib_status conclib_kit_answer(conclib_kit* kit, uint64_t ask, const conclib_kit_reply* reply) {
  return guarded(kit, [&] {
    const auto given = copy_known(reply);
    const auto body = view(given.body);
    return kit->kit.answer(ask, {.status = Status(given.status),
                                 .type = std::string(view(given.type)),
                                 .body = std::string(body.empty() ? "\x80" : body),
                                 .text = std::string(view(given.text))});
  });
}

void conclib_kit_sent(conclib_kit* kit, void (*visit)(void*, const conclib_kit_letter*),
                      void* user_data) {
  for (const auto& letter : kit->kit.post().strays()) {
    const auto shown = to_c(letter);
    visit(user_data, &shown);
  }
}

void conclib_kit_failures(conclib_kit* kit, FailureVisitor visit, void* user_data) {
  visit_failures(kit->kit.record().failures(), visit, user_data);
}

void conclib_kit_dead_letters(conclib_kit* kit, FailureVisitor visit, void* user_data) {
  visit_failures(kit->kit.dead_letters(), visit, user_data);
}

void conclib_kit_actors(conclib_kit* kit, void (*visit)(void*, conclib_str), void* user_data) {
  for (const auto& urn : kit->kit.record().alive()) visit(user_data, c_str(urn));
}

void conclib_kit_log(conclib_kit* kit, void (*visit)(void*, conclib_str), void* user_data) {
  for (const auto& line : kit->kit.log()) visit(user_data, c_str(line));
}

uint64_t conclib_kit_restarts(const conclib_kit* kit, conclib_str urn) {
  return kit->kit.record().restarts(view(urn));
}

uint64_t conclib_kit_counter(const conclib_kit* kit, conclib_str name) {
  return kit->kit.counter(view(name));
}

conclib_str conclib_kit_trace(conclib_kit* kit) {
  kit->trace = kit->kit.record().traced();
  return c_str(kit->trace);
}

}  // extern "C"

// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conclib/plugin.h"
#include "daemon/log/log.hpp"
#include "daemon/plugin/plugin_handle.hpp"

/// What became of one request in a test; the handle that plugins get is its address.
struct conclib_reply_to {
  bool answered = false;
  bool dropped = false;
  conclib_status status = CONCLIB_OK;
  std::string type;
  std::string body;  ///< Encoded, whatever it was sent as.
  std::string text;
  const conclib_object_type* object_type = nullptr;
};

/// An actor that is only referred to.
struct conclib_ref {
  std::string urn;
  std::string class_name;
  bool alive = true;
  std::atomic<int> count = 1;
};

/// A work that an actor has begun; `ended` has its status.
struct conclib_work {
  std::uint32_t flags = 0;
  std::optional<conclib_status> ended = {};
};

/// The right to call an actor back; it outlives the actor, as a real one does.
struct conclib_completion {
  conclib_call_fn call = nullptr;
  void* user_data = nullptr;
  std::atomic<bool> completed = false;
  bool called = false;
};

namespace conclib::testing {

/// A log whose lines a test can read.
class CapturedLog {
 public:
  CapturedLog();
  ~CapturedLog();
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  [[nodiscard]] const log::Log& log() const { return *log_; }
  [[nodiscard]] std::string text() const;

 private:
  int fd_;
  std::unique_ptr<log::Log> log_;
};

/// The object of a payload in memory of the host, as a runtime takes it over.
class TakenObject {
 public:
  TakenObject() = default;
  explicit TakenObject(const conclib_payload& payload);
  TakenObject(TakenObject&& other) noexcept;
  TakenObject& operator=(TakenObject&& other) noexcept;
  ~TakenObject();

  [[nodiscard]] void* get() const { return object_; }
  [[nodiscard]] conclib_payload payload() const;
  /// A receiver has kept it.
  void release() { object_ = nullptr; }

 private:
  const conclib_object_type* type_ = nullptr;
  void* object_ = nullptr;
};

/// What an actor sent.
struct SentMessage {
  std::string urn;
  conclib_ref* to = nullptr;
  std::string type;
  std::uint32_t timeout_ms = 0;
  std::uint32_t flags = 0;
  TakenObject object;
  const conclib_object_type* object_type = nullptr;
  conclib_reply_fn on_reply = nullptr;
  void* user_data = nullptr;
  /// Of a forwarded request.
  conclib_reply_to* reply_to = nullptr;

  template <typename T>
  [[nodiscard]] const T& as() const {
    return *static_cast<const T*>(object.get());
  }
};

/// A stop or a watch that an actor asked for.
struct SentWish {
  std::string urn;
  conclib_ref* to = nullptr;
  std::uint32_t mode = 0;
  std::uint32_t timeout_ms = 0;
  conclib_reply_fn on_end = nullptr;
  void* user_data = nullptr;
};

struct StartedTimer {
  conclib_timer_spec spec{};
  bool cancelled = false;
};

/// A child that was asked for; it owns the argument.
struct SpawnedChild {
  const conclib_actor_type* type;
  std::string name;
  std::unique_ptr<void, void (*)(void*)> argument;
};

/// The functions of the host that belong to the runtime, for a FakeActor: they record.
void fill_actor_functions(conclib_host& host);

/// A host with one plugin that was never loaded, for actors that are compiled into the test.
struct FakeHost {
  FakeHost();

  CapturedLog log;
  conclib_host table{};
  conclib_plugin_handle handle;
};

[[nodiscard]] std::string encoded(const conclib_object_type& type, const void* object);

/// One actor of a type from a plugin's table, outside of any daemon.
class FakeActor {
 public:
  FakeActor(const conclib_actor_type& type, const conclib_host& host, conclib_plugin_handle& plugin,
            std::string urn, std::string key = "", void* plugin_data = nullptr,
            void* argument = nullptr);
  ~FakeActor();
  FakeActor(const FakeActor&) = delete;
  FakeActor& operator=(const FakeActor&) = delete;

  conclib_status create();
  conclib_status start();
  conclib_status stop();
  conclib_status idle() { return type_.idle(actor_, &context_); }
  conclib_status failed(conclib_status status, std::string_view text);
  /// Ends the object, as a host does that has stopped: with it end its timers and works.
  void destroy();

  /// Delivers encoded bytes or an object; `reply_to` null makes it a tell.
  conclib_status receive(std::string_view type, std::string_view body, conclib_reply_to* reply_to);
  conclib_status receive(conclib_payload payload, conclib_reply_to* reply_to);
  /// Calls back for the n-th ask, stop or watch.
  void reply(std::size_t ask, conclib_status status, std::string_view text,
             conclib_payload* payload);
  void end_stop(std::size_t stop, conclib_status status, std::string_view text);
  void end_watch(std::size_t watch, conclib_status status, std::string_view text);
  /// Calls the n-th timer, unless it was cancelled.
  conclib_status fire(std::size_t timer);
  /// Calls those completions that have been completed and not been called, if the actor lives.
  void run_completions();

  [[nodiscard]] bool alive() const { return actor_ != nullptr; }
  [[nodiscard]] void* object() const { return actor_; }
  /// A reference for the actor to find and list.
  conclib_ref& neighbour(std::string urn, std::string class_name);

  /// What the plugin last said with set_error.
  std::string error;
  std::vector<SentMessage> tells;
  std::vector<SentMessage> asks;
  std::vector<SentMessage> forwards;
  std::vector<SentWish> stops;
  std::vector<SentWish> watches;
  std::vector<void*> unwatched;
  std::vector<StartedTimer> timers;
  std::vector<SpawnedChild> children;
  std::deque<conclib_work> works;
  std::deque<conclib_completion> completions;
  std::vector<void*> awaited;
  std::vector<std::string> failures;
  std::vector<std::string> worker_failures;
  std::deque<conclib_ref> neighbours;
  conclib_ref self_ref{"urn", "", true, 1};
  std::uint64_t receive_timeout_ns = 0;
  std::uint64_t now_ns = 0;
  /// What the next sends come to, and why.
  conclib_status send_status = CONCLIB_OK;
  std::string send_error;
  std::uint32_t time_left_ms = UINT32_MAX;
  bool stop_asked = false;

  [[nodiscard]] static FakeActor& of(conclib_context* context);

 private:
  struct Context : conclib_context {
    FakeActor* owner = nullptr;
  };

  const conclib_actor_type& type_;
  std::string urn_;
  std::string key_;
  Context context_{};
  void* actor_ = nullptr;
};

}  // namespace conclib::testing

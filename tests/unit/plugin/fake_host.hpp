// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
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

/// What an actor sent.
struct SentMessage {
  std::string urn;
  std::string type;
  std::uint32_t timeout_ms = 0;
  std::uint32_t flags = 0;
  std::unique_ptr<void, void (*)(void*)> object{nullptr, nullptr};
  const conclib_object_type* object_type = nullptr;
  conclib_reply_fn on_reply = nullptr;
  void* user_data = nullptr;
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
            std::string urn, std::string key = "", void* plugin_data = nullptr);
  ~FakeActor();
  FakeActor(const FakeActor&) = delete;
  FakeActor& operator=(const FakeActor&) = delete;

  conclib_status create();
  conclib_status start();
  conclib_status stop();
  /// Ends the object, as a host does that has stopped.
  void destroy();

  /// Delivers encoded bytes or an object; `reply_to` null makes it a tell.
  conclib_status receive(std::string_view type, std::string_view body, conclib_reply_to* reply_to);
  conclib_status receive(conclib_payload payload, conclib_reply_to* reply_to);
  /// Calls back for the n-th ask.
  void reply(std::size_t ask, conclib_status status, std::string_view text,
             conclib_payload* payload);

  [[nodiscard]] bool alive() const { return actor_ != nullptr; }

  /// What the plugin last said with set_error.
  std::string error;
  std::vector<SentMessage> tells;
  std::vector<SentMessage> asks;
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

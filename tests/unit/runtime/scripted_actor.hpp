// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "conclib/plugin.h"
#include "daemon/runtime/payload.hpp"

namespace conclib::runtime {

struct ScriptedType;

/// What a scripted function sees.
struct Scene {
  conclib_context* context;
  ScriptedType* script;
  conclib_message* message = nullptr;

  [[nodiscard]] std::string_view urn() const { return view_of(context->urn); }
  [[nodiscard]] std::string_view key() const { return view_of(context->key); }
  [[nodiscard]] std::string_view type() const { return view_of(message->payload.type); }
  [[nodiscard]] std::string_view body() const {
    return {static_cast<const char*>(message->payload.body.data), message->payload.body.size};
  }
  [[nodiscard]] const conclib_host& host() const { return *context->host; }

  /// Fails with a text.
  conclib_status fail(std::string_view text, conclib_status status = CONCLIB_ACTOR_FAILED) const;
  conclib_status tell(std::string_view urn, std::string_view type, std::string_view body = {},
                      std::uint32_t flags = 0) const;
  conclib_status tell_object(std::string_view urn, void* object,
                             const conclib_object_type& type) const;
  using OnReply = std::function<void(const Scene&, conclib_status, std::string_view text,
                                     conclib_payload& reply)>;
  conclib_status ask(std::string_view urn, std::string_view type, OnReply on_reply,
                     std::uint32_t timeout_ms = 0, std::string_view body = {},
                     std::uint32_t flags = 0) const;
  /// Answers the message being handled.
  conclib_status respond(std::string_view type, std::string_view body = {}) const;
  /// Takes the handle, to answer later.
  [[nodiscard]] conclib_reply_to* take() const;
  [[nodiscard]] std::string last_error() const {
    return std::string(view_of(host().last_error(context)));
  }
};

/// Answers from any thread.
conclib_status respond_to(const conclib_host& host, conclib_reply_to* to, std::string_view type,
                          std::string_view body = {});

/// An actor type whose functions are given by a test. Not to be moved: its table points to it.
struct ScriptedType {
  explicit ScriptedType(std::string name);
  ScriptedType(const ScriptedType&) = delete;
  ScriptedType& operator=(const ScriptedType&) = delete;

  std::string urn;
  conclib_actor_type type{};
  std::function<conclib_status(const Scene&)> on_create = [](const Scene&) { return CONCLIB_OK; };
  std::function<conclib_status(const Scene&)> on_start = [](const Scene&) { return CONCLIB_OK; };
  std::function<conclib_status(const Scene&)> on_message = [](const Scene&) { return CONCLIB_OK; };
  std::function<conclib_status(const Scene&)> on_stop = [](const Scene&) { return CONCLIB_OK; };
  std::function<void()> on_destroy = [] {};

  /// The asks whose reply has not come. Any thread.
  std::mutex mutex;
  std::map<void*, std::unique_ptr<Scene::OnReply>> asks;
};

}  // namespace conclib::runtime

// SPDX-License-Identifier: MIT
#include "daemon/testkit/observed_calls.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "daemon/testkit/observed_plugin.hpp"

namespace conclib::testkit {
namespace {

using plugin::view_of;

/// What the call of a plugin said about its failure.
Failure failure_of(ObservedPlugin& plugin, const conclib_context& context, std::string_view at,
                   conclib_status status) {
  return {.actor = std::string(view_of(context.urn)),
          .message_type = std::string(at),
          .status = status,
          .text = plugin.said.empty() ? std::string("it did not say why") : plugin.said};
}

const conclib_actor_type& type_of(const conclib_context& context) {
  return *ObservedPlugin::of(&context).original_of(context.type);
}

std::string_view receiver_of(const ObservedPlugin& plugin, const conclib_outgoing& message) {
  const auto& host = plugin.runtime_host();
  return view_of(message.to ? host.ref_urn(message.to) : message.urn);
}

std::string_view type_name_of(const conclib_payload& payload) {
  return view_of(payload.object ? payload.object_type->name : payload.type);
}

void trace_send(const conclib_context* context, std::string_view verb,
                const conclib_outgoing* message) {
  auto& plugin = ObservedPlugin::of(context);
  plugin.record().trace(fmt::format("{} {} {} {}", view_of(context->urn), verb,
                                    receiver_of(plugin, *message), type_name_of(message->payload)));
}

conclib_status observed_tell(conclib_context* context, const conclib_outgoing* message) noexcept {
  trace_send(context, "tells", message);
  return ObservedPlugin::of(context).runtime_host().tell(context, message);
}

conclib_status observed_ask(conclib_context* context, const conclib_outgoing* message,
                            conclib_reply_fn on_reply, void* user_data) noexcept {
  trace_send(context, "asks", message);
  return ObservedPlugin::of(context).runtime_host().ask(context, message, on_reply, user_data);
}

conclib_status observed_spawn(conclib_context* context, const conclib_spawn* spawn,
                              conclib_ref** ref) noexcept {
  const auto& plugin = ObservedPlugin::of(context);
  auto spec = *spawn;
  spec.type = plugin.copy_of(spec.type);
  return plugin.runtime_host().spawn(context, &spec, ref);
}

void observed_end_work(conclib_context* context, conclib_work* work,
                       conclib_status status) noexcept {
  auto& plugin = ObservedPlugin::of(context);
  if (status != CONCLIB_OK) {
    plugin.record().fail(failure_of(plugin, *context, "work", status), true);
  }
  plugin.runtime_host().end_work(context, work, status);
}

std::uint64_t observed_monotonic_ns(conclib_plugin_handle* plugin) noexcept {
  const auto& clock = static_cast<ObservedPlugin*>(plugin)->clock();
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(clock.now().time_since_epoch()).count());
}

std::uint64_t observed_wall_ms(conclib_plugin_handle* plugin) noexcept {
  return static_cast<std::uint64_t>(static_cast<ObservedPlugin*>(plugin)->clock().wall().count());
}

}  // namespace

conclib_status observed_create(const conclib_actor_type* type, conclib_context* context,
                               void** actor) noexcept {
  auto& plugin = ObservedPlugin::of(context);
  const auto* original = plugin.original_of(type);
  // The actor sees its own table, as it does in a worker.
  context->type = original;
  const auto urn = std::string(view_of(context->urn));
  plugin.record().made(urn, context->restarts);
  plugin.said.clear();
  const auto status = original->create(original, context, actor);
  if (status == CONCLIB_OK) {
    ObservedObjects::current().add(*actor, {original, urn, &plugin.record()});
    if (!original->start) plugin.record().started(urn);
  } else {
    plugin.record().fail(failure_of(plugin, *context, "constructor", status));
  }
  return status;
}

conclib_status observed_start(void* actor, conclib_context* context) noexcept {
  auto& plugin = ObservedPlugin::of(context);
  auto& record = plugin.record();
  const auto urn = view_of(context->urn);
  record.trace(fmt::format("{} starts", urn));
  record.started(urn);
  plugin.said.clear();
  const auto status = type_of(*context).start(actor, context);
  if (status != CONCLIB_OK) {
    record.ended(urn);
    record.fail(failure_of(plugin, *context, "on_start", status));
  }
  return status;
}

conclib_status observed_receive(void* actor, conclib_context* context,
                                conclib_message* message) noexcept {
  auto& plugin = ObservedPlugin::of(context);
  const auto type = std::string(type_name_of(message->payload));
  const auto sender = view_of(message->sender);
  const bool is_tell = message->reply_to == nullptr;
  plugin.record().trace(fmt::format("{} takes {} {} from {}", view_of(context->urn),
                                    is_tell ? "tell" : "ask", type,
                                    sender.empty() ? "nobody" : sender));
  plugin.said.clear();
  const auto status = type_of(*context).receive(actor, context, message);
  if (status != CONCLIB_OK) {
    plugin.record().fail(failure_of(plugin, *context, type, status), is_tell);
  }
  return status;
}

conclib_status observed_stop(void* actor, conclib_context* context) noexcept {
  auto& plugin = ObservedPlugin::of(context);
  auto& record = plugin.record();
  record.trace(fmt::format("{} stops", view_of(context->urn)));
  record.ended(view_of(context->urn));
  plugin.said.clear();
  const auto status = type_of(*context).stop(actor, context);
  if (status != CONCLIB_OK) record.fail(failure_of(plugin, *context, "on_stop", status));
  return status;
}

void observed_destroy(void* actor) noexcept {
  const auto object = ObservedObjects::current().take(actor);
  object.record->ended(object.urn);
  object.record->trace(fmt::format("{} is destroyed", object.urn));
  object.type->destroy(actor);
}

conclib_status observed_failed(void* actor, conclib_context* context, conclib_status status,
                               conclib_str text) noexcept {
  auto& plugin = ObservedPlugin::of(context);
  plugin.record().hear({.actor = std::string(view_of(context->urn)),
                        .message_type = "callback",
                        .status = status,
                        .text = std::string(view_of(text))});
  const auto& type = type_of(*context);
  if (!type.failed) return CONCLIB_OK;
  plugin.said.clear();
  const auto outcome = type.failed(actor, context, status, text);
  if (outcome != CONCLIB_OK) {
    plugin.record().fail(failure_of(plugin, *context, "on_failure", outcome));
  }
  return outcome;
}

void observed_set_error(conclib_plugin_handle* handle, conclib_context* context,
                        conclib_str text) noexcept {
  auto& plugin = *static_cast<ObservedPlugin*>(handle);
  plugin.said = view_of(text);
  plugin.runtime_host().set_error(handle, context, text);
}

void fill_observed_calls(conclib_host& host) {
  host.tell = &observed_tell;
  host.ask = &observed_ask;
  host.monotonic_ns = &observed_monotonic_ns;
  host.wall_ms = &observed_wall_ms;
  host.spawn = &observed_spawn;
  host.end_work = &observed_end_work;
}

}  // namespace conclib::testkit

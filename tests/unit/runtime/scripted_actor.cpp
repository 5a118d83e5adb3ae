// SPDX-License-Identifier: MIT
#include "tests/unit/runtime/scripted_actor.hpp"

#include <memory>

namespace conclib::runtime {
namespace {

ScriptedType& script(void* actor) { return *static_cast<ScriptedType*>(actor); }

conclib_status create(const conclib_actor_type* type, conclib_context* context, void** actor) {
  *actor = type->type_data;
  return script(type->type_data).on_create({context, &script(type->type_data)});
}
conclib_status start(void* actor, conclib_context* context) {
  return script(actor).on_start({context, &script(actor)});
}
conclib_status receive(void* actor, conclib_context* context, conclib_message* message) {
  return script(actor).on_message({context, &script(actor), message});
}
conclib_status stop(void* actor, conclib_context* context) {
  return script(actor).on_stop({context, &script(actor)});
}
void destroy(void* actor) { script(actor).on_destroy(); }

void replied(void* actor, conclib_context* context, void* user_data, conclib_status status,
             conclib_str text, conclib_payload* reply) {
  std::unique_ptr<Scene::OnReply> on_reply;
  {
    const std::lock_guard lock(script(actor).mutex);
    auto ask = script(actor).asks.extract(user_data);
    on_reply = std::move(ask.mapped());
  }
  (*on_reply)({context, &script(actor)}, status, view_of(text), *reply);
}

conclib_outgoing outgoing(std::string_view urn, std::string_view type, std::string_view body) {
  conclib_outgoing message{};
  message.size = sizeof(message);
  message.urn = str_of(urn);
  message.payload.type = str_of(type);
  message.payload.body = {body.data(), body.size()};
  return message;
}

}  // namespace

ScriptedType::ScriptedType(std::string name) : urn(std::move(name)) {
  type.size = sizeof(type);
  type.urn = str_of(urn);
  type.type_data = this;
  type.create = create;
  type.start = start;
  type.receive = receive;
  type.stop = stop;
  type.destroy = destroy;
}

conclib_status Scene::fail(std::string_view text, conclib_status status) const {
  host().set_error(context->plugin, context, str_of(text));
  return status;
}

conclib_status Scene::tell(std::string_view to, std::string_view type, std::string_view body,
                           std::uint32_t flags) const {
  auto sent = outgoing(to, type, body);
  sent.flags = flags;
  return host().tell(context, &sent);
}

conclib_status Scene::tell_object(std::string_view to, void* object,
                                  const conclib_object_type& type) const {
  auto sent = outgoing(to, {}, {});
  sent.payload.object = object;
  sent.payload.object_type = &type;
  return host().tell(context, &sent);
}

conclib_status Scene::ask(std::string_view to, std::string_view type, OnReply on_reply,
                          std::uint32_t timeout_ms, std::string_view body,
                          std::uint32_t flags) const {
  auto sent = outgoing(to, type, body);
  sent.flags = flags;
  sent.timeout_ms = timeout_ms;
  auto owned = std::make_unique<OnReply>(std::move(on_reply));
  auto* const user_data = owned.get();
  const std::lock_guard lock(script->mutex);
  const auto status = host().ask(context, &sent, replied, user_data);
  if (status == CONCLIB_OK) script->asks.emplace(user_data, std::move(owned));
  return status;
}

conclib_status Scene::respond(std::string_view type, std::string_view body) const {
  return respond_to(host(), message->reply_to, type, body);
}

conclib_reply_to* Scene::take() const { return std::exchange(message->reply_to, nullptr); }

conclib_status respond_to(const conclib_host& host, conclib_reply_to* to, std::string_view type,
                          std::string_view body) {
  conclib_payload payload{};
  payload.type = str_of(type);
  payload.body = {body.data(), body.size()};
  return host.respond(to, CONCLIB_OK, &payload, {nullptr, 0});
}

}  // namespace conclib::runtime

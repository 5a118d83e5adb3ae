// SPDX-License-Identifier: MIT
#include "tests/unit/plugin/fake_host.hpp"

#include <array>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "daemon/plugin/host_services.hpp"

namespace conclib::testing {

namespace {

using plugin::view_of;

SentMessage taken(const conclib_outgoing& message) {
  SentMessage sent;
  sent.urn = view_of(message.urn);
  sent.type = view_of(message.payload.type);
  sent.timeout_ms = message.timeout_ms;
  sent.flags = message.flags;
  sent.object_type = message.payload.object_type;
  sent.object = {message.payload.object, message.payload.object_type->destroy};
  return sent;
}

conclib_status tell(conclib_context* context, const conclib_outgoing* message) {
  auto& actor = FakeActor::of(context);
  auto sent = taken(*message);
  if (actor.send_status == CONCLIB_OK) actor.tells.push_back(std::move(sent));
  return actor.send_status;
}

conclib_status ask(conclib_context* context, const conclib_outgoing* message,
                   conclib_reply_fn on_reply, void* user_data) {
  auto& actor = FakeActor::of(context);
  auto sent = taken(*message);
  sent.on_reply = on_reply;
  sent.user_data = user_data;
  if (actor.send_status == CONCLIB_OK) actor.asks.push_back(std::move(sent));
  return actor.send_status;
}

conclib_status respond(conclib_reply_to* reply_to, conclib_status status,
                       const conclib_payload* payload, conclib_str text) {
  reply_to->answered = true;
  reply_to->status = status;
  reply_to->text = view_of(text);
  if (payload == nullptr) return CONCLIB_OK;
  reply_to->type = view_of(payload->type);
  reply_to->object_type = payload->object_type;
  if (payload->object == nullptr) {
    reply_to->body.assign(static_cast<const char*>(payload->body.data), payload->body.size);
  } else {
    reply_to->body = encoded(*payload->object_type, payload->object);
    payload->object_type->destroy(payload->object);
  }
  return CONCLIB_OK;
}

void drop(conclib_reply_to* reply_to) { reply_to->dropped = true; }

std::uint32_t time_left_ms(conclib_context* context) { return FakeActor::of(context).time_left_ms; }

conclib_status stop_self(conclib_context* context) {
  FakeActor::of(context).stop_asked = true;
  return CONCLIB_OK;
}

void set_error(conclib_plugin_handle* /*plugin*/, conclib_context* context, conclib_str text) {
  FakeActor::of(context).error = view_of(text);
}

conclib_str last_error(conclib_context* context) {
  const auto& text = FakeActor::of(context).send_error;
  return {text.data(), text.size()};
}

}  // namespace

CapturedLog::CapturedLog()
    : fd_(::memfd_create("log", MFD_CLOEXEC)),
      log_(std::make_unique<log::Log>(log::Level::debug, "test", fd_, log::Format::journal)) {}

CapturedLog::~CapturedLog() { ::close(fd_); }

std::string CapturedLog::text() const {
  std::string all;
  std::array<char, 4096> part{};
  for (off_t at = 0;;) {
    const auto size = ::pread(fd_, part.data(), part.size(), at);
    if (size <= 0) return all;
    all.append(part.data(), static_cast<std::size_t>(size));
    at += size;
  }
}

FakeHost::FakeHost() {
  fill_actor_functions(table);
  handle.set_context_error = table.set_error;
  plugin::fill_services(table);
  handle.name = "test";
  handle.log = &log.log();
}

void fill_actor_functions(conclib_host& host) {
  host.tell = &tell;
  host.ask = &ask;
  host.respond = &respond;
  host.drop = &drop;
  host.time_left_ms = &time_left_ms;
  host.stop_self = &stop_self;
  host.set_error = &set_error;
  host.last_error = &last_error;
}

std::string encoded(const conclib_object_type& type, const void* object) {
  std::string bytes;
  const conclib_writer writer{&bytes, [](void* target, const void* piece, std::size_t size) {
                                static_cast<std::string*>(target)->append(
                                    static_cast<const char*>(piece), size);
                              }};
  if (type.encode(object, &writer) != CONCLIB_OK) return "not encoded";
  return bytes;
}

FakeActor::FakeActor(const conclib_actor_type& type, const conclib_host& host,
                     conclib_plugin_handle& plugin, std::string urn, std::string key,
                     void* plugin_data)
    : type_(type), urn_(std::move(urn)), key_(std::move(key)) {
  context_.size = sizeof(conclib_context);
  context_.host = &host;
  context_.plugin = &plugin;
  context_.plugin_data = plugin_data;
  context_.urn = {urn_.data(), urn_.size()};
  context_.key = {key_.data(), key_.size()};
  context_.owner = this;
}

FakeActor::~FakeActor() { destroy(); }

FakeActor& FakeActor::of(conclib_context* context) {
  return *static_cast<Context*>(context)->owner;
}

conclib_status FakeActor::create() { return type_.create(&type_, &context_, &actor_); }
conclib_status FakeActor::start() { return type_.start(actor_, &context_); }
conclib_status FakeActor::stop() { return type_.stop(actor_, &context_); }

void FakeActor::destroy() {
  if (auto* const actor = std::exchange(actor_, nullptr); actor != nullptr) type_.destroy(actor);
}

conclib_status FakeActor::receive(std::string_view type, std::string_view body,
                                  conclib_reply_to* reply_to) {
  return receive({{type.data(), type.size()}, {body.data(), body.size()}, nullptr, nullptr},
                 reply_to);
}

conclib_status FakeActor::receive(conclib_payload payload, conclib_reply_to* reply_to) {
  conclib_message message{sizeof(conclib_message), payload, reply_to, CONCLIB_STR_INIT("id-1"),
                          CONCLIB_STR_INIT("sender")};
  const auto status = type_.receive(actor_, &context_, &message);
  if (message.reply_to != nullptr) {
    message.reply_to->status = status == CONCLIB_OK ? CONCLIB_NO_REPLY : status;
    message.reply_to->text = error;
  }
  if (message.payload.object != nullptr) {
    message.payload.object_type->destroy(message.payload.object);
  }
  return status;
}

void FakeActor::reply(std::size_t ask, conclib_status status, std::string_view text,
                      conclib_payload* payload) {
  const auto& sent = asks.at(ask);
  sent.on_reply(actor_, &context_, sent.user_data, status, {text.data(), text.size()}, payload);
  if (payload != nullptr && payload->object != nullptr) {
    payload->object_type->destroy(payload->object);
  }
}

}  // namespace conclib::testing

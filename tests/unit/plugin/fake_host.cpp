// SPDX-License-Identifier: MIT
#include "tests/unit/plugin/fake_host.hpp"

#include <array>
#include <new>
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
  sent.to = message.to;
  sent.type = view_of(message.payload.type);
  sent.timeout_ms = message.timeout_ms;
  sent.flags = message.flags;
  sent.object_type = message.payload.object_type;
  sent.object = TakenObject(message.payload);
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
    const TakenObject object(*payload);
    reply_to->body = encoded(*payload->object_type, object.get());
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

conclib_ref* self(conclib_context* context) {
  auto& ref = FakeActor::of(context).self_ref;
  ++ref.count;
  return &ref;
}

conclib_ref* find(conclib_context* context, conclib_str urn) {
  for (auto& ref : FakeActor::of(context).neighbours) {
    if (ref.urn != view_of(urn)) continue;
    ++ref.count;
    return &ref;
  }
  return nullptr;
}

void ref_retain(conclib_ref* ref) { ++ref->count; }
void ref_release(conclib_ref* ref) { --ref->count; }
int ref_alive(const conclib_ref* ref) { return ref->alive ? 1 : 0; }
conclib_str ref_urn(const conclib_ref* ref) { return {ref->urn.data(), ref->urn.size()}; }
conclib_str ref_class(const conclib_ref* ref) {
  return {ref->class_name.data(), ref->class_name.size()};
}

std::size_t list(conclib_context* context, conclib_str class_name,
                 void (*visit)(void* user_data, conclib_ref* ref), void* user_data) {
  std::size_t count = 0;
  for (auto& ref : FakeActor::of(context).neighbours) {
    if (class_name.size > 0 && ref.class_name != view_of(class_name)) continue;
    ++count;
    if (visit != nullptr) visit(user_data, &ref);
  }
  return count;
}

conclib_status spawn(conclib_context* context, const conclib_spawn* spawn, conclib_ref** ref) {
  auto& actor = FakeActor::of(context);
  std::unique_ptr<void, void (*)(void*)> argument(spawn->argument, spawn->destroy_argument);
  if (actor.send_status != CONCLIB_OK) return actor.send_status;
  actor.children.push_back({spawn->type, std::string(view_of(spawn->name)), std::move(argument)});
  auto& made = actor.neighbour("urn#" + actor.children.back().name,
                               std::string(view_of(spawn->type->class_name)));
  if (ref != nullptr) {
    ++made.count;
    *ref = &made;
  }
  return CONCLIB_OK;
}

conclib_status stop_actor(conclib_context* context, const conclib_stop* stop,
                          conclib_reply_fn on_end, void* user_data) {
  auto& actor = FakeActor::of(context);
  if (actor.send_status != CONCLIB_OK) return actor.send_status;
  actor.stops.push_back(
      {std::string(view_of(stop->urn)), stop->to, stop->mode, stop->timeout_ms, on_end, user_data});
  return CONCLIB_OK;
}

conclib_status watch(conclib_context* context, conclib_ref* to, conclib_str urn,
                     conclib_reply_fn on_end, void* user_data) {
  auto& actor = FakeActor::of(context);
  if (actor.send_status != CONCLIB_OK) return actor.send_status;
  actor.watches.push_back({std::string(view_of(urn)), to, 0, 0, on_end, user_data});
  return CONCLIB_OK;
}

void unwatch(conclib_context* context, void* user_data) {
  FakeActor::of(context).unwatched.push_back(user_data);
}

std::uint64_t timer_start(conclib_context* context, const conclib_timer_spec* spec) {
  auto& actor = FakeActor::of(context);
  if (actor.send_status != CONCLIB_OK) {
    spec->destroy(spec->user_data);
    return 0;
  }
  actor.timers.push_back({*spec});
  return actor.timers.size();
}

void timer_cancel(conclib_context* context, std::uint64_t timer) {
  FakeActor::of(context).timers.at(timer - 1).cancelled = true;
}

void receive_timeout(conclib_context* context, std::uint64_t timeout_ns) {
  FakeActor::of(context).receive_timeout_ns = timeout_ns;
}

conclib_work* begin_work(conclib_context* context, std::uint32_t flags) {
  return &FakeActor::of(context).works.emplace_back(flags);
}

void end_work(conclib_context*, conclib_work* work, conclib_status status) { work->ended = status; }

void await_reply(conclib_context* context, void* user_data) {
  FakeActor::of(context).awaited.push_back(user_data);
}

conclib_completion* completion(conclib_context* context, conclib_call_fn call, void* user_data) {
  auto& made = FakeActor::of(context).completions.emplace_back();
  made.call = call;
  made.user_data = user_data;
  return &made;
}

void complete(conclib_completion* completion) { completion->completed = true; }

conclib_status forward(conclib_context* context, conclib_reply_to* reply_to,
                       const conclib_outgoing* message) {
  auto& actor = FakeActor::of(context);
  auto sent = taken(*message);
  sent.reply_to = reply_to;
  actor.forwards.push_back(std::move(sent));
  return actor.send_status;
}

void fail(conclib_context* context, conclib_status, conclib_str text) {
  FakeActor::of(context).failures.emplace_back(view_of(text));
}

void fail_worker(conclib_context* context, conclib_str text) {
  FakeActor::of(context).worker_failures.emplace_back(view_of(text));
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
  host.self = &self;
  host.find = &find;
  host.ref_retain = &ref_retain;
  host.ref_release = &ref_release;
  host.ref_alive = &ref_alive;
  host.ref_urn = &ref_urn;
  host.ref_class = &ref_class;
  host.list = &list;
  host.spawn = &spawn;
  host.stop_actor = &stop_actor;
  host.watch = &watch;
  host.unwatch = &unwatch;
  host.timer_start = &timer_start;
  host.timer_cancel = &timer_cancel;
  host.receive_timeout = &receive_timeout;
  host.begin_work = &begin_work;
  host.end_work = &end_work;
  host.await_reply = &await_reply;
  host.completion = &completion;
  host.complete = &complete;
  host.forward = &forward;
  host.fail = &fail;
  host.fail_worker = &fail_worker;
}

TakenObject::TakenObject(const conclib_payload& payload) : type_(payload.object_type) {
  if (type_->move == nullptr) {
    object_ = payload.object;
    return;
  }
  object_ = ::operator new (type_->object_size, std::align_val_t{16});
  type_->move(object_, payload.object);
}

TakenObject::TakenObject(TakenObject&& other) noexcept
    : type_(other.type_), object_(std::exchange(other.object_, nullptr)) {}

TakenObject& TakenObject::operator=(TakenObject&& other) noexcept {
  TakenObject old(std::move(*this));
  type_ = other.type_;
  object_ = std::exchange(other.object_, nullptr);
  return *this;
}

TakenObject::~TakenObject() {
  if (object_ == nullptr) return;
  if (type_->move == nullptr) {
    type_->destroy(object_);
    return;
  }
  type_->destruct(object_);
  ::operator delete (object_, std::align_val_t{16});
}

conclib_payload TakenObject::payload() const { return {type_->name, {nullptr, 0}, object_, type_}; }

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
                     void* plugin_data, void* argument)
    : type_(type), urn_(std::move(urn)), key_(std::move(key)) {
  context_.size = sizeof(conclib_context);
  context_.host = &host;
  context_.plugin = &plugin;
  context_.plugin_data = plugin_data;
  context_.urn = {urn_.data(), urn_.size()};
  context_.key = {key_.data(), key_.size()};
  context_.type = &type_;
  context_.argument = argument;
  context_.owner = this;
}

FakeActor::~FakeActor() { destroy(); }

FakeActor& FakeActor::of(conclib_context* context) {
  return *static_cast<Context*>(context)->owner;
}

conclib_status FakeActor::create() { return type_.create(&type_, &context_, &actor_); }
conclib_status FakeActor::start() { return type_.start(actor_, &context_); }
conclib_status FakeActor::stop() { return type_.stop(actor_, &context_); }

conclib_status FakeActor::failed(conclib_status status, std::string_view text) {
  return type_.failed(actor_, &context_, status, {text.data(), text.size()});
}

void FakeActor::destroy() {
  auto* const actor = std::exchange(actor_, nullptr);
  if (actor == nullptr) return;
  type_.destroy(actor);
  for (const auto& timer : std::exchange(timers, {})) {
    if (timer.spec.destroy != nullptr) timer.spec.destroy(timer.spec.user_data);
  }
}

conclib_status FakeActor::receive(std::string_view type, std::string_view body,
                                  conclib_reply_to* reply_to) {
  return receive({{type.data(), type.size()}, {body.data(), body.size()}, nullptr, nullptr},
                 reply_to);
}

conclib_status FakeActor::receive(conclib_payload payload, conclib_reply_to* reply_to) {
  TakenObject object = payload.object == nullptr ? TakenObject() : TakenObject(payload);
  if (object.get() != nullptr) payload = object.payload();
  conclib_message message{sizeof(conclib_message), payload, reply_to, CONCLIB_STR_INIT("id-1"),
                          CONCLIB_STR_INIT("sender")};
  const auto status = type_.receive(actor_, &context_, &message);
  if (message.reply_to != nullptr) {
    message.reply_to->status = status == CONCLIB_OK ? CONCLIB_NO_REPLY : status;
    message.reply_to->text = error;
  }
  if (payload.object != nullptr && message.payload.object == nullptr) object.release();
  return status;
}

void FakeActor::reply(std::size_t ask, conclib_status status, std::string_view text,
                      conclib_payload* payload) {
  // A copy: the callback may ask again.
  const auto on_reply = asks.at(ask).on_reply;
  auto* const user_data = asks.at(ask).user_data;
  TakenObject object;
  conclib_payload taken{};
  if (payload != nullptr) {
    taken = *payload;
    if (payload->object != nullptr) {
      object = TakenObject(*payload);
      taken = object.payload();
    }
    payload = &taken;
  }
  on_reply(actor_, &context_, user_data, status, {text.data(), text.size()}, payload);
}

void FakeActor::end_stop(std::size_t stop, conclib_status status, std::string_view text) {
  const auto wish = stops.at(stop);
  wish.on_end(actor_, &context_, wish.user_data, status, {text.data(), text.size()}, nullptr);
}

void FakeActor::end_watch(std::size_t watch, conclib_status status, std::string_view text) {
  const auto wish = watches.at(watch);
  wish.on_end(actor_, &context_, wish.user_data, status, {text.data(), text.size()}, nullptr);
}

conclib_status FakeActor::fire(std::size_t timer) {
  const auto started = timers.at(timer);
  if (started.cancelled) return CONCLIB_OK;
  return started.spec.call(actor_, &context_, started.spec.user_data);
}

void FakeActor::run_completions() {
  for (auto& completion : completions) {
    if (!completion.completed || completion.called || actor_ == nullptr) continue;
    completion.called = true;
    completion.call(actor_, &context_, completion.user_data);
  }
}

conclib_ref& FakeActor::neighbour(std::string urn, std::string class_name) {
  auto& ref = neighbours.emplace_back();
  ref.urn = std::move(urn);
  ref.class_name = std::move(class_name);
  return ref;
}

}  // namespace conclib::testing

// SPDX-License-Identifier: MIT
#include "daemon/testkit/kit.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "daemon/plugin/table_check.hpp"
#include "proto/assert.hpp"
#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"
#include "proto/urn.hpp"

namespace conclib::testkit {
namespace {

using proto::fail;
using proto::Result;
using proto::Status;

constexpr std::uint32_t partitions = 4;

runtime::RuntimeOptions runtime_options(const KitOptions& options) {
  runtime::RuntimeOptions with;
  with.partitions = partitions;
  with.ask_timeout = options.ask_timeout;
  with.stepped = true;
  with.unknown_types_outside = true;
  // The order of turns is then that of messages.
  with.messages_per_turn = 1;
  return with;
}

std::chrono::duration<double, std::milli> in_ms(std::chrono::nanoseconds time) { return time; }

}  // namespace

Kit::Kit(KitOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      record_(clock_),
      runtime_(runtime_options(options_), clock_, random_, *this, log_.log()) {
  runtime::Runtime::fill_host_table(runtime_host_);
}

Kit::~Kit() {
  const ObservedObjects::Scope scope(objects_);
  // What does not end by itself is destroyed all the same.
  (void)drain();
  runtime_.stop();
  for (auto plugin = plugins_.rbegin(); plugin != plugins_.rend(); ++plugin) (*plugin)->unload();
}

Result<void> Kit::add(const conclib_plugin* table) {
  const ObservedObjects::Scope scope(objects_);
  if (started_) return fail(Status::bad_argument, "actors are added before the first message");
  if (auto checked = plugin::check_table(table); !checked) return checked;
  plugins_.push_back(std::make_unique<ObservedPlugin>(*table, runtime_host_, record_, clock_,
                                                      log_.log(), options_.settings));
  auto types = plugins_.back()->load();
  if (!types) return tl::unexpected(types.error());
  for (auto& type : *types) {
    if (auto added = runtime_.add_type(std::move(type)); !added) return added;
  }
  return {};
}

Result<void> Kit::start() {
  if (stopped_) return fail(Status::shutting_down, "the kit was stopped");
  if (std::exchange(started_, true)) return {};
  runtime_.start();
  for (std::uint32_t i = 0; i < partitions; ++i) runtime_.open(i);
  return {};
}

std::unique_ptr<runtime::QueuedRequest> Kit::queued(const Sending& sending, std::uint64_t ask) {
  const auto id = fmt::format("kit-{}", ++entries_);
  proto::Request request;
  request.kind = ask == 0 ? proto::Kind::tell : proto::Kind::ask;
  request.id = id;
  request.urn = sending.urn;
  request.type = sending.type;
  request.body = sending.body.empty() ? std::string_view("\x80") : sending.body;
  request.source = sending.sender;
  const auto reply_key = fmt::format("conclib:{{kit:0}}:r:kit:{}", ask);
  if (ask != 0) {
    request.reply_key = reply_key;
    request.ttl_ms = proto::limits::ask_ttl_ms_max;
  }
  auto queued = std::make_unique<runtime::QueuedRequest>();
  queued->bytes = proto::encode_request(request);
  queued->at = {.partition = proto::partition_of(sending.urn, partitions),
                .entry = {.ms = ask, .sequence = entries_}};
  return queued;
}

Result<void> Kit::tell(const Sending& sending) {
  const ObservedObjects::Scope scope(objects_);
  if (auto started = start(); !started) return started;
  auto request = queued(sending, 0);
  auto decoded = proto::decode_request(request->bytes, proto::limits::envelope_bytes_max);
  if (!decoded) return fail(Status::bad_argument, decoded.error().text);
  request->request = *decoded;
  record_.trace(fmt::format("test tells {} {}", sending.urn, sending.type));
  refused_.reset();
  delivering_ = request->at.entry.sequence;
  runtime_.deliver(std::move(request));
  delivering_ = 0;
  if (refused_) return tl::unexpected(*std::exchange(refused_, std::nullopt));
  return {};
}

Result<std::uint64_t> Kit::ask(const Sending& sending) {
  const ObservedObjects::Scope scope(objects_);
  if (auto started = start(); !started) return tl::unexpected(started.error());
  const auto number = entries_ + 1;
  auto request = queued(sending, number);
  auto decoded = proto::decode_request(request->bytes, proto::limits::envelope_bytes_max);
  if (!decoded) return fail(Status::bad_argument, decoded.error().text);
  request->request = *decoded;
  const std::chrono::nanoseconds by_default = options_.ask_timeout;
  const auto timeout = sending.timeout.count() == 0 ? by_default : sending.timeout;
  request->deadline = clock_.now() + timeout;
  record_.trace(fmt::format("test asks {} {}", sending.urn, sending.type));
  asks_.emplace(number, PendingAsk{.urn = std::string(sending.urn),
                                   .type = std::string(sending.type),
                                   .deadline = request->deadline});
  runtime_.deliver(std::move(request));
  return number;
}

bool Kit::answered(std::uint64_t ask) const {
  const auto found = asks_.find(ask);
  return found != asks_.end() && found->second.reply;
}

Result<Reply> Kit::await(std::uint64_t number) {
  const ObservedObjects::Scope scope(objects_);
  const auto found = asks_.find(number);
  if (found == asks_.end()) return fail(Status::bad_argument, "there is no such ask");
  auto& ask = found->second;
  auto turns_left = options_.turns_max;
  while (!ask.reply) {
    if (auto ran = run_until([&] { return ask.reply.has_value(); }, turns_left); !ran) {
      return tl::unexpected(ran.error());
    }
    if (ask.reply) break;
    if (clock_.now() >= ask.deadline) {
      ask.reply = timed_out(ask);
      break;
    }
    const auto when = next_timer_ ? std::min(*next_timer_, ask.deadline) : ask.deadline;
    if (auto fired = fire(when, turns_left); !fired) return tl::unexpected(fired.error());
  }
  auto reply = std::move(*ask.reply);
  asks_.erase(found);
  return reply;
}

Reply Kit::timed_out(const PendingAsk& ask) const {
  auto text = fmt::format("{} did not answer {}: nothing is ready", ask.urn, ask.type);
  if (next_timer_) {
    text += fmt::format(", the next timer is due {} ms after the deadline",
                        in_ms(*next_timer_ - ask.deadline).count());
  } else {
    text += ", no timer is set";
  }
  for (const auto& letter : post_.unanswered()) {
    text += fmt::format("; {} waits for an answer of the probe {} to {}", letter.from, letter.to,
                        letter.type);
  }
  return {.status = Status::timeout, .type = {}, .body = {}, .text = std::move(text)};
}

template <typename Done>
Result<void> Kit::run_until(const Done& done, std::uint64_t& turns_left) {
  while (!done() && step()) {
    if (auto used = use(turns_left); !used) return used;
  }
  return {};
}

Result<void> Kit::use(std::uint64_t& turns_left) const {
  if (turns_left-- > 1) return {};
  turns_left = 1;
  return fail(Status::overloaded,
              fmt::format("gave up after {} turns without an end, the last one of {}: does an "
                          "actor send to itself for ever?",
                          options_.turns_max, last_turn_));
}

bool Kit::step() {
  // A letter on its way arrives at some time, as it does over the queue.
  const bool mail_first = post_.has_mail() && (random_.next() & 1) != 0;
  if (!mail_first) {
    std::string turn;
    if (runtime_.step(&turn)) {
      record_.trace(fmt::format("{} ends its turn", turn));
      last_turn_ = std::move(turn);
      return true;
    }
    if (!post_.has_mail()) return false;
  }
  bring(post_.collect());
  return true;
}

void Kit::bring(Letter letter) {
  const auto urn = proto::parse_urn(letter.to);
  if (letter.ask == 0 && !stopped_ && urn && serves(*urn)) {
    // A durable tell comes back through the queue.
    if (const auto told = tell({letter.to, letter.type, letter.body, letter.from}); !told) {
      record_.bury({letter.to, letter.type, conclib_status(told.error().code), told.error().text});
    }
    return;
  }
  if (const auto nobody = post_.deliver(std::move(letter))) {
    runtime_.deliver_reply(nobody->id, Status::no_actor, {}, {},
                           fmt::format("the kit has no actor and no probe {}", nobody->to));
  }
}

bool Kit::serves(const proto::Urn& urn) const {
  for (const auto& type : runtime_.type_urns()) {
    const auto brace = type.find('{');
    const bool keyed = brace != type.npos;
    const auto name = std::string_view(type).substr(0, keyed ? brace : type.npos);
    if (keyed ? urn.text.starts_with(name) : urn.placed() == name) return true;
  }
  return false;
}

Result<void> Kit::run() {
  // What is due now is ready, such as the first tick of a ticker.
  return advance(std::chrono::nanoseconds(0));
}

Result<void> Kit::fire(runtime::TimePoint when, std::uint64_t& turns_left) {
  clock_.move_to(when);
  record_.trace("timers");
  next_timer_ = runtime_.fire_timers();
  return use(turns_left);
}

Result<void> Kit::advance(std::chrono::nanoseconds by) {
  const ObservedObjects::Scope scope(objects_);
  if (auto started = start(); !started) return started;
  const auto target = clock_.now() + by;
  auto turns_left = options_.turns_max;
  for (;;) {
    if (auto ran = run_until([] { return false; }, turns_left); !ran) return ran;
    if (!next_timer_ || *next_timer_ > target) break;
    if (auto fired = fire(*next_timer_, turns_left); !fired) return fired;
  }
  clock_.move_to(target);
  return {};
}

Result<void> Kit::stop() {
  if (stopped_) return {};
  if (auto ran = run(); !ran) return ran;
  const ObservedObjects::Scope scope(objects_);
  return drain();
}

Result<void> Kit::drain() {
  if (std::exchange(stopped_, true) || !started_) return {};
  for (std::uint32_t i = 0; i < partitions; ++i) runtime_.drain(i, [this] { ++drained_; });
  const auto all = [this] { return drained_ == partitions; };
  auto turns_left = options_.turns_max;
  while (!all()) {
    if (auto ran = run_until(all, turns_left); !ran) return ran;
    if (all()) break;
    if (!next_timer_) return fail(Status::timeout, "an actor that is to stop waits for ever");
    if (auto fired = fire(*next_timer_, turns_left); !fired) return fired;
  }
  // What they sent at the end.
  return run_until([] { return false; }, turns_left);
}

Result<void> Kit::add_probe(std::string_view urn, Listener listener) {
  const auto parsed = proto::parse_urn(urn);
  if (!parsed) return tl::unexpected(parsed.error());
  if (serves(*parsed)) {
    return fail(Status::bad_argument, fmt::format("an actor of the kit serves {}", urn));
  }
  post_.add_probe(urn, std::move(listener));
  return {};
}

Result<void> Kit::answer(std::uint64_t ask, const Reply& reply) {
  const ObservedObjects::Scope scope(objects_);
  const auto id = post_.settle(ask);
  if (!id) return fail(Status::already_responded, "this ask has been answered, or is none");
  runtime_.deliver_reply(*id, reply.status, reply.type, reply.body, reply.text);
  return {};
}

std::vector<Failure> Kit::dead_letters() const {
  auto letters = record_.dead_letters();
  for (auto& letter : runtime_.dead_letters()) {
    letters.push_back({.actor = std::move(letter.urn),
                       .message_type = std::move(letter.type),
                       .status = conclib_status(letter.status),
                       .text = std::move(letter.reason)});
  }
  return letters;
}

std::uint64_t Kit::counter(std::string_view name) const {
  for (const auto& plugin : plugins_) {
    for (const auto& [known, number] : plugin->metrics.numbers()) {
      if (known == name) return number;
    }
  }
  return 0;
}

void Kit::complete(runtime::Completion completion) {
  const auto& queued = *completion.queued;
  if (queued.request.kind != proto::Kind::ask) {
    if (completion.status == Status::ok) return;
    if (queued.at.entry.sequence == delivering_) {
      refused_ = proto::Error{completion.status, completion.text};
      return;
    }
    record_.bury({.actor = std::string(queued.request.urn),
                  .message_type = std::string(queued.request.type),
                  .status = conclib_status(completion.status),
                  .text = completion.text});
    return;
  }
  const auto found = asks_.find(queued.at.entry.ms);
  if (found == asks_.end()) return;  // The test has given up.
  record_.trace(fmt::format("{} answers the test: {} {}", found->second.urn,
                            proto::status_name(completion.status), completion.text));
  const auto reply = proto::decode_reply(completion.reply);
  CONCLIB_ASSERT(reply.has_value());
  found->second.reply = Reply{.status = reply->status,
                              .type = std::string(reply->type),
                              .body = std::string(reply->body),
                              .text = std::string(reply->text)};
}

Result<void> Kit::push(runtime::OutboundMessage message) {
  post_.send(std::move(message));
  return {};
}

void Kit::schedule(runtime::TimePoint when) {
  if (!next_timer_ || when < *next_timer_) next_timer_ = when;
}

}  // namespace conclib::testkit

// SPDX-License-Identifier: MIT
#include "sdk/src/ask.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "sdk/src/command.hpp"
#include "sdk/src/liveness.hpp"

namespace conclib::sdk {

using proto::Error;
using proto::fail;
using proto::Result;
using proto::Status;

namespace {

/// What a caller is kept beyond its deadline at most, to be told whether any node is alive.
constexpr Milliseconds liveness_time_max{150};

}  // namespace

Ask::Ask(Client& client, const Message& message)
    : client_(client),
      message_(message),
      timeout_(message.timeout == Milliseconds::zero() ? client.default_timeout_ : message.timeout),
      deadline_(Clock::now() + timeout_),
      give_up_(deadline_ - timeout_ + std::min(timeout_, client.connect_timeout_)) {}

Result<Answer> Ask::run() {
  if (auto result = check(); !result) return tl::unexpected(result.error());
  for (;;) {
    const auto step = push();
    if (step == Step::push_again) continue;
    if (step == Step::end) return tl::unexpected(std::move(error_));
    auto answer = wait();
    lease_.reset();
    if (answer) return answer;
    if (answer.error().code == Status::timeout) return tl::unexpected(explain_timeout());
    if (answer.error().code != Status::wrong_partition) return answer;
    const auto has_changed = client_.refresh_partitions(deadline_);
    if (!has_changed || !*has_changed) return answer;
  }
}

Result<void> Ask::check() {
  if (auto result = client_.enter_process(); !result) return result;
  if (timeout_ > Milliseconds(proto::limits::ask_ttl_ms_max)) {
    return fail(Status::bad_argument, "the time-out of an ask is longer than 24 hours");
  }
  return check_message(message_);
}

Ask::Step Ask::push() {
  auto lease = client_.prepare(give_up_);
  if (!lease) return ended(lease.error());
  lease_.emplace(std::move(*lease));
  const auto partition = client_.partition_of(message_.urn);
  id_ = client_.ids_.next();
  queue_ = client_.keys_.queue(partition);
  reply_key_ = client_.keys_.reply(partition, client_.app_, id_->hex());
  const auto request = client_.envelope(message_, *id_, reply_key_, deadline_);
  if (!request) {
    lease_->keep();
    return ended(request.error());
  }
  return send(*request, client_.clock_.take_refresh(Clock::now()));
}

Ask::Step Ask::send(std::string_view request, bool refreshes_clock) {
  auto& connection = **lease_;
  auto& commands = connection.pipeline();
  if (refreshes_clock) append_command(commands, {"TIME"});
  append_command(commands, {"XADD", queue_, "NOMKSTREAM", "*", "e", request});
  const auto pushed_size = commands.size();
  append_command(commands, {"BLPOP", reply_key_, seconds_left()});
  const auto sent_at = Clock::now();
  if (const auto sent = connection.send(deadline_); !sent) {
    // Redis runs no command of which it has only a part.
    return connection.sent() < pushed_size ? not_pushed(sent.error()) : Step::wait;
  }
  return read_push(refreshes_clock, sent_at);
}

Ask::Step Ask::read_push(bool refreshes_clock, Deadline sent_at) {
  auto& connection = **lease_;
  if (refreshes_clock) {
    const auto time = connection.receive(deadline_);
    if (!time) return Step::wait;
    client_.clock_.learn(**time, sent_at, Clock::now());
  }
  const auto reply = connection.receive(deadline_);
  if (!reply) return Step::wait;
  if (auto result = check_push(**reply); !result) return ended(result.error());
  if ((*reply)->type == REDIS_REPLY_STRING) return Step::wait;
  // The connection stands in its BLPOP now, so what follows needs another one.
  lease_.reset();
  if (auto result = client_.queue_is_missing(queue_, backoff_, deadline_ - timeout_, give_up_);
      !result) {
    return ended(result.error());
  }
  return Step::push_again;
}

Result<Answer> Ask::wait() {
  for (;;) {
    if (!(*lease_)->is_open()) {
      if (auto result = pop_again(); !result) return tl::unexpected(result.error());
      // It may be lost again already.
      continue;
    }
    auto reply = (*lease_)->receive(deadline_);
    if (!reply) {
      if (Clock::now() >= deadline_) return fail(Status::timeout, {});
      continue;
    }
    if ((*reply)->type == REDIS_REPLY_ERROR) {
      const std::string text(text_of(**reply));
      (*lease_)->close();
      // An operator's CLIENT UNBLOCK, or a Redis that has just become a replica.
      if (text.compare(0, 9, "UNBLOCKED") == 0) continue;
      // A Redis that has just come back reads its file first; the request is in it.
      if (text.compare(0, 7, "LOADING") == 0 && backoff_.wait(deadline_)) continue;
      return fail(Status::unknown,
                  "Redis took " + subject() + " but refused to wait for the reply: " + text);
    }
    if ((*reply)->type != REDIS_REPLY_ARRAY || (*reply)->elements != 2) {
      return fail(Status::timeout, {});
    }
    const auto content = proto::decode_reply(text_of(*(*reply)->element[1]));
    if (content && content->id != id_->bytes()) {
      (*lease_)->close();
      continue;
    }
    lease_->keep();
    if (content) return to_answer(std::move(*reply), *content);
    return fail(Status::bad_reply,
                "the reply to " + subject() + " cannot be read: " + content.error().text);
  }
}

Result<void> Ask::pop_again() {
  lease_.reset();
  auto lease = client_.connect(deadline_);
  if (!lease) {
    const auto& error = lease.error();
    if (error.code == Status::redis_unreachable) return fail(Status::timeout, {});
    return fail(Status::unknown, "the connection was lost after " + subject() +
                                     " had been sent, and now: " + error.text);
  }
  lease_.emplace(std::move(*lease));
  auto& connection = **lease_;
  append_command(connection.pipeline(), {"BLPOP", reply_key_, seconds_left()});
  if (connection.send(deadline_) || Clock::now() < deadline_) return {};
  return fail(Status::timeout, {});
}

Result<Answer> Ask::to_answer(RedisReply reply, const proto::Reply& content) const {
  if (content.status != Status::ok) {
    const auto text = content.text.empty() ? proto::status_text(content.status) : content.text;
    return fail(content.status,
                content.text.empty() ? subject() + ": " + std::string(text) : std::string(text));
  }
  if (!message_.reply_type.empty() && content.type != message_.reply_type) {
    return fail(Status::wrong_type, subject() + " was answered with a " +
                                        std::string(content.type) + ", not with a " +
                                        std::string(message_.reply_type));
  }
  return Answer{std::move(reply), content.type, content.body};
}

Ask::Step Ask::not_pushed(const Error& error) {
  lease_.reset();
  if (backoff_.wait(give_up_)) return Step::push_again;
  return ended({Status::redis_unreachable, error.text});
}

Ask::Step Ask::ended(Error error) {
  error_ = std::move(error);
  lease_.reset();
  return Step::end;
}

std::string Ask::seconds_left() const {
  // Zero would mean to wait for ever.
  const auto left = std::max<std::int64_t>(1, time_left(deadline_).count());
  auto seconds = std::to_string(left / 1000) + ".000";
  auto digit = seconds.rbegin();
  for (auto rest = left % 1000; rest != 0; rest /= 10) {
    *digit++ = static_cast<char>('0' + rest % 10);
  }
  return seconds;
}

Error Ask::explain_timeout() const {
  auto text = "no reply to " + subject() + " within " + std::to_string(timeout_.count()) + " ms";
  const auto until = Clock::now() + liveness_time_max;
  auto lease = client_.connect(until);
  if (!lease) return {Status::timeout, text + "; " + lease.error().text};
  const auto liveness = read_liveness(**lease, client_.keys_, client_.clock_, until);
  if (!liveness) return {Status::timeout, text + "; " + liveness.error().text};
  lease->keep();
  if (liveness->is_alive) {
    return {Status::timeout, text + "; it is not known whether it ran"};
  }
  return {Status::no_node, text + ": " + describe(*liveness, client_.keys_)};
}

std::string Ask::subject() const {
  return std::string(message_.type) + " to " + std::string(message_.urn);
}

}  // namespace conclib::sdk

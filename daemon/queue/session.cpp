// SPDX-License-Identifier: MIT
#include "daemon/queue/session.hpp"

#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "daemon/queue/connection_options.hpp"
#include "proto/limits.hpp"

namespace conclib::queue {
namespace {

using namespace std::chrono_literals;
using proto::Status;
using redis::Reply;
using std::chrono::steady_clock;

constexpr auto clock_every = 3s;
constexpr auto retry_after = 300ms;
constexpr int redis_major_min = 7;

/// The value of `name:` in an answer of INFO.
std::string_view info_field(std::string_view info, std::string_view name) {
  const auto line = "\n" + std::string(name) + ":";
  const auto at = info.find(line);
  if (at == std::string_view::npos) return {};
  const auto rest = info.substr(at + line.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

}  // namespace

Session::Session(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
                 SessionListener& listener, const log::Log& log)
    : options_(options),
      keys_(keys),
      listener_(listener),
      log_(log),
      connection_(loop, connection_options(options, "node"), *this),
      clock_timer_(loop, [this] { ask_time(); }),
      retry_(loop, [this] {
        if (step_ == Step::down && connection_.is_ready()) prepare();
      }) {}

void Session::close() {
  step_ = Step::down;
  clock_timer_.stop();
  retry_.stop();
  connection_.close();
}

bool Session::command(std::span<const std::string_view> arguments, Callback callback) {
  return is_up() && connection_.command(arguments, std::move(callback));
}

bool Session::command(std::initializer_list<std::string_view> arguments, Callback callback) {
  return command(std::span(arguments.begin(), arguments.size()), std::move(callback));
}

bool Session::call(Function function, std::span<const std::string_view> keys,
                   std::span<const std::string_view> arguments, Callback callback) {
  if (!is_up()) return false;
  return send_call(function, keys, arguments,
                   [this, callback = std::move(callback)](const Reply& reply) {
                     callback(reply);
                     if (reply.is_error() && is_function_missing(reply.text())) functions_gone();
                   });
}

bool Session::send_call(Function function, std::span<const std::string_view> keys,
                        std::span<const std::string_view> arguments, Callback callback) {
  const auto name = library_.function(function);
  const auto count = std::to_string(keys.size());
  std::vector<std::string_view> command{"FCALL", name, count};
  command.reserve(command.size() + keys.size() + arguments.size());
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return connection_.command(command, std::move(callback));
}

void Session::functions_gone() {
  if (!is_up()) return;
  step_ = Step::down;
  log_.warn("queue", "the Functions of conclib are gone from Redis; loading them again");
  listener_.session_down();
  if (connection_.is_ready()) prepare();
}

void Session::connection_up() {
  last_logged_.clear();
  prepare();
}

void Session::connection_down(std::string_view why) {
  log_.warn("queue", "{}", why);
  clock_timer_.stop();
  if (std::exchange(step_, Step::down) == Step::up) listener_.session_down();
}

void Session::connection_failed(const proto::Error& error) {
  step_ = Step::down;
  log_once(error.text);
  if (error.code == Status::redis_refused) listener_.session_refused(error);
}

void Session::prepare() {
  step_ = Step::asking_server;
  ask_time();
  connection_.command({"INFO", "server"}, [this](const Reply& reply) {
    if (!reply.is_good()) return again(reply);
    const auto version = info_field(reply.text(), "redis_version");
    int major = 0;
    std::from_chars(version.data(), version.data() + version.size(), major);
    if (major < redis_major_min) {
      return refuse(Status::redis_refused,
                    "Redis " + std::string(version) + " is too old; conclib needs 7.0 or newer");
    }
    run_id_ = info_field(reply.text(), "run_id");
    ask_memory();
  });
}

void Session::ask_memory() {
  connection_.command({"INFO", "memory"}, [this](const Reply& reply) {
    if (!reply.is_good()) return again(reply);
    const auto policy = info_field(reply.text(), "maxmemory_policy");
    if (policy != "noeviction" && !options_.allow_eviction) {
      return refuse(Status::redis_refused,
                    "Redis has the eviction policy " + std::string(policy) +
                        ", which drops queues when memory is short; set maxmemory-policy to "
                        "noeviction");
    }
    ask_functions();
  });
}

void Session::ask_functions() {
  step_ = Step::asking_functions;
  connection_.command({"FUNCTION", "LIST", "LIBRARYNAME", library_.name()},
                      [this](const Reply& reply) {
                        if (!reply.is_good()) return again(reply);
                        if (reply.size() > 0) return ask_meta();
                        load_functions();
                      });
}

void Session::load_functions() {
  step_ = Step::loading_functions;
  connection_.command({"FUNCTION", "LOAD", library_.text()}, [this](const Reply& reply) {
    // Another node may have been faster.
    const bool is_there =
        reply.is_error() && reply.text().find("already exists") != std::string_view::npos;
    if (!reply.is_good() && !is_there) return again(reply);
    ask_meta();
  });
}

void Session::ask_meta() {
  step_ = Step::asking_meta;
  const auto meta = keys_.meta();
  const auto version = std::to_string(proto::limits::protocol_version);
  const auto partitions = std::to_string(options_.partitions);
  const std::string_view keys[] = {meta};
  const std::string_view arguments[] = {version, partitions};
  send_call(Function::ensure_meta, keys, arguments,
            [this](const Reply& reply) { take_meta(reply); });
}

void Session::take_meta(const Reply& reply) {
  if (!reply.is_good()) return again(reply);
  const auto version = reply[0].integer();
  const auto found = reply[1].integer();
  if (version != static_cast<std::int64_t>(proto::limits::protocol_version)) {
    return refuse(Status::protocol_mismatch,
                  "namespace \"" + keys_.name() + "\" has protocol version " +
                      std::to_string(version) + ", this daemon speaks version " +
                      std::to_string(proto::limits::protocol_version) +
                      "; use another namespace or another release");
  }
  if (found < 1 || found > static_cast<std::int64_t>(proto::limits::partitions_max)) {
    return refuse(Status::bad_argument, "namespace \"" + keys_.name() +
                                            "\" has an invalid number of partitions in " +
                                            keys_.meta());
  }
  const auto count = static_cast<std::uint32_t>(found);
  if (options_.partitions_explicit && count != options_.partitions) {
    return refuse(Status::bad_argument, "namespace \"" + keys_.name() + "\" has " +
                                            std::to_string(count) + " partitions, but " +
                                            std::to_string(options_.partitions) +
                                            " are configured; configure " + std::to_string(count) +
                                            " or use another namespace");
  }
  if (partitions_ != 0 && partitions_ != count) {
    return refuse(Status::bad_argument, "namespace \"" + keys_.name() + "\" was made anew with " +
                                            std::to_string(count) + " partitions instead of " +
                                            std::to_string(partitions_) + "; restart this daemon");
  }
  partitions_ = count;
  if (!clock_.is_known()) return again(Reply::lost("Redis does not tell the time"));
  step_ = Step::up;
  last_logged_.clear();
  clock_timer_.start(clock_every, clock_every);
  listener_.session_up();
}

void Session::ask_time() {
  const auto sent = steady_clock::now();
  connection_.command({"TIME"}, [this, sent](const Reply& reply) {
    if (reply.size() != 2) return;
    const auto ms = reply[0].integer() * 1000 + reply[1].integer() / 1000;
    clock_.measured(static_cast<std::uint64_t>(ms), sent, steady_clock::now());
  });
}

void Session::again(const Reply& reply) {
  // With a lost connection it begins anew by itself.
  if (!connection_.is_ready()) return;
  step_ = Step::down;
  const auto text = reply.text();
  if (text.starts_with("NOPERM")) {
    listener_.session_refused(
        {Status::redis_refused, "Redis refuses what a node needs: " + std::string(text)});
  }
  log_once("Redis is not ready: " + std::string(text));
  retry_.start(retry_after);
}

void Session::refuse(Status code, std::string text) {
  step_ = Step::down;
  log_once(text);
  retry_.start(retry_after);
  listener_.session_refused({code, std::move(text)});
}

void Session::log_once(const std::string& text) {
  if (text == last_logged_) return;
  last_logged_ = text;
  log_.warn("queue", "{}", text);
}

}  // namespace conclib::queue

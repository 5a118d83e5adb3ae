// SPDX-License-Identifier: MIT
#include "daemon/master/redis_probe.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace conclib::master {

namespace {

using config::ExitCode;
using config::Outcome;

constexpr int version_min = 7;
constexpr timeval local_timeout{.tv_sec = 0, .tv_usec = 300'000};
constexpr timeval network_timeout{.tv_sec = 2, .tv_usec = 0};

struct FreeContext {
  void operator()(redisContext* context) const { ::redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { ::freeReplyObject(reply); }
};
using Connection = std::unique_ptr<redisContext, FreeContext>;
using Reply = std::unique_ptr<redisReply, FreeReply>;

bool is_open(const Connection& connection) { return connection && connection->err == 0; }

Connection connect_unix(const std::string& path, timeval timeout) {
  Connection connection(::redisConnectUnixWithTimeout(path.c_str(), timeout));
  if (is_open(connection)) ::redisSetTimeout(connection.get(), timeout);
  return connection;
}

Connection connect(const proto::RedisUrl& url) {
  if (url.is_unix) return connect_unix(url.path, network_timeout);
  Connection connection(::redisConnectWithTimeout(url.host.c_str(), url.port, network_timeout));
  if (is_open(connection)) ::redisSetTimeout(connection.get(), network_timeout);
  return connection;
}

Reply command(const Connection& connection, const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  return Reply(static_cast<redisReply*>(::redisCommandArgv(
      connection.get(), static_cast<int>(texts.size()), texts.data(), sizes.data())));
}

std::string_view text_of(const Reply& reply) {
  if (!reply || reply->str == nullptr) return {};
  return {reply->str, static_cast<std::size_t>(reply->len)};
}

bool is_error(const Reply& reply) { return !reply || reply->type == REDIS_REPLY_ERROR; }

bool is_loading(const Reply& reply) {
  return reply && reply->type == REDIS_REPLY_ERROR && text_of(reply).substr(0, 7) == "LOADING";
}

pid_t listener_of(const Connection& connection) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return 0;
  return credentials.pid;
}

/// The value of `name:` in an answer of INFO; empty if it is not there.
std::string field_of(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(std::min(lines.size(), line.size() + 2));
    if (line.size() > name.size() && line.substr(0, name.size()) == name &&
        line[name.size()] == ':') {
      return std::string(line.substr(name.size() + 1));
    }
  }
  return {};
}

tl::unexpected<config::Failure> refuse(const proto::RedisUrl& url, std::string_view why) {
  return config::failure(ExitCode::redis, fmt::format("Redis at {} {}", url.printable(), why));
}

Outcome<void> log_in(const Connection& connection, const proto::RedisUrl& url) {
  if (url.password.empty()) return {};
  const auto reply = url.user.empty() ? command(connection, {"AUTH", url.password})
                                      : command(connection, {"AUTH", url.user, url.password});
  if (!is_error(reply)) return {};
  return refuse(url, fmt::format("refused the login: {}; correct user and password in redis-url",
                                 reply ? text_of(reply) : "the connection broke"));
}

/// A section of INFO, or why there is none.
Outcome<std::string> info_section(const Connection& connection, const proto::RedisUrl& url,
                                  const std::string& section) {
  const auto reply = command(connection, {"INFO", section});
  if (!is_error(reply)) return std::string(text_of(reply));
  const auto text = text_of(reply);
  if (!reply) {
    return refuse(
        url, fmt::format("broke the connection: {}; check that it is a Redis", connection->errstr));
  }
  if (text.substr(0, 6) == "NOAUTH") {
    return refuse(url, "asks for a password; write redis://user:password@host:port in redis-url");
  }
  if (text.substr(0, 6) == "NOPERM") {
    return refuse(url, fmt::format("denies INFO to this user: {}; grant +info", text));
  }
  return refuse(url, fmt::format("answered INFO with: {}", text));
}

Outcome<void> check_version(const std::string& server, const proto::RedisUrl& url) {
  const auto version = field_of(server, "redis_version");
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (major >= version_min) return {};
  return refuse(url, fmt::format("is version '{}'; conclib needs Redis {}.0 or newer, upgrade it",
                                 version, version_min));
}

Outcome<void> check_policy(const std::string& memory, const proto::RedisUrl& url, bool accepted) {
  const auto policy = field_of(memory, "maxmemory_policy");
  if (accepted || policy == "noeviction") return {};
  return refuse(url, fmt::format("may evict queues: its maxmemory-policy is '{}'; run 'CONFIG SET "
                                 "maxmemory-policy noeviction' and put it into redis.conf, or set "
                                 "redis-eviction to accept",
                                 policy));
}

}  // namespace

RedisAnswer ping_redis(const std::string& socket) {
  const auto connection = connect_unix(socket, local_timeout);
  if (!is_open(connection)) return {};
  const auto pid = listener_of(connection);
  const auto reply = command(connection, {"PING"});
  if (is_loading(reply)) {
    const auto persistence = command(connection, {"INFO", "persistence"});
    return {.state = RedisAnswer::State::loading,
            .pid = pid,
            .detail = field_of(text_of(persistence), "loading_loaded_perc")};
  }
  if (is_error(reply)) return {.state = RedisAnswer::State::silent, .pid = pid};
  return {.state = RedisAnswer::State::ready, .pid = pid};
}

bool shut_down_redis(const std::string& socket) {
  const auto connection = connect_unix(socket, local_timeout);
  if (!is_open(connection)) return false;
  const auto reply = command(connection, {"SHUTDOWN"});
  // A Redis that obeys closes the connection, or is still writing when the time is over.
  return !reply;
}

bool configure_redis(const std::string& socket, const config::Settings& settings) {
  const auto connection = connect_unix(socket, local_timeout);
  if (!is_open(connection)) return false;
  return !is_error(command(
      connection, {"CONFIG", "SET", "maxmemory", std::to_string(settings.redis_maxmemory_bytes),
                   "maxmemory-policy", "noeviction", "appendonly", "yes", "appendfsync",
                   std::string(config::append_fsync_name(settings.appendfsync))}));
}

Outcome<bool> check_redis(const proto::RedisUrl& url, bool accept_eviction) {
  const auto connection = connect(url);
  if (!is_open(connection)) {
    return refuse(url, fmt::format("cannot be reached: {}; start it, or correct redis-url",
                                   connection ? connection->errstr : "out of memory"));
  }
  if (const auto done = log_in(connection, url); !done) return tl::unexpected(done.error());
  if (is_loading(command(connection, {"PING"}))) return false;
  const auto server = info_section(connection, url, "server");
  if (!server) return tl::unexpected(server.error());
  if (const auto done = check_version(*server, url); !done) return tl::unexpected(done.error());
  const auto memory = info_section(connection, url, "memory");
  if (!memory) return tl::unexpected(memory.error());
  const auto policy = check_policy(*memory, url, accept_eviction);
  if (!policy) return tl::unexpected(policy.error());
  return true;
}

}  // namespace conclib::master

// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "daemon/redis/backoff.hpp"
#include "daemon/redis/loop.hpp"
#include "daemon/redis/reply.hpp"
#include "proto/result.hpp"
#include "proto/url.hpp"

struct redisAsyncContext;

namespace conclib::redis {

enum class ConnectionState : std::uint8_t {
  disconnected,    ///< Not started, or closed.
  connecting,      ///< Until the socket stands.
  authenticating,  ///< Until Redis has taken password, database and name.
  ready,
  backing_off,  ///< Until the next attempt.
};

/// "disconnected", ...: static text.
[[nodiscard]] std::string_view state_name(ConnectionState state);

/// What a connection tells its owner, on the loop's thread.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  /// Ready for commands, at first or again.
  virtual void connection_up() = 0;
  /// No longer ready; all callbacks have been called. It connects again by itself.
  virtual void connection_down(std::string_view why) = 0;
  /// An attempt has failed. REDIS_REFUSED: Redis answers but does not let us in (a password, a
  /// right); REDIS_UNREACHABLE: anything else.
  virtual void connection_failed(const proto::Error& error) = 0;
};

struct ConnectionOptions {
  proto::RedisUrl url;
  /// For CLIENT SETNAME; no spaces.
  std::string name;
  std::chrono::milliseconds connect_timeout{2000};
  /// How long Redis may take to answer a command, beside the time for which the command blocks.
  std::chrono::milliseconds answer_timeout{1500};
  /// An idle connection is probed by PING this often; with answer_timeout it bounds how long a dead
  /// peer goes unnoticed.
  std::chrono::milliseconds probe_every{500};
  std::chrono::milliseconds backoff_first{20};
  std::chrono::milliseconds backoff_longest{1000};
};

/// One connection to Redis that keeps itself up: connects, signs in, notices a dead peer, connects
/// again with jittered backoff. Commands are pipelined and answered in order.
///
/// Threading: loop-only, asserted.
/// Limit: none on pending commands; those who send them keep their own.
/// A host name is resolved by the system's resolver, which may block the loop; give an address.
class Connection {
 public:
  using Callback = std::function<void(const Reply&)>;

  /// `loop` and `listener` outlive it.
  Connection(Loop& loop, ConnectionOptions options, ConnectionListener& listener);
  /// Drops what is pending without a call.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to connect; the listener hears how it went, never from within this call.
  void start();
  /// Ends it for good: what is pending gets a lost reply, the listener hears nothing.
  void close();

  /// Sends a command if the connection is ready; `callback` is called once, later, with the answer
  /// or a lost reply. False: not ready, nothing was sent, and the callback is not called. `blocks`
  /// is how long the command may make Redis wait before it answers.
  bool command(std::span<const std::string_view> arguments, Callback callback,
               std::chrono::milliseconds blocks = {});
  bool command(std::initializer_list<std::string_view> arguments, Callback callback) {
    return command(std::span(arguments.begin(), arguments.size()), std::move(callback));
  }

  [[nodiscard]] ConnectionState state() const { return state_; }
  [[nodiscard]] bool is_ready() const { return state_ == ConnectionState::ready; }
  /// The number that Redis gave this connection (CLIENT ID); 0 if it is not ready.
  [[nodiscard]] std::int64_t client_id() const { return client_id_; }
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }

 private:
  using Clock = std::chrono::steady_clock;

  struct Pending {
    Callback callback;
    Clock::time_point overdue;
    std::chrono::milliseconds allowed;
  };

  void transition(ConnectionState next);
  void connect();
  void on_connected(bool good);
  void on_disconnected();
  void on_reply(const redisReply* reply);
  void sign_in();
  void signed_in(const Reply& reply, bool last);
  void send(std::span<const std::string_view> arguments, Callback callback,
            std::chrono::milliseconds blocks);
  void check_liveness();
  void fail(proto::Error error);
  void drop_context();

  Loop& loop_;
  ConnectionOptions options_;
  ConnectionListener& listener_;
  ConnectionState state_ = ConnectionState::disconnected;
  redisAsyncContext* context_ = nullptr;
  std::deque<Pending> pending_;
  std::int64_t client_id_ = 0;
  Backoff backoff_;
  Timer retry_;
  Timer liveness_;
  Clock::time_point attempt_ends_;
  Clock::time_point last_heard_;
  bool suspected_ = false;
};

}  // namespace conclib::redis

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/log/log.hpp"
#include "daemon/queue/function_library.hpp"
#include "daemon/queue/node_options.hpp"
#include "daemon/queue/redis_clock.hpp"
#include "daemon/redis/connection.hpp"
#include "daemon/redis/loop.hpp"
#include "proto/keys.hpp"
#include "proto/result.hpp"

namespace conclib::queue {

/// What a session tells its owner, on the loop's thread.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  /// Commands and Functions may be called, at first or again.
  virtual void session_up() = 0;
  virtual void session_down() = 0;
  /// Redis or the namespace is not fit for use. It goes on trying.
  virtual void session_refused(const proto::Error& error) = 0;
};

/// The connection that a node sends its commands on: renewals, finishes, pushes and releases, in
/// this order's keeping. It is up when Redis was found fit (version, eviction policy), the
/// Functions are loaded, the namespace's meta agrees and Redis's time is known; all this is done
/// anew after every connect.
///
/// Threading: loop-only.
class Session final : public redis::ConnectionListener {
 public:
  using Callback = redis::Connection::Callback;

  Session(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
          SessionListener& listener, const log::Log& log);

  void start() { connection_.start(); }
  void close();

  [[nodiscard]] bool is_up() const { return step_ == Step::up; }
  /// Calls a Function if the session is up; otherwise nothing happens, and it says so.
  bool call(Function function, std::span<const std::string_view> keys,
            std::span<const std::string_view> arguments, Callback callback);
  /// Sends a command if the session is up.
  bool command(std::initializer_list<std::string_view> arguments, Callback callback);
  bool command(std::span<const std::string_view> arguments, Callback callback);

  [[nodiscard]] const RedisClock& clock() const { return clock_; }
  /// Of the server process, as INFO says; another one after a restart.
  [[nodiscard]] const std::string& run_id() const { return run_id_; }
  /// Of the namespace; 0 until the session was up once.
  [[nodiscard]] std::uint32_t partitions() const { return partitions_; }

  void connection_up() override;
  void connection_down(std::string_view why) override;
  void connection_failed(const proto::Error& error) override;

 private:
  enum class Step : std::uint8_t {
    down,
    asking_server,     ///< INFO and TIME.
    asking_functions,  ///< Whether the library is there.
    loading_functions,
    asking_meta,
    up,
  };

  void prepare();
  void ask_memory();
  void ask_functions();
  void load_functions();
  void ask_meta();
  void take_meta(const redis::Reply& reply);
  void ask_time();
  void again(const redis::Reply& reply);
  void refuse(proto::Status code, std::string text);
  void log_once(const std::string& text);
  bool send_call(Function function, std::span<const std::string_view> keys,
                 std::span<const std::string_view> arguments, Callback callback);
  void functions_gone();

  const NodeOptions& options_;
  const proto::Keys& keys_;
  SessionListener& listener_;
  const log::Log& log_;
  FunctionLibrary library_;
  RedisClock clock_;
  std::string run_id_;
  std::uint32_t partitions_ = 0;
  Step step_ = Step::down;
  std::string last_logged_;
  redis::Connection connection_;
  redis::Timer clock_timer_;
  redis::Timer retry_;
};

}  // namespace conclib::queue

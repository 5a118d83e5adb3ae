// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "proto/url.hpp"

struct redisReply;
struct redisContext;

namespace conclib::test {

/// A redis-server of the test's own, on a unix socket in a new directory, with an append-only file.
/// The destructor ends it and removes the directory.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> settings = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// Starts it and waits until it answers.
  void start();
  /// SIGKILL.
  void kill();
  /// SIGSTOP and SIGCONT.
  void pause();
  void resume();

  [[nodiscard]] proto::RedisUrl url(std::string name_space = "test") const;
  [[nodiscard]] const std::string& socket() const { return socket_; }

 private:
  std::string directory_;
  std::string socket_;
  std::vector<std::string> settings_;
  pid_t pid_ = -1;
};

/// A blocking client for tests.
class Client {
 public:
  explicit Client(const RedisServer& server);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The answer as text: a string as it is, an integer in decimal, nil as "(nil)", an error as it
  /// is, the elements of an array joined by spaces.
  std::string operator()(const std::vector<std::string>& arguments);
  /// An array's elements as texts; empty for nil.
  std::vector<std::string> list(const std::vector<std::string>& arguments);

 private:
  redisContext* context_;
};

}  // namespace conclib::test

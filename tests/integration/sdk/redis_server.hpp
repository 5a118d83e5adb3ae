// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include <hiredis/hiredis.h>
#include <sys/types.h>

namespace conclib::sdk_test {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

/// A plain connection of a test; every failure of it fails the test.
class TestConnection {
 public:
  explicit TestConnection(const std::string& socket_path);
  Reply run(std::initializer_list<std::string> arguments);
  /// As run, but the connection may break: then null.
  Reply try_run(std::initializer_list<std::string> arguments);

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<redisContext, FreeContext> context_;
};

/// A redis-server on a unix socket in a temporary folder; both are gone with the object.
class RedisServer {
 public:
  RedisServer();
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// Ends the server, and begins it anew with what save() kept. The server ends with the thread
  /// that called start().
  void stop();
  void start();
  void save() { TestConnection(socket_path_).run({"SAVE"}); }
  /// Keeps the server from answering, and lets it go on.
  void freeze() const;
  void thaw() const;

  [[nodiscard]] const std::string& socket_path() const { return socket_path_; }
  [[nodiscard]] std::string url(const std::string& login = {}) const {
    return "unix://" + login + socket_path_ + "?ns=test";
  }

 private:
  std::string folder_;
  std::string socket_path_;
  pid_t pid_ = -1;
};

}  // namespace conclib::sdk_test

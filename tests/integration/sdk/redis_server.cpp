// SPDX-License-Identifier: MIT
#include "tests/integration/sdk/redis_server.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conclib::sdk_test {
namespace {

redisReply* send(redisContext* context, std::initializer_list<std::string> arguments) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  return static_cast<redisReply*>(
      redisCommandArgv(context, static_cast<int>(texts.size()), texts.data(), sizes.data()));
}

}  // namespace

TestConnection::TestConnection(const std::string& socket_path)
    : context_(redisConnectUnix(socket_path.c_str())) {
  REQUIRE(context_ != nullptr);
  REQUIRE_MESSAGE(context_->err == 0, context_->errstr);
}

Reply TestConnection::run(std::initializer_list<std::string> arguments) {
  auto reply = try_run(arguments);
  REQUIRE(reply != nullptr);
  REQUIRE_MESSAGE(reply->type != REDIS_REPLY_ERROR, reply->str);
  return reply;
}

Reply TestConnection::try_run(std::initializer_list<std::string> arguments) {
  return Reply(send(context_.get(), arguments));
}

RedisServer::RedisServer() {
  std::string folder = std::filesystem::temp_directory_path() / "conclib-sdk-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  folder_ = folder;
  socket_path_ = folder_ + "/redis.sock";
  start();
}

RedisServer::~RedisServer() {
  stop();
  std::filesystem::remove_all(folder_);
}

void RedisServer::start() {
  const std::array<const char*, 12> arguments = {
      "redis-server", "--port", "0",     "--unixsocket",  socket_path_.c_str(),
      "--save",       "",       "--dir", folder_.c_str(), "--maxmemory-policy",
      "noeviction",   nullptr};
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    auto* const* argv = const_cast<char* const*>(arguments.data());
    ::execvp("redis-server", argv);
    // Debian's redis-tools brings the same program under this name.
    ::execv("/usr/bin/redis-check-rdb", argv);
    ::_exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (;;) {
    redisContext* const context = redisConnectUnix(socket_path_.c_str());
    const bool is_up = context != nullptr && context->err == 0;
    redisFree(context);
    if (is_up) return;
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void RedisServer::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  ::unlink(socket_path_.c_str());
}

void RedisServer::freeze() const { ::kill(pid_, SIGSTOP); }

void RedisServer::thaw() const { ::kill(pid_, SIGCONT); }

}  // namespace conclib::sdk_test

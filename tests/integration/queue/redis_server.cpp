// SPDX-License-Identifier: MIT
#include "tests/integration/queue/redis_server.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conclib::test {
namespace {

/// Debian installs one program under several names; the name it is called by decides what it does.
std::string server_program() {
  for (const auto* path :
       {"/usr/bin/redis-server", "/usr/local/bin/redis-server", "/usr/bin/redis-check-rdb"}) {
    if (access(path, X_OK) == 0) return path;
  }
  throw std::runtime_error("redis-server is not installed");
}

std::string text_of(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_NIL) return "(nil)";
  if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
  if (reply.type != REDIS_REPLY_ARRAY) return {reply.str, static_cast<std::size_t>(reply.len)};
  std::string all;
  for (std::size_t i = 0; i < reply.elements; ++i) {
    all += (i == 0 ? "" : " ") + text_of(*reply.element[i]);
  }
  return all;
}

redisReply* send(redisContext* context, const std::vector<std::string>& arguments) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  auto* reply = static_cast<redisReply*>(
      redisCommandArgv(context, static_cast<int>(arguments.size()), texts.data(), sizes.data()));
  if (reply == nullptr) throw std::runtime_error(std::string("Redis: ") + context->errstr);
  return reply;
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> settings) : settings_(std::move(settings)) {
  std::string directory = "/tmp/conclib-test-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) throw std::runtime_error("no temporary directory");
  directory_ = directory;
  socket_ = directory_ + "/redis.sock";
  start();
}

RedisServer::~RedisServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::start() {
  std::vector<std::string> arguments{
      "redis-server", "--port", "0", "--unixsocket", socket_,  "--dir", directory_, "--appendonly",
      "yes",          "--save", "",  "--loglevel",   "warning"};
  arguments.insert(arguments.end(), settings_.begin(), settings_.end());
  const auto program = server_program();
  std::vector<char*> texts;
  for (auto& argument : arguments) texts.push_back(argument.data());
  texts.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    // It ends with the test, however that ends.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    execv(program.c_str(), texts.data());
    _exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (;;) {
    auto* context = redisConnectUnix(socket_.c_str());
    bool up = false;
    if (context != nullptr && context->err == 0) {
      auto* reply = static_cast<redisReply*>(redisCommand(context, "PING"));
      up = reply != nullptr && std::string_view(reply->str).find("LOADING") == std::string::npos;
      if (reply != nullptr) freeReplyObject(reply);
    }
    if (context != nullptr) redisFree(context);
    if (up) return;
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("redis-server does not start");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void RedisServer::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::pause() { ::kill(pid_, SIGSTOP); }

void RedisServer::resume() { ::kill(pid_, SIGCONT); }

proto::RedisUrl RedisServer::url(std::string name_space) const {
  proto::RedisUrl url;
  url.is_unix = true;
  url.path = socket_;
  url.name_space = std::move(name_space);
  return url;
}

Client::Client(const RedisServer& server) : context_(redisConnectUnix(server.socket().c_str())) {
  if (context_ == nullptr || context_->err != 0) throw std::runtime_error("no connection to Redis");
}

Client::~Client() { redisFree(context_); }

std::string Client::operator()(const std::vector<std::string>& arguments) {
  auto* reply = send(context_, arguments);
  auto text = text_of(*reply);
  freeReplyObject(reply);
  return text;
}

std::vector<std::string> Client::list(const std::vector<std::string>& arguments) {
  auto* reply = send(context_, arguments);
  std::vector<std::string> texts;
  if (reply->type == REDIS_REPLY_ARRAY) {
    for (std::size_t i = 0; i < reply->elements; ++i) texts.push_back(text_of(*reply->element[i]));
  }
  freeReplyObject(reply);
  return texts;
}

}  // namespace conclib::test

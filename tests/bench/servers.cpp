// SPDX-License-Identifier: MIT
#include "tests/bench/servers.hpp"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conclib::bench {
namespace {

using namespace std::chrono_literals;

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

void wait_until(const std::function<bool()>& done, const Child& child, const std::string& what,
                const std::filesystem::path& log) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!done()) {
    if (!child.is_running() || std::chrono::steady_clock::now() > end) {
      throw std::runtime_error(what + " did not start:\n" + content(log));
    }
    std::this_thread::sleep_for(10ms);
  }
}

bool answers_ping(const std::filesystem::path& socket) {
  redisContext* context = redisConnectUnix(socket.c_str());
  if (context == nullptr) return false;
  bool pong = false;
  if (context->err == 0) {
    auto* reply = static_cast<redisReply*>(redisCommand(context, "PING"));
    pong = reply != nullptr && reply->type == REDIS_REPLY_STATUS;
    if (reply != nullptr) freeReplyObject(reply);
  }
  redisFree(context);
  return pong;
}

}  // namespace

Child::Child(const std::string& program, std::vector<std::string> arguments,
             const std::string& name, const std::filesystem::path& log) {
  std::vector<char*> argv{const_cast<char*>(name.c_str())};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execvp(program.c_str(), argv.data());
    _exit(127);
  }
}

Child::~Child() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  for (int i = 0; i < 1000; ++i) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(10ms);
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Child::is_running() const { return waitpid(pid_, nullptr, WNOHANG) == 0; }

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "conclib-bench.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path redis_socket(const std::filesystem::path& folder) {
  return folder / "redis.sock";
}

Child start_redis(const std::filesystem::path& folder) {
  const auto log = folder / "redis.log";
  // Debian's redis-tools holds the server under this name; it is one when called redis-server.
  const bool has_server = std::system("command -v redis-server >/dev/null") == 0;
  Child child(has_server ? "redis-server" : "redis-check-rdb",
              {"--port", "0", "--unixsocket", redis_socket(folder).string(), "--dir",
               folder.string(), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
               "--maxmemory-policy", "noeviction"},
              "redis-server", log);
  wait_until([&] { return answers_ping(redis_socket(folder)); }, child, "redis-server", log);
  return child;
}

Child start_conclibd(const std::filesystem::path& folder, const std::vector<std::string>& options) {
  const auto log = folder / "conclibd.log";
  const auto bin = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::string> arguments{"--redis-url",  "unix://" + redis_socket(folder).string(),
                                     "--namespace",  "bench",
                                     "--plugin-dir", (bin.parent_path() / "plugins").string(),
                                     "--run-dir",    folder.string(),
                                     "--state-dir",  (folder / "state").string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  Child child((bin / "conclibd").string(), std::move(arguments), "conclibd", log);
  wait_until([&] { return content(log).find(" ready: ") != std::string::npos; }, child, "conclibd",
             log);
  return child;
}

}  // namespace conclib::bench

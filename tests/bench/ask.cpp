// SPDX-License-Identifier: MIT
#include "tests/bench/ask.hpp"

#include <atomic>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "conclib/conclib.h"
#include "tests/bench/floor.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/servers.hpp"

namespace conclib::bench {
namespace {

constexpr unsigned many = 64;

class ConclibCaller final : public Caller {
 public:
  ConclibCaller(conclib_client* client, unsigned number)
      : client_(client), urn_("echo/" + std::to_string(number)) {}

  void ask() override {
    static constexpr std::string_view type = "Echo";
    static constexpr std::string_view body = "\x81\xa4text\xa5hello";
    conclib_request request = CONCLIB_REQUEST_INIT;
    request.urn = {urn_.data(), urn_.size()};
    request.type = {type.data(), type.size()};
    request.body = {body.data(), body.size()};
    conclib_reply* reply = conclib_client_ask(client_, &request);
    const bool ok = reply->status == CONCLIB_OK && reply->body.size == body.size();
    const std::string text(reply->text.data, reply->text.size);
    conclib_reply_free(reply);
    if (!ok) throw std::runtime_error("the ask failed: " + text);
  }

 private:
  conclib_client* client_;
  std::string urn_;
};

/// A client of its own for every measurement, shared by its callers, as a web server's threads do.
class Client {
 public:
  explicit Client(const std::string& url) {
    conclib_client_options options = CONCLIB_CLIENT_OPTIONS_INIT;
    options.url = {url.data(), url.size()};
    conclib_error error = CONCLIB_ERROR_INIT;
    if (conclib_client_open(&options, &client_, &error) != CONCLIB_OK) {
      throw std::runtime_error(static_cast<const char*>(error.text));
    }
  }
  ~Client() { conclib_client_close(client_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  CallerFactory callers() {
    return [this]() -> std::unique_ptr<Caller> {
      return std::make_unique<ConclibCaller>(client_, number_++);
    };
  }

 private:
  conclib_client* client_ = nullptr;
  std::atomic<unsigned> number_{0};
};

Child start_floor(const std::filesystem::path& socket) {
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      serve_floor(socket);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "floor: %s\n", error.what());
      _exit(1);
    }
  }
  Child child(pid);
  // It serves once a first ask is answered; the queue does not exist before.
  for (int i = 0; i < 500; ++i) {
    try {
      make_floor_caller(socket)->ask();
      return child;
    } catch (const std::exception&) {
      usleep(10'000);
    }
  }
  throw std::runtime_error("the floor's server did not start");
}

struct Series {
  std::vector<double> one_us;
  std::vector<double> one_p99_us;
  std::vector<double> many_per_second;

  void add(const CallerFactory& callers, std::chrono::milliseconds duration) {
    const auto one = measure(callers, 1, duration);
    one_us.push_back(one.median_us);
    one_p99_us.push_back(one.p99_us);
    many_per_second.push_back(measure(callers, many, duration).per_second);
  }

  void print(const char* name) const {
    std::printf("%-8s  1 caller: p50 %6.1f us, p99 %6.1f us   %u callers: %8.0f asks/s\n", name,
                median(one_us), median(one_p99_us), many, median(many_per_second));
  }
};

}  // namespace

bool bench_ask(const AskOptions& options) {
  const Folder folder;
  const auto redis = start_redis(folder.path());
  const auto socket = redis_socket(folder.path());
  const auto floor_server = start_floor(socket);
  std::optional<Child> conclibd;
  std::optional<Client> client;
  if (!options.floor_only) {
    std::vector<std::string> flags{"--workers", std::to_string(options.workers)};
    if (options.threads > 0) {
      flags.insert(flags.end(), {"--threads", std::to_string(options.threads)});
    }
    conclibd.emplace(start_conclibd(folder.path(), flags));
    client.emplace("unix://" + socket.string() + "?ns=bench");
  }
  Series floor;
  Series ask;
  for (int round = 1; round <= options.rounds; ++round) {
    floor.add([&] { return make_floor_caller(socket); }, options.duration);
    if (client) ask.add(client->callers(), options.duration);
    std::fprintf(stderr, "round %d of %d: floor %.1f us, %.0f/s", round, options.rounds,
                 floor.one_us.back(), floor.many_per_second.back());
    if (client) {
      std::fprintf(stderr, "; ask %.1f us, %.0f/s", ask.one_us.back(), ask.many_per_second.back());
    }
    std::fputc('\n', stderr);
  }
  std::printf("medians of %d rounds, unix socket, redis-server with appendfsync everysec\n",
              options.rounds);
  floor.print("floor");
  if (!client) return true;
  ask.print("ask");
  const double latency = median(ask.one_us) / median(floor.one_us);
  const double throughput = median(ask.many_per_second) / median(floor.many_per_second);
  std::printf(
      "ratio     1 caller: %.2f of the floor's p50           %u callers: %.2f of its rate\n",
      latency, many, throughput);
  return !options.check || (latency <= 1.5 && throughput >= 0.6);
}

}  // namespace conclib::bench

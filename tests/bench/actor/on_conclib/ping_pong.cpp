// SPDX-License-Identifier: MIT
#include "tests/bench/actor/on_conclib/bench_runtime.hpp"
#include "tests/bench/actor/on_conclib/programs.hpp"

namespace conclib::bench::on_conclib {
namespace {

struct Ball {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Ball, value)
};
struct Serve {
  std::int64_t messages = 0;
  CONCLIB_MESSAGE(Serve, messages)
};

class Pong final : public Actor {
 public:
  explicit Pong(const ActorRef& ping) : ping_(ping) { on(&Pong::ball); }

  void ball(const Ball& ball) { tell(ping_, Ball{ball.value - 1}); }

 private:
  ActorRef ping_;
};

/// Serves the first of `messages`, an even number; the last one has the value 0.
class Ping final : public Actor {
 public:
  static constexpr std::string_view urn = "ping";
  Ping() : line_(*shared<FinishLine*>()) {
    on(&Ping::serve);
    on(&Ping::ball);
  }

  void serve(const Serve& serve) {
    pong_ = spawn<Pong>(self());
    line_.begin();
    tell(pong_, Ball{serve.messages - 1});
  }

  void ball(const Ball& ball) {
    if (ball.value > 0) {
      tell(pong_, Ball{ball.value - 1});
    } else {
      line_.finish();
    }
  }

 private:
  FinishLine& line_;
  ActorRef pong_;
};

}  // namespace

Figures ping_pong(const Workload& workload) {
  const auto messages = workload.amount(Workload::ping_pong_messages);
  FinishLine line;
  BenchRuntime runtime(workload);
  runtime.add<Ping, Pong>(line);
  runtime.start();
  runtime.tell("ping", Serve{static_cast<std::int64_t>(messages)});
  const auto seconds = line.await();
  runtime.expect_handled(messages + 1);
  return {{static_cast<double>(messages) / seconds}};
}

}  // namespace conclib::bench::on_conclib

// SPDX-License-Identifier: MIT
#include "tests/bench/actor/on_conclib/bench_runtime.hpp"
#include "tests/bench/actor/on_conclib/programs.hpp"

namespace conclib::bench::on_conclib {
namespace {

struct Question {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Question, value)
};

struct Answer {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Answer, value)
};

struct Begin {
  std::int64_t asks = 0;
  CONCLIB_MESSAGE(Begin, asks)
};

class Answerer final : public Actor {
 public:
  Answerer() { on(&Answerer::answer); }

  Answer answer(const Question& question) { return {question.value}; }
};

class Asker final : public Actor {
 public:
  static constexpr std::string_view urn = "asker";
  Asker() : line_(*shared<FinishLine*>()) { on(&Asker::begin); }

  void begin(const Begin& begin) {
    answerer_ = spawn<Answerer>();
    left_ = begin.asks;
    line_.begin();
    ask_next();
  }

 private:
  void ask_next() {
    ask<Answer>(answerer_, Question{left_}, {}, [this](AskResult<Answer> answer) {
      left_ = answer.value().value - 1;
      if (left_ > 0) {
        ask_next();
      } else {
        line_.finish();
      }
    });
  }

  FinishLine& line_;
  ActorRef answerer_;
  std::int64_t left_ = 0;
};

}  // namespace

Figures ask(const Workload& workload) {
  const auto asks = workload.amount(Workload::asks);
  FinishLine line;
  BenchRuntime runtime(workload);
  runtime.add<Asker, Answerer>(line);
  runtime.start();
  runtime.tell("asker", Begin{static_cast<std::int64_t>(asks)});
  const auto seconds = line.await();
  runtime.expect_handled(asks + 1);
  return {{static_cast<double>(asks) / seconds}};
}

}  // namespace conclib::bench::on_conclib

// SPDX-License-Identifier: MIT
#include "tests/bench/actor/on_conclib/bench_runtime.hpp"
#include "tests/bench/actor/on_conclib/programs.hpp"

namespace conclib::bench::on_conclib {
namespace {

struct Item {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Item, value)
};
struct Flush {
  CONCLIB_MESSAGE(Flush)
};
struct Seen {
  CONCLIB_MESSAGE(Seen)
};
struct Begin {
  CONCLIB_MESSAGE(Begin)
};

struct Stage {
  FinishLine line;
  std::uint64_t sinks = 0;
  std::uint64_t sends = 0;
};

class Sink final : public Actor {
 public:
  explicit Sink(const ActorRef& sender) : sender_(sender) {
    on(&Sink::take);
    on(&Sink::flush);
  }

  void take(const Item&) {}
  void flush(const Flush&) { tell(sender_, Seen{}); }

 private:
  ActorRef sender_;
};

/// Sends at random once every sink is there, and finishes when every one has read all.
class Sender final : public Actor {
 public:
  static constexpr std::string_view urn = "sender";
  Sender() : stage_(*shared<Stage*>()) {
    on(&Sender::begin);
    on(&Sender::seen);
  }

  void begin(const Begin&) {
    for (std::uint64_t i = 0; i < stage_.sinks; ++i) sinks_.push_back(spawn<Sink>(self()));
    flush();
  }

  void seen(const Seen&) {
    ++seen_;
    if (seen_ == stage_.sinks) {
      stage_.line.begin();
      for (std::uint64_t i = 0; i < stage_.sends; ++i) {
        tell(sinks_[random_.below(stage_.sinks)], Item{static_cast<std::int64_t>(i)});
      }
      flush();
    } else if (seen_ == 2 * stage_.sinks) {
      stage_.line.finish();
    }
  }

 private:
  void flush() {
    for (const auto& sink : sinks_) tell(sink, Flush{});
  }

  Stage& stage_;
  std::vector<ActorRef> sinks_;
  std::uint64_t seen_ = 0;
  RandomSequence random_;
};

}  // namespace

Figures random(const Workload& workload) {
  Stage stage;
  stage.sinks = workload.amount(Workload::random_actors);
  stage.sends = workload.amount(Workload::random_sends);
  BenchRuntime runtime(workload);
  runtime.add<Sender, Sink>(stage);
  runtime.start();
  runtime.tell("sender", Begin{});
  const auto seconds = stage.line.await();
  runtime.expect_handled(1 + 4 * stage.sinks + stage.sends);
  return {{static_cast<double>(stage.sends) / seconds}};
}

}  // namespace conclib::bench::on_conclib

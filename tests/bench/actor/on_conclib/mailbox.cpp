// SPDX-License-Identifier: MIT
#include <array>

#include "tests/bench/actor/on_conclib/bench_runtime.hpp"
#include "tests/bench/actor/on_conclib/programs.hpp"

namespace conclib::bench::on_conclib {
namespace {

struct Item {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Item, value)
};

struct Produce {
  std::int64_t items = 0;
  CONCLIB_MESSAGE(Produce, items)
};

class Producer final : public Actor {
 public:
  explicit Producer(const ActorRef& receiver) : receiver_(receiver) { on(&Producer::produce); }

  void produce(const Produce& produce) {
    for (std::int64_t i = 0; i < produce.items; ++i) tell(receiver_, Item{i});
  }

 private:
  ActorRef receiver_;
};

class Receiver final : public Actor {
 public:
  static constexpr std::string_view urn = "receiver";
  Receiver() : line_(*shared<FinishLine*>()) {
    on(&Receiver::begin);
    on(&Receiver::receive);
  }

  void begin(const Produce& each) {
    for (auto& producer : producers_) producer = spawn<Producer>(self());
    each_ = each.items;
    batch_ = static_cast<std::uint64_t>(each_) * Workload::producers;
    line_.begin();
    produce();
  }

  void receive(const Item&) {
    ++received_;
    if (received_ % batch_ != 0) return;
    if (received_ < batch_ * Workload::productions) {
      produce();
    } else {
      line_.finish();
    }
  }

 private:
  void produce() {
    for (const auto& producer : producers_) tell(producer, Produce{each_});
  }

  FinishLine& line_;
  std::array<ActorRef, Workload::producers> producers_;
  std::int64_t each_ = 0;
  std::uint64_t batch_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace

Figures mailbox(const Workload& workload) {
  const auto each = workload.amount(Workload::messages_per_producer);
  FinishLine line;
  BenchRuntime runtime(workload);
  runtime.add<Receiver, Producer>(line);
  runtime.start();
  runtime.tell("receiver", Produce{static_cast<std::int64_t>(each)});
  const auto messages = each * Workload::producers * Workload::productions;
  const auto seconds = line.await();
  runtime.expect_handled(1 + messages + Workload::producers * Workload::productions);
  return {{static_cast<double>(messages) / seconds}};
}

}  // namespace conclib::bench::on_conclib

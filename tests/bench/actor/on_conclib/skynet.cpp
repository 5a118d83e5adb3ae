// SPDX-License-Identifier: MIT
#include <stdexcept>

#include "tests/bench/actor/on_conclib/bench_runtime.hpp"
#include "tests/bench/actor/on_conclib/programs.hpp"

namespace conclib::bench::on_conclib {
namespace {

struct Sum {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Sum, value)
};
struct Begin {
  std::uint64_t leaves = 0;
  CONCLIB_MESSAGE(Begin, leaves)
};

struct Stage {
  FinishLine line;
  std::int64_t sum = 0;
};

/// Tells `parent` the sum of the numbers from `first` on, `leaves` of them.
class Node final : public Actor {
 public:
  Node(const ActorRef& parent, std::uint64_t first, std::uint64_t leaves)
      : parent_(parent), first_(first), leaves_(leaves) {
    on(&Node::add);
  }

  void on_start() override {
    if (leaves_ == 1) {
      tell(parent_, Sum{static_cast<std::int64_t>(first_)});
      stop();
      return;
    }
    const auto part = leaves_ / Workload::skynet_children;
    for (std::uint64_t i = 0; i < Workload::skynet_children; ++i) {
      spawn<Node>(self(), first_ + i * part, part);
    }
  }

  void add(const Sum& sum) {
    sum_ += sum.value;
    if (--missing_ > 0) return;
    tell(parent_, Sum{sum_});
    stop();
  }

 private:
  ActorRef parent_;
  std::uint64_t first_;
  std::uint64_t leaves_;
  std::uint64_t missing_ = Workload::skynet_children;
  std::int64_t sum_ = 0;
};

class Root final : public Actor {
 public:
  static constexpr std::string_view urn = "root";
  Root() : stage_(*shared<Stage*>()) {
    on(&Root::begin);
    on(&Root::end);
  }

  void begin(const Begin& begin) {
    stage_.line.begin();
    spawn<Node>(self(), std::uint64_t{0}, begin.leaves);
  }
  void end(const Sum& sum) {
    stage_.sum = sum.value;
    stage_.line.finish();
  }

 private:
  Stage& stage_;
};

}  // namespace

Figures skynet(const Workload& workload) {
  const auto leaves = workload.amount(Workload::skynet_leaves);
  Stage stage;
  BenchRuntime runtime(workload);
  runtime.add<Root, Node>(stage);
  runtime.start();
  runtime.tell("root", Begin{leaves});
  const auto seconds = stage.line.await();
  const auto inner_nodes = (leaves - 1) / (Workload::skynet_children - 1);
  runtime.expect_handled(1 + leaves + inner_nodes);
  if (stage.sum != static_cast<std::int64_t>(leaves * (leaves - 1) / 2)) {
    throw std::runtime_error("the sum is wrong");
  }
  return {{seconds}};
}

}  // namespace conclib::bench::on_conclib

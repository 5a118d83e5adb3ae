// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <vector>

#include "tests/bench/actor/on_conclib/bench_runtime.hpp"
#include "tests/bench/actor/on_conclib/programs.hpp"

namespace conclib::bench::on_conclib {
namespace {

struct Poke {
  CONCLIB_MESSAGE(Poke)
};
struct Produce {
  CONCLIB_MESSAGE(Produce)
};

/// What parent and children share.
struct Batch {
  FinishLine line;
  ActorRef parent;
  std::vector<ActorRef> children;
  std::atomic<std::uint64_t> unpoked{0};
};

/// The last one of a batch asks the parent for the next.
class Child final : public Actor {
 public:
  Child() { on(&Child::poke); }

  void poke(const Poke&) {
    auto& batch = *shared<Batch*>();
    if (batch.unpoked.fetch_sub(1) == 1) tell(batch.parent, Produce{});
  }
};

/// Makes the children, a batch at a time.
class Parent final : public Actor {
 public:
  static constexpr std::string_view urn = "parent";
  Parent() : batch_(*shared<Batch*>()) { on(&Parent::produce); }

  void produce(const Produce&) {
    const std::uint64_t children = batch_.children.size();
    if (made_ == 0) {
      batch_.parent = self();
      batch_.line.begin();
    }
    if (made_ == children) {
      batch_.line.finish();
      return;
    }
    const auto end = std::min(made_ + Workload::spawn_batch, children);
    batch_.unpoked = end - made_;
    for (; made_ < end; ++made_) {
      batch_.children[made_] = spawn<Child>();
      tell(batch_.children[made_], Poke{});
    }
  }

 private:
  Batch& batch_;
  std::uint64_t made_ = 0;
};

struct Made {
  double seconds = 0;
  double bytes = 0;
};

Made make(const Workload& workload, std::uint64_t children) {
  Batch batch;
  batch.children.resize(children);
  BenchRuntime runtime(workload);
  runtime.add<Parent, Child>(batch);
  runtime.start();
  const auto before = resident_bytes();
  runtime.tell("parent", Produce{});
  Made made;
  made.seconds = batch.line.await();
  made.bytes = resident_bytes() - before;
  const auto batches = (children + Workload::spawn_batch - 1) / Workload::spawn_batch;
  runtime.expect_handled(children + batches + 1);
  batch.parent = {};
  batch.children.clear();
  return made;
}

}  // namespace

Figures spawn(const Workload& workload) {
  const auto children = workload.amount(Workload::spawned);
  return {{static_cast<double>(children) / make(workload, children).seconds}};
}

Figures memory(const Workload& workload) {
  const auto children = workload.amount(Workload::resident);
  return {{make(workload, children).bytes / static_cast<double>(children)}};
}

}  // namespace conclib::bench::on_conclib

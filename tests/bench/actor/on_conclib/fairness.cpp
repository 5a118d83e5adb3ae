// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "tests/bench/actor/on_conclib/bench_runtime.hpp"
#include "tests/bench/actor/on_conclib/programs.hpp"

namespace conclib::bench::on_conclib {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t looks = 2000;
/// That wait in the mailbox of a flooded actor at any time.
constexpr std::uint64_t flood = 10'000;

struct Look {
  std::int64_t sent_ns = 0;
  CONCLIB_MESSAGE(Look, sent_ns)
};
struct Item {
  CONCLIB_MESSAGE(Item)
};
struct Begin {
  std::uint64_t items = 0;
  CONCLIB_MESSAGE(Begin, items)
};

struct Stage {
  Stage(std::uint64_t number_of_looks, std::uint64_t items_in_all)
      : looked(looks_line, number_of_looks), ended(items_line, items_in_all) {}

  FinishLine looks_line;
  Countdown looked;
  std::vector<double> waited_us;  // the quiet actor's until all looks are over
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> items_taken{0};
  FinishLine items_line;
  Countdown ended;
};

class Quiet final : public Actor {
 public:
  static constexpr std::string_view urn = "quiet";
  Quiet() : stage_(*shared<Stage*>()) { on(&Quiet::look); }

  void look(const Look& look) {
    const auto waited = Clock::now().time_since_epoch() - std::chrono::nanoseconds(look.sent_ns);
    stage_.waited_us.push_back(std::chrono::duration<double, std::micro>(waited).count());
    stage_.looked.arrive();
  }

 private:
  Stage& stage_;
};

/// Sends itself a message for each that it takes, so that its mailbox never runs empty.
class Flooded final : public Actor {
 public:
  static constexpr std::string_view urn = "flooded/{number}";
  explicit Flooded(std::string_view number)
      : stage_(*shared<Stage*>()), own_urn_("flooded/" + std::string(number)) {
    on(&Flooded::begin);
    on(&Flooded::take);
  }

  void begin(const Begin& begin) {
    for (std::uint64_t i = 0; i < begin.items; ++i) tell(own_urn_, Item{});
  }

  void take(const Item&) {
    ++taken_;
    if (!stage_.enough.load(std::memory_order_relaxed)) {
      tell(own_urn_, Item{});
      return;
    }
    stage_.items_taken += std::exchange(taken_, 0);
    stage_.ended.arrive();
  }

 private:
  Stage& stage_;
  std::string own_urn_;
  std::uint64_t taken_ = 0;
};

/// Median and 99th percentile in microseconds beside so many flooded actors.
std::vector<double> look_beside(const Workload& workload, unsigned flooded) {
  const auto number = workload.amount(looks);
  const auto items = workload.amount(flood);
  Stage stage(number, flooded * items);
  stage.waited_us.reserve(number);
  BenchRuntime runtime(workload);
  runtime.add<Quiet, Flooded>(stage);
  runtime.start();
  for (unsigned i = 0; i < flooded; ++i) runtime.tell("flooded/" + std::to_string(i), Begin{items});
  auto next = Clock::now();
  for (std::uint64_t i = 0; i < number; ++i) {
    next += std::chrono::milliseconds(1);
    std::this_thread::sleep_until(next);
    runtime.tell("quiet", Look{Clock::now().time_since_epoch() / std::chrono::nanoseconds(1)});
  }
  (void)stage.looks_line.await();
  stage.enough = true;
  if (flooded > 0) (void)stage.items_line.await();
  runtime.expect_handled(number + flooded + stage.items_taken);
  std::sort(stage.waited_us.begin(), stage.waited_us.end());
  return {stage.waited_us[number / 2], stage.waited_us[number * 99 / 100]};
}

}  // namespace

Figures fairness(const Workload& workload) {
  auto figures = look_beside(workload, 0);
  const auto beside = look_beside(workload, workload.threads);
  figures.insert(figures.end(), beside.begin(), beside.end());
  return figures;
}

}  // namespace conclib::bench::on_conclib

// SPDX-License-Identifier: MIT
#include <stdexcept>

#include "tests/bench/actor/on_caf/programs.hpp"
#include "tests/bench/actor/on_caf/system.hpp"

namespace conclib::bench::on_caf {
namespace {

struct Node {
  std::int64_t sum = 0;
  std::uint64_t missing = Workload::skynet_children;
};

/// Tells `parent` the sum of the numbers from `first` on, `leaves` of them.
caf::behavior node(caf::stateful_actor<Node>* self, const caf::actor& parent, std::uint64_t first,
                   std::uint64_t leaves) {
  if (leaves == 1) {
    self->send(parent, Sum{static_cast<std::int64_t>(first)});
    return {};
  }
  const auto part = leaves / Workload::skynet_children;
  for (std::uint64_t i = 0; i < Workload::skynet_children; ++i) {
    self->spawn(node, caf::actor(self), first + i * part, part);
  }
  return {[self, parent](const Sum& sum) {
    self->state.sum += sum.value;
    if (--self->state.missing > 0) return;
    self->send(parent, Sum{self->state.sum});
    self->quit();
  }};
}

caf::behavior root(caf::event_based_actor* self, std::uint64_t leaves, FinishLine* line,
                   std::int64_t* sum) {
  line->begin();
  self->spawn(node, caf::actor(self), std::uint64_t{0}, leaves);
  return {[self, line, sum](const Sum& of_all) {
    *sum = of_all.value;
    line->finish();
    self->quit();
  }};
}

}  // namespace

Figures skynet(const Workload& workload) {
  const auto leaves = workload.amount(Workload::skynet_leaves);
  FinishLine line;
  std::int64_t sum = 0;
  System system(workload);
  system->spawn(root, leaves, &line, &sum);
  const auto seconds = line.await();
  if (sum != static_cast<std::int64_t>(leaves * (leaves - 1) / 2)) {
    throw std::runtime_error("the sum is wrong");
  }
  return {{seconds}};
}

}  // namespace conclib::bench::on_caf

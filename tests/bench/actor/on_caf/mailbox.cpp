// SPDX-License-Identifier: MIT
#include <vector>

#include "tests/bench/actor/on_caf/programs.hpp"
#include "tests/bench/actor/on_caf/system.hpp"

namespace conclib::bench::on_caf {
namespace {

caf::behavior producer(caf::event_based_actor* self, const caf::actor& receiver) {
  return {[self, receiver](const Produce& produce) {
    for (std::int64_t i = 0; i < produce.value; ++i) self->send(receiver, Item{i});
  }};
}

struct Receiver {
  std::vector<caf::actor> producers;
  std::uint64_t received = 0;
};

caf::behavior receiver(caf::stateful_actor<Receiver>* self, std::uint64_t each, FinishLine* line) {
  for (unsigned i = 0; i < Workload::producers; ++i) {
    self->state.producers.push_back(self->spawn(producer, caf::actor(self)));
  }
  const auto produce = [self, each] {
    for (const auto& to : self->state.producers) {
      self->send(to, Produce{static_cast<std::int64_t>(each)});
    }
  };
  line->begin();
  produce();
  const auto batch = each * Workload::producers;
  return {[self, line, produce, batch](const Item&) {
    const auto received = ++self->state.received;
    if (received % batch != 0) return;
    if (received < batch * Workload::productions) {
      produce();
      return;
    }
    line->finish();
    for (const auto& each_producer : self->state.producers) {
      self->send_exit(each_producer, caf::exit_reason::user_shutdown);
    }
    self->quit();
  }};
}

}  // namespace

Figures mailbox(const Workload& workload) {
  const auto each = workload.amount(Workload::messages_per_producer);
  FinishLine line;
  System system(workload);
  system->spawn(receiver, each, &line);
  const auto messages = each * Workload::producers * Workload::productions;
  return {{static_cast<double>(messages) / line.await()}};
}

}  // namespace conclib::bench::on_caf

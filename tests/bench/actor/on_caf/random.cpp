// SPDX-License-Identifier: MIT
#include <vector>

#include "tests/bench/actor/on_caf/programs.hpp"
#include "tests/bench/actor/on_caf/system.hpp"

namespace conclib::bench::on_caf {
namespace {

caf::behavior sink(caf::event_based_actor* self, const caf::actor& sender) {
  return {[](const Item&) {}, [self, sender](const Flush&) { self->send(sender, Seen{}); }};
}

struct Sender {
  std::vector<caf::actor> sinks;
  std::uint64_t seen = 0;
  RandomSequence random;
};

void flush(caf::stateful_actor<Sender>* self) {
  for (const auto& each : self->state.sinks) self->send(each, Flush{});
}

/// Sends at random once every sink is there, and finishes when every one has read all.
caf::behavior sender(caf::stateful_actor<Sender>* self, std::uint64_t sinks, std::uint64_t sends,
                     FinishLine* line) {
  for (std::uint64_t i = 0; i < sinks; ++i) {
    self->state.sinks.push_back(self->spawn(sink, caf::actor(self)));
  }
  flush(self);
  return {[self, sinks, sends, line](const Seen&) {
    const auto seen = ++self->state.seen;
    if (seen == sinks) {
      line->begin();
      for (std::uint64_t i = 0; i < sends; ++i) {
        self->send(self->state.sinks[self->state.random.below(sinks)],
                   Item{static_cast<std::int64_t>(i)});
      }
      flush(self);
    } else if (seen == 2 * sinks) {
      line->finish();
      for (const auto& each : self->state.sinks) {
        self->send_exit(each, caf::exit_reason::user_shutdown);
      }
      self->quit();
    }
  }};
}

}  // namespace

Figures random(const Workload& workload) {
  const auto sends = workload.amount(Workload::random_sends);
  FinishLine line;
  System system(workload);
  system->spawn(sender, workload.amount(Workload::random_actors), sends, &line);
  return {{static_cast<double>(sends) / line.await()}};
}

}  // namespace conclib::bench::on_caf

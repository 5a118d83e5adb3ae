// SPDX-License-Identifier: MIT
#include "tests/bench/actor/on_caf/programs.hpp"
#include "tests/bench/actor/on_caf/system.hpp"

namespace conclib::bench::on_caf {
namespace {

caf::behavior answerer() {
  return {[](const Question& question) { return Answer{question.value}; }};
}

struct Asker {
  caf::actor answerer;
  std::int64_t left = 0;
};

/// Without a time-out, which is how CAF is fastest.
void ask_next(caf::stateful_actor<Asker>* self, FinishLine* line) {
  self->request(self->state.answerer, caf::infinite, Question{self->state.left})
      .then([self, line](const Answer& answer) {
        self->state.left = answer.value - 1;
        if (self->state.left > 0) {
          ask_next(self, line);
          return;
        }
        line->finish();
        self->quit();
      });
}

caf::behavior asker(caf::stateful_actor<Asker>* self, std::int64_t asks, FinishLine* line) {
  self->state.answerer = self->spawn(answerer);
  self->state.left = asks;
  line->begin();
  ask_next(self, line);
  return {[](const Poke&) {}};
}

}  // namespace

Figures ask(const Workload& workload) {
  const auto asks = workload.amount(Workload::asks);
  FinishLine line;
  System system(workload);
  system->spawn(asker, static_cast<std::int64_t>(asks), &line);
  return {{static_cast<double>(asks) / line.await()}};
}

}  // namespace conclib::bench::on_caf

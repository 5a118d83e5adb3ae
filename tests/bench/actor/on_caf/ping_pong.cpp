// SPDX-License-Identifier: MIT
#include "tests/bench/actor/on_caf/programs.hpp"
#include "tests/bench/actor/on_caf/system.hpp"

namespace conclib::bench::on_caf {
namespace {

caf::behavior pong(caf::event_based_actor* self, const caf::actor& ping) {
  return {[self, ping](const Ball& ball) {
    self->send(ping, Ball{ball.value - 1});
    if (ball.value == 1) self->quit();
  }};
}

/// Serves the first of `messages`, an even number; the last one has the value 0.
caf::behavior ping(caf::event_based_actor* self, std::int64_t messages, FinishLine* line) {
  const auto other = self->spawn(pong, caf::actor(self));
  line->begin();
  self->send(other, Ball{messages - 1});
  return {[self, other, line](const Ball& ball) {
    if (ball.value > 0) {
      self->send(other, Ball{ball.value - 1});
      return;
    }
    line->finish();
    self->quit();
  }};
}

}  // namespace

Figures ping_pong(const Workload& workload) {
  const auto messages = workload.amount(Workload::ping_pong_messages);
  FinishLine line;
  System system(workload);
  system->spawn(ping, static_cast<std::int64_t>(messages), &line);
  return {{static_cast<double>(messages) / line.await()}};
}

}  // namespace conclib::bench::on_caf

// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <vector>

#include "tests/bench/actor/on_caf/programs.hpp"
#include "tests/bench/actor/on_caf/system.hpp"

namespace conclib::bench::on_caf {
namespace {

/// What parent and children share.
struct Batch {
  FinishLine line;
  caf::actor parent;
  std::vector<caf::actor> children;
  std::atomic<std::uint64_t> unpoked{0};
};

/// The last one of a batch asks the parent for the next.
caf::behavior child(caf::event_based_actor* self, Batch* batch) {
  return {[self, batch](const Poke&) {
    if (batch->unpoked.fetch_sub(1) == 1) self->send(batch->parent, Produce{});
  }};
}

struct Parent {
  std::uint64_t made = 0;
};

/// Makes the children, a batch at a time.
caf::behavior parent(caf::stateful_actor<Parent>* self, Batch* batch) {
  return {[self, batch](const Produce&) {
    const std::uint64_t children = batch->children.size();
    auto& made = self->state.made;
    if (made == 0) batch->line.begin();
    if (made == children) {
      batch->line.finish();
      return;
    }
    const auto end = std::min(made + Workload::spawn_batch, children);
    batch->unpoked = end - made;
    for (; made < end; ++made) {
      batch->children[made] = self->spawn(child, batch);
      self->send(batch->children[made], Poke{});
    }
  }};
}

struct Made {
  double seconds = 0;
  double bytes = 0;
};

Made make(const Workload& workload, std::uint64_t children) {
  Batch batch;
  System system(workload);
  batch.children.resize(children);
  batch.parent = system->spawn(parent, &batch);
  const auto before = resident_bytes();
  caf::anon_send(batch.parent, Produce{});
  Made made;
  made.seconds = batch.line.await();
  made.bytes = resident_bytes() - before;
  caf::anon_send_exit(batch.parent, caf::exit_reason::user_shutdown);
  batch.parent = nullptr;
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

}  // namespace conclib::bench::on_caf

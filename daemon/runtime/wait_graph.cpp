// SPDX-License-Identifier: MIT
#include "daemon/runtime/wait_graph.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "proto/assert.hpp"

// Why a walk never follows an ask or a cell that is gone: who takes its edge away first clears it
// and then looks whether somebody walks (both sequentially consistent). If it sees nobody, every
// walk that begins later finds no edge. Else it waits for the lock, and so for the end of the walk,
// before it goes on and lets go of the ask, which holds the cell that it waited for.

namespace conclib::runtime {
namespace {

/// Counts a walk as long as it lasts. It is counted before the lock is taken.
class Walking {
 public:
  explicit Walking(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Walking() { --count_; }
  Walking(const Walking&) = delete;
  Walking& operator=(const Walking&) = delete;

 private:
  std::atomic<int>& count_;
};

}  // namespace

bool WaitGraph::Edge::is_there() const {
  return from->waits_for.load(std::memory_order_seq_cst) == ask &&
         ask->state.load(std::memory_order_seq_cst) == PendingAsk::State::waiting;
}

std::string WaitGraph::begin(Cell& from, PendingAsk& ask) {
  CONCLIB_ASSERT(ask.target.get() != nullptr);
  end(from);
  auto& to = *ask.target;
  from.waits_for.store(&ask, std::memory_order_seq_cst);
  if (!to.waits_for.load(std::memory_order_seq_cst)) return {};

  const Walking walking(walking_);
  const std::lock_guard lock(mutex_);
  const auto ring = walk(from);
  if (ring.empty()) return {};
  from.waits_for.store(nullptr, std::memory_order_seq_cst);
  std::string text;
  for (std::size_t i = 0; i < std::min(ring.size(), shown_max); ++i) {
    text.append(ring[i].from->urn()).append(" -> ");
  }
  if (ring.size() > shown_max) text += fmt::format("... {} more -> ", ring.size() - shown_max);
  return text.append(from.urn());
}

std::vector<WaitGraph::Edge> WaitGraph::walk(Cell& from) {
  std::vector<Edge> path;
  // Ends also in a ring that `from` only leads to, by going on from a mark for twice as long each
  // time: who closes that ring sees it.
  const Cell* mark = nullptr;
  std::size_t next_mark = 1;
  auto* cell = &from;
  do {
    if (path.size() == next_mark) {
      mark = cell;
      next_mark *= 2;
    }
    const Edge edge{cell, cell->waits_for.load(std::memory_order_seq_cst)};
    if (!edge.ask || !edge.is_there()) return {};
    path.push_back(edge);
    cell = edge.ask->target.get();
    if (cell == mark) return {};
  } while (cell != &from);
  const bool still =
      std::all_of(path.begin(), path.end(), [](const Edge& e) { return e.is_there(); });
  return still ? path : std::vector<Edge>{};
}

void WaitGraph::cut(Cell& from) {
  from.waits_for.store(nullptr, std::memory_order_seq_cst);
  if (walking_.load(std::memory_order_seq_cst) == 0) return;
  const std::lock_guard lock(mutex_);
}

}  // namespace conclib::runtime

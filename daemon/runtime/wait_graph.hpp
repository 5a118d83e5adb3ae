// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/runtime/cell.hpp"

namespace conclib::runtime {

/// Who waits for whom: an edge from each actor that takes no request before the answer to one ask
/// has come, to the actor that owes it. A ring of such edges never moves again.
///
/// An edge is one atomic pointer in the cell that waits, to its ask, whose `target` is the other
/// end. It is there as long as the ask waits: an answer that is on its way ends it, for its asker
/// will go on, whatever else the one who gave it does meanwhile.
///
/// It costs two atomic operations as long as the one who is asked does not wait itself; only then
/// is the graph walked, under a lock. Of those that close a ring at the same time at least one sees
/// it: each sets its edge before it looks (sequentially consistent). And what is seen has been a
/// ring at one moment: the walk looks twice at each edge, and none that is taken away comes again
/// before the walk is over.
///
/// Threading: each function on the turn of `from`.
class WaitGraph {
 public:
  /// `from` waits for the answer to its `ask`, and for no other any more. `ask.target` is set and
  /// remains as it is until end(), which comes before the ask is given up or destroyed. Returns the
  /// ring that this closes ("a -> b -> a"; of a long one the first `shown_max`), or nothing; with a
  /// ring there is no edge.
  [[nodiscard]] std::string begin(Cell& from, PendingAsk& ask);
  /// `from` does not wait any more. Harmless when it did not.
  void end(Cell& from) {
    if (from.waits_for.load(std::memory_order_relaxed)) cut(from);
  }

  static constexpr std::size_t shown_max = 16;

 private:
  struct Edge {
    Cell* from;
    PendingAsk* ask;
    [[nodiscard]] bool is_there() const;
  };

  void cut(Cell& from);
  /// The edges from `from` round to it, if they are there; else nothing.
  [[nodiscard]] static std::vector<Edge> walk(Cell& from);

  std::atomic<int> walking_{0};
  std::mutex mutex_;
};

}  // namespace conclib::runtime

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "daemon/runtime/ports.hpp"

namespace conclib::queue {

/// How many messages that an entry's handler sent have not been answered by Redis yet; until then
/// the entry is not finished. Pure. Threading: one thread.
class CauseLedger {
 public:
  void begin(const runtime::EntryRef& cause) { ++open_[key(cause)]; }

  /// One message was answered. True if it was the last one of its cause.
  bool end(const runtime::EntryRef& cause) {
    const auto at = open_.find(key(cause));
    if (at == open_.end()) return false;
    if (--at->second > 0) return false;
    open_.erase(at);
    return true;
  }

  [[nodiscard]] bool is_open(const runtime::EntryRef& cause) const {
    return open_.contains(key(cause));
  }

 private:
  using Key = std::pair<std::uint32_t, runtime::EntryId>;
  static Key key(const runtime::EntryRef& at) { return {at.partition, at.entry}; }

  std::map<Key, std::uint64_t> open_;
};

}  // namespace conclib::queue

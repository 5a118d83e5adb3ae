// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/runtime/message.hpp"

namespace conclib::runtime {

/// The asks that went outside, by the id under which the reply comes back.
/// Threading: any thread.
/// Ownership: of the asks in it, as their responder (see PendingAsk).
class RemoteAsks {
 public:
  ~RemoteAsks() {
    for (auto& [id, ask] : asks_) delete ask;
  }

  void add(PendingAsk* ask) {
    const std::lock_guard lock(mutex_);
    asks_.emplace(ask->remote_id, ask);
  }

  /// Takes it out, or null: its asker has given up.
  [[nodiscard]] PendingAsk* take(std::string_view id) {
    const std::lock_guard lock(mutex_);
    const auto found = asks_.find(std::string(id));
    if (found == asks_.end()) return nullptr;
    auto* ask = found->second;
    asks_.erase(found);
    return ask;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, PendingAsk*> asks_;
};

}  // namespace conclib::runtime

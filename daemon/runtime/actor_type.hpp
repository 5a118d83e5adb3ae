// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/runtime/mailbox.hpp"
#include "daemon/runtime/runtime.hpp"
#include "proto/urn.hpp"

namespace conclib::runtime {

struct Core;
class Scheduler;

/// A type of actors as the runtime keeps it. Immutable once the runtime has started.
struct ActorType {
  TypeSpec spec;
  std::string urn;   ///< As the plugin gives it: `example_actor` or `cart/{id}`.
  std::string name;  ///< What stands before the braces, without the slash; else the whole URN.
  bool keyed = false;
  MailboxLimits limits;
  Core* core = nullptr;
  Scheduler* scheduler = nullptr;
};

/// The types of actors by URN.
/// Threading: add() before any other thread looks; the rest from any thread.
class TypeTable {
 public:
  /// Refuses a type that is incomplete, whose URN is not valid or is there already.
  [[nodiscard]] proto::Result<ActorType*> add(ActorType type);
  /// The type of the actor with this URN, or null. Of a child, that of its parent.
  [[nodiscard]] const ActorType* find(const proto::Urn& urn) const;
  /// All of them, in the order in which they were added.
  [[nodiscard]] const std::vector<std::unique_ptr<ActorType>>& all() const { return types_; }

 private:
  std::vector<std::unique_ptr<ActorType>> types_;
  std::map<std::string, const ActorType*, std::less<>> fixed_;
  std::map<std::string, const ActorType*, std::less<>> keyed_;
};

}  // namespace conclib::runtime

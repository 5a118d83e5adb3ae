// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/runtime/mailbox.hpp"
#include "daemon/runtime/restarts.hpp"
#include "daemon/runtime/runtime.hpp"
#include "proto/urn.hpp"

namespace conclib::runtime {

struct Core;
class Recency;
class Scheduler;

/// A type of actors as the runtime keeps it. Immutable once the runtime has started.
struct ActorType {
  ActorType();
  ~ActorType();
  ActorType(ActorType&&) noexcept;

  TypeSpec spec;
  /// What the plugin gave, with zeros where its table is of an older ABI.
  conclib_actor_type table{};
  std::string urn;   ///< `example_actor` or `cart/{id}`; empty: only spawned.
  std::string name;  ///< What stands before the braces, without the slash; else the whole URN.
  std::string class_name;  ///< For people and for list(); the name if the plugin gave none.
  bool keyed = false;
  bool drops_when_full = false;
  std::uint32_t pool_size = 1;
  MailboxLimits limits;
  Supervision supervision;
  std::chrono::nanoseconds handler_limit{0};
  std::unique_ptr<Recency> recency;  ///< Null: its actors are neither passivated nor capped.
  Core* core = nullptr;
  Scheduler* scheduler = nullptr;

  /// Whether the class or one of its bases has this name; empty: any.
  [[nodiscard]] bool is_a(std::string_view name) const;
};

/// The types of actors by URN.
/// Threading: add() before any other thread looks; the rest from any thread.
class TypeTable {
 public:
  /// Takes over what the plugin's table says, over `options`. Refuses a type that is incomplete,
  /// whose URN is not valid or is there already.
  [[nodiscard]] proto::Result<ActorType*> add(TypeSpec spec, const RuntimeOptions& options);
  /// The type of the actor with this URN, or null. Of a child, that of its parent.
  [[nodiscard]] const ActorType* find(const proto::Urn& urn) const;
  /// The type with this table of a plugin, or null.
  [[nodiscard]] const ActorType* find(const conclib_actor_type* table) const;
  /// All of them, in the order in which they were added.
  [[nodiscard]] const std::vector<std::unique_ptr<ActorType>>& all() const { return types_; }

 private:
  std::vector<std::unique_ptr<ActorType>> types_;
  std::map<std::string, const ActorType*, std::less<>> fixed_;
  std::map<std::string, const ActorType*, std::less<>> keyed_;
  std::unordered_map<const conclib_actor_type*, const ActorType*> by_table_;
};

}  // namespace conclib::runtime

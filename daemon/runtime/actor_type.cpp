// SPDX-License-Identifier: MIT
#include "daemon/runtime/actor_type.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

#include <fmt/core.h>

#include "daemon/runtime/payload.hpp"
#include "daemon/runtime/recency.hpp"
#include "proto/limits.hpp"

namespace conclib::runtime {
namespace {

using proto::fail;
using proto::Status;

/// Splits `cart/{id}`; false if there is no such pattern in it.
proto::Result<bool> split_pattern(std::string_view urn, std::string& name) {
  const auto brace = urn.find_first_of("{}");
  if (brace == std::string_view::npos) {
    name = urn;
    return false;
  }
  const bool in_place = brace > 1 && urn[brace - 1] == '/' && urn[brace] == '{';
  const auto word = urn.substr(brace + 1);
  if (!in_place || word.size() < 2 || word.find_first_of("{}/#") != word.size() - 1 ||
      word.back() != '}') {
    return fail(Status::bad_argument,
                fmt::format("the URN \"{}\" is neither a name nor a name with one \"/{{key}}\" "
                            "at its end",
                            urn));
  }
  name = urn.substr(0, brace - 1);
  return true;
}

/// What an actor type has had since ABI 1.0.
constexpr std::size_t type_size_min = offsetof(conclib_actor_type, class_name);
constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

std::chrono::milliseconds or_default(std::uint32_t ms, std::chrono::milliseconds otherwise) {
  return ms == 0 ? otherwise : std::chrono::milliseconds(ms);
}

proto::Result<Supervision> supervision_of(const ActorType& type) {
  const auto& table = type.table;
  if (table.on_failure > CONCLIB_ON_FAILURE_ESCALATE) {
    return fail(Status::bad_argument,
                fmt::format("actor type {} has the failure policy {}, which there is not",
                            type.class_name, table.on_failure));
  }
  Supervision supervision;
  supervision.on_failure = static_cast<Supervision::OnFailure>(table.on_failure);
  supervision.restarts_max = table.restarts_max;
  supervision.restarts_within = or_default(table.restarts_within_ms, supervision.restarts_within);
  supervision.backoff_min = or_default(table.backoff_min_ms, supervision.backoff_min);
  supervision.backoff_max =
      std::max(or_default(table.backoff_max_ms, supervision.backoff_max), supervision.backoff_min);
  return supervision;
}

std::unique_ptr<Recency> recency_of(const ActorType& type, const RuntimeOptions& options) {
  if (!type.keyed) return nullptr;
  Recency::Limits limits;
  limits.live_max = type.table.live_max;
  if (type.table.passivate_after_ms != never) {
    limits.idle_max = or_default(type.table.passivate_after_ms, options.passivate_after);
  }
  if (limits.live_max == 0 && limits.idle_max.count() == 0) return nullptr;
  return std::make_unique<Recency>(limits);
}

/// Takes over what the table says beside the URN.
proto::Result<void> describe(ActorType& type, const RuntimeOptions& options) {
  const auto& table = type.table;
  const auto given_name = view_of(table.class_name);
  type.class_name = given_name.empty() ? type.name : std::string(given_name);
  type.drops_when_full = (table.flags & CONCLIB_ACTOR_DROP_WHEN_FULL) != 0;
  type.pool_size = std::max(table.pool_size, 1U);
  type.limits = {.messages_max = table.mailbox_messages_max != 0 ? table.mailbox_messages_max
                                                                 : options.mailbox_messages_max,
                 .bytes_max = options.mailbox_bytes_max};
  type.limits.messages_max = std::min(type.limits.messages_max, mailbox_messages_limit);
  type.handler_limit = or_default(table.handler_limit_ms, options.handler_limit);
  // Members of a pool are called by its URN, a '#' and a number.
  constexpr std::size_t number_bytes_max = 11;
  if (type.pool_size > 1 && type.urn.size() + number_bytes_max > proto::limits::urn_bytes_max) {
    return fail(
        Status::bad_argument,
        fmt::format("the URN of the pool {} is too long for its members' to have room", type.urn));
  }
  auto supervision = supervision_of(type);
  if (!supervision) return tl::unexpected(std::move(supervision.error()));
  type.supervision = *supervision;
  type.recency = recency_of(type, options);
  return {};
}

}  // namespace

ActorType::ActorType() = default;
ActorType::~ActorType() = default;
ActorType::ActorType(ActorType&&) noexcept = default;

bool ActorType::is_a(std::string_view wanted) const {
  if (wanted.empty() || wanted == class_name) return true;
  return table.is_a && table.is_a(str_of(wanted)) != 0;
}

proto::Result<ActorType*> TypeTable::add(TypeSpec spec, const RuntimeOptions& options) {
  const auto* given = spec.type;
  if (!given || given->size < type_size_min || !given->create || !given->receive ||
      !given->destroy || !spec.host) {
    return fail(Status::bad_argument,
                fmt::format("an actor type of plugin {} is incomplete: it needs size, create, "
                            "receive and destroy",
                            spec.plugin_name));
  }
  ActorType type;
  type.spec = std::move(spec);
  std::memcpy(&type.table, given, std::min(given->size, sizeof(type.table)));
  type.urn = view_of(given->urn);
  if (type.urn.empty()) {
    if (auto described = describe(type, options); !described) {
      return tl::unexpected(std::move(described.error()));
    }
    types_.push_back(std::make_unique<ActorType>(std::move(type)));
    by_table_.emplace(given, types_.back().get());
    return types_.back().get();
  }
  auto keyed = split_pattern(type.urn, type.name);
  if (!keyed) return tl::unexpected(keyed.error());
  type.keyed = *keyed;
  const auto urn = proto::parse_urn(type.name);
  if (!urn) return tl::unexpected(urn.error());
  if (!urn->child.empty() || (type.keyed && !urn->key.empty())) {
    return fail(Status::bad_argument,
                fmt::format("the URN \"{}\" cannot be that of a type", type.urn));
  }
  auto& table = type.keyed ? keyed_ : fixed_;
  if (const auto there = table.find(type.name); there != table.end()) {
    return fail(Status::bad_argument,
                fmt::format("plugin {}: the actor type \"{}\" is there "
                            "already, from plugin {}",
                            type.spec.plugin_name, type.urn, there->second->spec.plugin_name));
  }
  if (auto described = describe(type, options); !described) {
    return tl::unexpected(std::move(described.error()));
  }
  types_.push_back(std::make_unique<ActorType>(std::move(type)));
  auto* added = types_.back().get();
  table.emplace(added->name, added);
  by_table_.emplace(given, added);
  return added;
}

const ActorType* TypeTable::find(const conclib_actor_type* table) const {
  const auto found = by_table_.find(table);
  return found == by_table_.end() ? nullptr : found->second;
}

const ActorType* TypeTable::find(const proto::Urn& urn) const {
  if (const auto fixed = fixed_.find(urn.placed()); fixed != fixed_.end()) return fixed->second;
  if (urn.key.empty()) return nullptr;
  const auto keyed = keyed_.find(urn.type);
  return keyed == keyed_.end() ? nullptr : keyed->second;
}

}  // namespace conclib::runtime

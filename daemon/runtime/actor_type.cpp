// SPDX-License-Identifier: MIT
#include "daemon/runtime/actor_type.hpp"

#include <fmt/core.h>

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

}  // namespace

proto::Result<ActorType*> TypeTable::add(ActorType type) {
  const auto* given = type.spec.type;
  if (!given || given->size < sizeof(conclib_actor_type) || !given->create || !given->receive ||
      !given->destroy || !type.spec.host) {
    return fail(Status::bad_argument,
                fmt::format("an actor type of plugin {} is incomplete: it needs size, create, "
                            "receive and destroy",
                            type.spec.plugin_name));
  }
  type.urn = given->urn.data ? std::string(given->urn.data, given->urn.size) : std::string();
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
  types_.push_back(std::make_unique<ActorType>(std::move(type)));
  auto* added = types_.back().get();
  table.emplace(added->name, added);
  return added;
}

const ActorType* TypeTable::find(const proto::Urn& urn) const {
  if (const auto fixed = fixed_.find(urn.placed()); fixed != fixed_.end()) return fixed->second;
  if (urn.key.empty()) return nullptr;
  const auto keyed = keyed_.find(urn.type);
  return keyed == keyed_.end() ? nullptr : keyed->second;
}

}  // namespace conclib::runtime

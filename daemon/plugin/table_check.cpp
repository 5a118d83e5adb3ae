// SPDX-License-Identifier: MIT
#include "daemon/plugin/table_check.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "daemon/plugin/plugin_handle.hpp"
#include "proto/urn.hpp"

namespace conclib::plugin {

namespace {

using proto::fail;
using proto::Result;
using proto::Status;

constexpr std::size_t name_bytes_max = 64;
constexpr std::uint32_t known_flags = CONCLIB_ACTOR_BLOCKING | CONCLIB_ACTOR_DROP_WHEN_FULL;
/// What plugin and actor type have had since ABI 1.0.
constexpr std::size_t plugin_size_min = offsetof(conclib_plugin, unload) + sizeof(void*);
constexpr std::size_t type_size_min = offsetof(conclib_actor_type, class_name);

bool is_plugin_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

bool is_version(std::string_view version) {
  return !version.empty() && version.size() <= name_bytes_max &&
         std::all_of(version.begin(), version.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string abi_text(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

/// `type` or `type/{what the key means}`.
bool is_type_urn(std::string_view urn) {
  const auto slash = urn.find('/');
  const auto type = proto::parse_urn(urn.substr(0, slash));
  if (!type || !type->child.empty()) return false;
  if (slash == std::string_view::npos) return true;
  const auto key = urn.substr(slash + 1);
  if (key.size() < 3 || key.front() != '{' || key.back() != '}') return false;
  // What stands in braces only documents, but a second pattern in it was meant otherwise.
  return key.substr(1, key.size() - 2).find_first_of("{}/#") == std::string_view::npos;
}

Result<void> check_abi(const conclib_plugin& table) {
  if (table.abi_major != CONCLIB_ABI_MAJOR || table.abi_minor > CONCLIB_ABI_MINOR) {
    const bool newer = table.abi_major >= CONCLIB_ABI_MAJOR;
    return fail(Status::protocol_mismatch,
                "is built for plugin ABI " + abi_text(table.abi_major, table.abi_minor) +
                    ", this daemon has " + abi_text(CONCLIB_ABI_MAJOR, CONCLIB_ABI_MINOR) +
                    (newer ? ": upgrade conclibd, or build the plugin with its headers"
                           : ": build the plugin again with the headers of this conclibd"));
  }
  if (table.size < plugin_size_min) {
    return fail(Status::protocol_mismatch,
                "has a plugin table of " + std::to_string(table.size) + " bytes, ABI " +
                    abi_text(CONCLIB_ABI_MAJOR, CONCLIB_ABI_MINOR) + " needs " +
                    std::to_string(plugin_size_min) + ": build it again");
  }
  return {};
}

Result<void> check_type(const conclib_actor_type* type, std::size_t index) {
  const auto nth = "actor type " + std::to_string(index);
  if (type == nullptr) return fail(Status::bad_argument, nth + " is null");
  if (type->size < type_size_min) {
    return fail(Status::bad_argument, nth + " has a table of " + std::to_string(type->size) +
                                          " bytes, " + std::to_string(type_size_min) +
                                          " are needed: build it again");
  }
  const std::string urn(view_of(type->urn));
  // Since ABI 1.1 there are types without one, which are only spawned.
  const bool spawned = urn.empty() && type->size > type_size_min;
  if (!spawned && !is_type_urn(urn)) {
    return fail(Status::bad_argument, nth + " has the URN \"" + urn +
                                          "\": it must be like `cart` or `cart/{id}`, its first "
                                          "part of letters, digits and _ . : -");
  }
  if (type->create == nullptr || type->receive == nullptr || type->destroy == nullptr) {
    return fail(Status::bad_argument,
                "actor type " + urn + " lacks one of the functions create, receive and destroy");
  }
  if ((type->flags & ~known_flags) != 0) {
    return fail(Status::bad_argument, "actor type " + urn + " has flags that ABI " +
                                          abi_text(CONCLIB_ABI_MAJOR, CONCLIB_ABI_MINOR) +
                                          " does not know: clear them or upgrade conclibd");
  }
  return {};
}

}  // namespace

std::string_view type_name(const conclib_actor_type& type) {
  const auto urn = view_of(type.urn);
  return urn.substr(0, urn.find('/'));
}

Result<void> check_table(const conclib_plugin* table) {
  if (table == nullptr) return fail(Status::bad_argument, "its conclib_plugin_table returned null");
  if (table->magic != CONCLIB_PLUGIN_MAGIC) {
    return fail(Status::protocol_mismatch,
                "its conclib_plugin_table returned no plugin table (wrong magic number): build it "
                "with conclib/plugin.h");
  }
  if (auto abi = check_abi(*table); !abi) return abi;
  const std::string name(view_of(table->name));
  if (!is_plugin_name(name)) {
    return fail(Status::bad_argument,
                "calls itself \"" + name + "\": a plugin's name is 1 to 64 of [a-z0-9_-]");
  }
  if (!is_version(view_of(table->version))) {
    return fail(Status::bad_argument,
                "has no version: 1 to 64 printable characters without space are needed");
  }
  if (table->actor_types == nullptr || table->actor_types_count == 0) {
    return fail(Status::bad_argument, "has no actor types");
  }
  for (std::size_t i = 0; i < table->actor_types_count; ++i) {
    if (auto type = check_type(table->actor_types[i], i); !type) return type;
  }
  return {};
}

}  // namespace conclib::plugin

// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "conclib/plugin.h"
#include "proto/result.hpp"

namespace conclib::plugin {

/// Whether a daemon of this version can work with the table; nothing of the plugin is called. The
/// error (PROTOCOL_MISMATCH for the ABI, else BAD_ARGUMENT) names cause and cure.
[[nodiscard]] proto::Result<void> check_table(const conclib_plugin* table);

/// The part of an actor type's URN that names it: `cart` of `cart/{id}`. Of a checked table.
[[nodiscard]] std::string_view type_name(const conclib_actor_type& type);

}  // namespace conclib::plugin

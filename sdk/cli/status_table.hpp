// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace conclib::cli {

/// Whether any node of the document of conclib_client_status is alive.
[[nodiscard]] bool has_live_node(const nlohmann::json& status);

/// The document of conclib_client_status for a person: what is wrong first, then all there is.
[[nodiscard]] std::string status_table(const nlohmann::json& status);

}  // namespace conclib::cli

// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclib::config {

/// The candidate that is the fewest single-letter edits away from `word`; empty if none is near
/// enough to be a slip of the hand. `_` counts as `-`.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace conclib::config

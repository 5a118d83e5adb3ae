// SPDX-License-Identifier: MIT
#include "daemon/config/spelling.hpp"

#include <algorithm>
#include <numeric>

namespace conclib::config {

namespace {

/// The Levenshtein distance.
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string spelled(word);
  std::replace(spelled.begin(), spelled.end(), '_', '-');
  std::string_view best;
  std::size_t best_edits = std::max<std::size_t>(2, spelled.size() / 3) + 1;
  for (const auto candidate : candidates) {
    const auto distance = edits(spelled, candidate);
    if (distance < best_edits) {
      best = candidate;
      best_edits = distance;
    }
  }
  return best;
}

}  // namespace conclib::config

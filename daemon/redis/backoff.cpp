// SPDX-License-Identifier: MIT
#include "daemon/redis/backoff.hpp"

#include <algorithm>

namespace conclib::redis {

std::chrono::milliseconds Backoff::next() {
  using Count = std::chrono::milliseconds::rep;
  std::uniform_int_distribution<Count> wait(1, std::max<Count>(bound_.count(), 1));
  bound_ = std::min(bound_ * 2, longest_);
  return std::chrono::milliseconds(wait(random_));
}

}  // namespace conclib::redis

// SPDX-License-Identifier: MIT
#include "daemon/worker/system_random.hpp"

#include <sys/random.h>

#include "proto/assert.hpp"

namespace conclib::worker {

std::uint64_t SystemRandom::next() {
  std::uint64_t number = 0;
  // So few bytes come whole, and without a wait once the system has started.
  CONCLIB_ASSERT(getrandom(&number, sizeof(number), 0) == static_cast<ssize_t>(sizeof(number)));
  return number;
}

}  // namespace conclib::worker

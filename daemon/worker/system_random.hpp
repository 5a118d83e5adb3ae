// SPDX-License-Identifier: MIT
#pragma once

#include "daemon/runtime/ports.hpp"

namespace conclib::worker {

/// The random numbers of the system, which nobody can foretell.
class SystemRandom final : public runtime::Random {
 public:
  [[nodiscard]] std::uint64_t next() override;
};

}  // namespace conclib::worker

// SPDX-License-Identifier: MIT
#pragma once

#include "tests/bench/actor/program.hpp"

/// The programs on CAF, written as its manual has it: function-based actors, messages by value.
namespace conclib::bench::on_caf {

[[nodiscard]] Figures ping_pong(const Workload& workload);
[[nodiscard]] Figures mailbox(const Workload& workload);
[[nodiscard]] Figures ask(const Workload& workload);
[[nodiscard]] Figures spawn(const Workload& workload);
[[nodiscard]] Figures memory(const Workload& workload);
[[nodiscard]] Figures skynet(const Workload& workload);
[[nodiscard]] Figures random(const Workload& workload);

}  // namespace conclib::bench::on_caf

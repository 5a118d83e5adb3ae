// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "tests/bench/actor/program.hpp"

/// The programs on conclib, through the interface that an author of a plugin uses. Each checks that
/// every message of it was a turn of a mailbox.
namespace conclib::bench::on_conclib {

[[nodiscard]] Figures ping_pong(const Workload& workload);
[[nodiscard]] Figures mailbox(const Workload& workload);
[[nodiscard]] Figures ask(const Workload& workload);
[[nodiscard]] Figures spawn(const Workload& workload);
[[nodiscard]] Figures memory(const Workload& workload);
[[nodiscard]] Figures skynet(const Workload& workload);
[[nodiscard]] Figures random(const Workload& workload);
/// Median and 99th percentile in microseconds of the time that a message to a quiet actor waits:
/// first alone, then while as many actors as there are threads are flooded.
[[nodiscard]] Figures fairness(const Workload& workload);

[[nodiscard]] std::span<const Program> programs();

}  // namespace conclib::bench::on_conclib

// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>

#include "tests/bench/measure.hpp"

namespace conclib::bench {

/// The layout floor: what Redis and our layout of keys and commands cost by themselves. A page of
/// hiredis, on both sides, that does what conclib does on the way of an ask (XADD whose answer is
/// read, one XREAD over all partitions, the fenced finish Function in batches, a reply key with a
/// time to live) without envelopes, runtime, threads or plugins. Nothing on this layout can be
/// faster; the distance to it is our own doing.

inline constexpr unsigned floor_partitions = 16;

/// Serves the floor's partitions until the process is killed.
[[noreturn]] void serve_floor(const std::filesystem::path& socket);

/// A caller with a connection of its own.
[[nodiscard]] std::unique_ptr<Caller> make_floor_caller(const std::filesystem::path& socket);

}  // namespace conclib::bench

// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <tl/expected.hpp>

/// X(name, number, meaning): how conclibd ends. The numbers follow sysexits where those fit; they
/// are part of the interface and do not change.
#define CONCLIB_EXIT_CODES(X)                                                           \
  X(ok, 0, "stopped as it was asked to")                                                \
  X(usage, 64, "a setting is wrong")                                                    \
  X(plugin, 65, "a plugin cannot be loaded")                                            \
  X(redis, 66, "Redis cannot be used: unreachable, password, version, eviction policy") \
  X(directories, 67, "the run or state directory is in use or cannot be used")          \
  X(mismatch, 68, "the namespace has other partitions or another protocol version")     \
  X(internal, 70, "a bug in conclib, or the system refused something basic")            \
  X(worker, 71, "a worker process could not be started")

namespace conclib::config {

enum class ExitCode : int {
#define CONCLIB_EXIT_CODE(name, number, meaning) name = number,
  CONCLIB_EXIT_CODES(CONCLIB_EXIT_CODE)
#undef CONCLIB_EXIT_CODE
};

/// Why the daemon cannot go on: how it ends, and one line for people that names the thing and the
/// cure.
struct Failure {
  ExitCode code = ExitCode::internal;
  std::string text;
};

/// A value, or why the daemon cannot go on.
template <typename T>
using Outcome = tl::expected<T, Failure>;

/// Shorthand for the failing half of an Outcome.
[[nodiscard]] inline tl::unexpected<Failure> failure(ExitCode code, std::string text) {
  return tl::unexpected<Failure>(Failure{code, std::move(text)});
}

}  // namespace conclib::config

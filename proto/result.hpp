// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "proto/status.hpp"

namespace conclib::proto {

/// What went wrong: a status for programs and one line for people that names the thing, the cause
/// and, where there is one, the cure.
struct Error {
  Status code = Status::internal;
  std::string text;
};

/// A value, or why there is none. Functions that return it are [[nodiscard]].
template <typename T>
using Result = tl::expected<T, Error>;

/// Shorthand for the failing half of a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(Status code, std::string text) {
  return tl::unexpected<Error>(Error{code, std::move(text)});
}

}  // namespace conclib::proto

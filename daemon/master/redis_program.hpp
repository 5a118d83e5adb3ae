// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "daemon/config/exit_code.hpp"

namespace conclib::master {

/// The path of a program that is redis-server when it is called by that name: `wanted`, or if that
/// is empty redis-server in PATH, or redis-check-rdb there, which is the same program and comes
/// with Debian's redis-tools, without a service. None is ExitCode::redis.
[[nodiscard]] config::Outcome<std::string> find_redis_server(const std::string& wanted);

}  // namespace conclib::master

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/result.hpp"

namespace conclib::proto {

/// Where a namespace lives: a Redis, how to log in to it, and the namespace's name.
///
///     unix:///path/redis.sock?ns=NAME
///     redis://user:password@host:port/db?ns=NAME
///
/// A unix URL may have `user:password@` before its path and `db=N` in its query.
struct RedisUrl {
  bool is_unix = false;
  std::string path;  ///< Of the unix socket: absolute, at most 107 bytes.
  std::string host;  ///< A name or an address; an IPv6 one without its brackets.
  std::uint16_t port = 6379;
  std::string user;      ///< Empty: the default user.
  std::string password;  ///< Empty: no login.
  int db = 0;
  std::string name_space = "default";

  /// The URL with `***` in place of the password, for logs and people.
  [[nodiscard]] std::string printable() const;
};

/// Takes a URL apart. User, password, path and query are percent-decoded. An error is BAD_ARGUMENT;
/// it names the part that is wrong and never shows the password.
[[nodiscard]] Result<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace conclib::proto

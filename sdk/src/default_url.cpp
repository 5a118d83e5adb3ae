// SPDX-License-Identifier: MIT
#include "sdk/src/default_url.hpp"

#include <cstdlib>

#include <unistd.h>

#include "proto/url.hpp"

namespace conclib::sdk {

std::string default_url() {
  if (const char* const url = std::getenv("CONCLIB_URL"); url != nullptr && *url != '\0') {
    return url;
  }
  proto::RedisUrl url;
  url.is_unix = true;
  if (const char* const run = std::getenv("XDG_RUNTIME_DIR"); run != nullptr && *run == '/') {
    url.path = std::string(run) + "/conclib/redis.sock";
    if (::access(url.path.c_str(), F_OK) == 0) return url.printable();
  }
  url.path = "/run/conclib/redis.sock";
  return url.printable();
}

}  // namespace conclib::sdk

// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "proto/keys.hpp"
#include "proto/result.hpp"
#include "proto/url.hpp"
#include "sdk/src/connection.hpp"

namespace conclib::sdk {

/// What Redis tells of a namespace, as the msgpack map that conclib_client_status documents.
/// Errors: NO_DAEMON, PROTOCOL_MISMATCH, REDIS_REFUSED, and those of Connection.
[[nodiscard]] proto::Result<std::string> status_document(Connection& connection,
                                                         const proto::Keys& keys,
                                                         const proto::RedisUrl& url,
                                                         Deadline deadline);

}  // namespace conclib::sdk

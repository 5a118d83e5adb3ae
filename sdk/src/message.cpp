// SPDX-License-Identifier: MIT
#include "sdk/src/message.hpp"

#include <string>

#include "proto/limits.hpp"
#include "proto/scan.hpp"
#include "proto/urn.hpp"

namespace conclib::sdk {

namespace limits = proto::limits;
using proto::fail;
using proto::Result;
using proto::Status;

namespace {

Result<void> check_text(std::string_view text, std::size_t bytes_max, const std::string& name) {
  if (text.size() > bytes_max) {
    return fail(Status::bad_argument,
                "the " + name + " is longer than " + std::to_string(bytes_max) + " bytes");
  }
  if (!proto::is_utf8(text)) return fail(Status::bad_argument, "the " + name + " is not UTF-8");
  return {};
}

}  // namespace

Result<void> check_message(const Message& message) {
  if (const auto urn = proto::parse_urn(message.urn); !urn) return tl::unexpected(urn.error());
  if (message.type.empty()) return fail(Status::bad_argument, "the message type is empty");
  if (auto result = check_text(message.type, limits::type_bytes_max, "message type"); !result) {
    return result;
  }
  if (auto result = check_text(message.trace_parent, limits::trace_bytes_max, "traceparent");
      !result) {
    return result;
  }
  if (auto result = check_text(message.trace_state, limits::trace_bytes_max, "tracestate");
      !result) {
    return result;
  }
  if (message.body.size() > limits::envelope_bytes_max) {
    return fail(Status::bad_argument,
                "the body of " + std::string(message.type) + " has " +
                    std::to_string(message.body.size()) + " bytes; the limit is " +
                    std::to_string(limits::envelope_bytes_max) + " with its envelope");
  }
  if (message.body.empty()) return {};
  if (const auto result = proto::check_value(message.body); !result) {
    return fail(Status::bad_argument,
                "the body of " + std::string(message.type) + " is " + result.error().text);
  }
  return {};
}

}  // namespace conclib::sdk

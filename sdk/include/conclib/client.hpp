// SPDX-License-Identifier: MIT
/// The client of conclib for C++, on top of the C interface of libconclib.
///
///     conclib::Client client;
///     Total total = client.ask<Total>("counter/visits", Add{1}, std::chrono::seconds(2));
///     client.tell("counter/visits", Add{1});
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "conclib/conclib.h"
#include "conclib/message.hpp"

namespace CONCLIB_HIDDEN conclib {

/// An ask or a tell that did not succeed. status() says how, and by its class whether the message
/// ran; what() names actor and cause.
class AskError : public Error {
 public:
  using Error::Error;

  [[nodiscard]] conclib_status_class status_class() const noexcept {
    if (status() >= 100 && status() < 200) return CONCLIB_CLASS_NEVER_RAN;
    if (status() >= 200 && status() < 300) return CONCLIB_CLASS_RAN_AND_FAILED;
    return CONCLIB_CLASS_UNKNOWN;
  }
};

namespace detail {

[[nodiscard]] inline conclib_str to_c(std::string_view text) { return {text.data(), text.size()}; }

/// Throws for a time-out that has passed already, or that is longer than the wire can say.
[[nodiscard]] inline std::uint32_t to_timeout(std::chrono::milliseconds timeout,
                                              std::string_view urn) {
  if (timeout <= std::chrono::milliseconds::zero()) {
    throw AskError(CONCLIB_TIMEOUT, std::string(urn) + " was given no time");
  }
  if (timeout.count() > std::numeric_limits<std::uint32_t>::max()) {
    throw AskError(CONCLIB_BAD_ARGUMENT, "the time-out is longer than 49 days");
  }
  return static_cast<std::uint32_t>(timeout.count());
}

}  // namespace detail

}  // namespace conclib

// Not hidden, so that a class of yours may hold a client without being hidden itself.
namespace conclib {

/// A client of one namespace on one Redis.
/// Threading: any number of threads at once; after a fork also in the child.
class Client {
 public:
  static constexpr std::chrono::milliseconds default_timeout{5000};

  /// Connects. An empty URL is looked up as conclib_client_options says; `app` names this program.
  /// Throws Error.
  explicit Client(std::string_view url = {}, std::string_view app = {}) {
    conclib_client_options options = CONCLIB_CLIENT_OPTIONS_INIT;
    options.url = detail::to_c(url);
    options.app = detail::to_c(app);
    conclib_error error = CONCLIB_ERROR_INIT;
    conclib_client* client = nullptr;
    const auto status = conclib_client_open(&options, &client, &error);
    if (status != CONCLIB_OK) throw Error(status, error.text);
    client_.reset(client);
  }

  /// Sends a message and waits for its reply. Throws AskError.
  template <MessageStruct Reply, MessageStruct Request>
  [[nodiscard]] Reply ask(std::string_view urn, const Request& message,
                          std::chrono::milliseconds timeout = default_timeout) {
    const auto body = encode(message);
    auto request = to_request<Request>(urn, body, timeout);
    request.reply_type = detail::to_c(Reply::conclib_type_name());
    const std::unique_ptr<conclib_reply, decltype(&conclib_reply_free)> reply(
        conclib_client_ask(client_.get(), &request), &conclib_reply_free);
    if (reply->status != CONCLIB_OK) {
      throw AskError(reply->status, std::string(reply->text.data, reply->text.size));
    }
    try {
      return decode<Reply>({static_cast<const char*>(reply->body.data), reply->body.size});
    } catch (const DecodeError& error) {
      throw AskError(CONCLIB_BAD_REPLY, error.what());
    }
  }

  /// Sends a message, waits until Redis holds it, and gives its receipt: the id of its entry in the
  /// queue. The time-out bounds how long the message may lie there. Throws AskError.
  template <MessageStruct Request>
  std::string tell(std::string_view urn, const Request& message,
                   std::chrono::milliseconds timeout = std::chrono::hours(1)) {
    const auto body = encode(message);
    const auto request = to_request<Request>(urn, body, timeout);
    conclib_receipt receipt = CONCLIB_RECEIPT_INIT;
    conclib_error error = CONCLIB_ERROR_INIT;
    const auto status = conclib_client_tell(client_.get(), &request, &receipt, &error);
    if (status != CONCLIB_OK) throw AskError(status, error.text);
    return receipt.id;
  }

 private:
  template <MessageStruct Request>
  static conclib_request to_request(std::string_view urn, std::string_view body,
                                    std::chrono::milliseconds timeout) {
    conclib_request request = CONCLIB_REQUEST_INIT;
    request.urn = detail::to_c(urn);
    request.type = detail::to_c(Request::conclib_type_name());
    request.body = {body.data(), body.size()};
    request.timeout_ms = detail::to_timeout(timeout, urn);
    return request;
  }

  std::unique_ptr<conclib_client, decltype(&conclib_client_close)> client_{nullptr,
                                                                           &conclib_client_close};
};

}  // namespace conclib

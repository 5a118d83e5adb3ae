// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "conclib/conclib.h"
#include "proto/limits.hpp"
#include "sdk/cli/arguments.hpp"
#include "sdk/cli/status_table.hpp"

namespace conclib::cli {
namespace {

using ClientHandle = std::unique_ptr<conclib_client, decltype(&conclib_client_close)>;
using ReplyHandle = std::unique_ptr<conclib_reply, decltype(&conclib_reply_free)>;

constexpr std::uint32_t connect_timeout_ms_max = 2000;

conclib_str to_c(std::string_view text) { return {text.data(), text.size()}; }

int exit_code_of(conclib_status status) {
  if (status == CONCLIB_OK) return exit_code::ok;
  if (status == CONCLIB_BAD_ARGUMENT) return exit_code::usage;
  if (status == CONCLIB_NO_DAEMON || status == CONCLIB_REDIS_UNREACHABLE ||
      status == CONCLIB_NO_NODE) {
    return exit_code::no_daemon;
  }
  if (status < 200) return exit_code::never_ran;
  if (status < 300) return exit_code::ran_and_failed;
  return exit_code::unknown;
}

int failure(conclib_status status, std::string_view text) {
  std::cerr << "conclib: " << conclib_status_name(status) << ": " << text << '\n';
  return exit_code_of(status);
}

/// Reads JSON, nested at most as deep as an envelope may be: the readers and writers recurse.
nlohmann::json parse_json(const std::string& text) {
  const auto check_depth = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > static_cast<int>(proto::limits::depth_max)) {
      throw std::length_error("it is nested more than 64 levels deep");
    }
    return true;
  };
  return nlohmann::json::parse(text, check_depth);
}

/// Prints what the caller waits for; a reply that was not written is no success.
int print(const std::string& text) {
  std::cout << text << std::flush;
  if (std::cout) return exit_code::ok;
  std::cerr << "conclib: standard output cannot be written\n";
  return exit_code::usage;
}

/// The message as msgpack; nothing, when the text is not JSON and that has been said.
std::optional<std::vector<std::uint8_t>> read_body(const Arguments& arguments) {
  std::string text = arguments.json;
  if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  try {
    return nlohmann::json::to_msgpack(parse_json(text));
  } catch (const std::exception& error) {
    std::cerr << "conclib: the message cannot be read as JSON: " << error.what() << '\n';
    return std::nullopt;
  }
}

std::string to_line(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::json to_json(conclib_bytes body) {
  const auto* const begin = static_cast<const std::uint8_t*>(body.data);
  return nlohmann::json::from_msgpack(begin, begin + body.size);
}

conclib_request to_request(const Arguments& arguments, const std::vector<std::uint8_t>& body) {
  conclib_request request = CONCLIB_REQUEST_INIT;
  request.urn = to_c(arguments.urn);
  request.type = to_c(arguments.type);
  request.body = {body.data(), body.size()};
  request.timeout_ms = arguments.timeout_ms;
  return request;
}

int ask(conclib_client& client, const Arguments& arguments) {
  const auto body = read_body(arguments);
  if (!body) return exit_code::usage;
  const auto request = to_request(arguments, *body);
  const ReplyHandle reply(conclib_client_ask(&client, &request), &conclib_reply_free);
  if (reply->status != CONCLIB_OK)
    return failure(reply->status, {reply->text.data, reply->text.size});
  auto shown = to_json(reply->body);
  if (arguments.is_verbose) {
    shown = {{"type", std::string(reply->type.data, reply->type.size)}, {"body", shown}};
  }
  return print(to_line(shown) + '\n');
}

int tell(conclib_client& client, const Arguments& arguments) {
  const auto body = read_body(arguments);
  if (!body) return exit_code::usage;
  const auto request = to_request(arguments, *body);
  conclib_receipt receipt = CONCLIB_RECEIPT_INIT;
  conclib_error error = CONCLIB_ERROR_INIT;
  const auto status = conclib_client_tell(&client, &request, &receipt, &error);
  if (status != CONCLIB_OK) return failure(status, error.text);
  return print(std::string(receipt.id) + '\n');
}

int show_status(conclib_client& client, const Arguments& arguments) {
  const ReplyHandle reply(conclib_client_status(&client), &conclib_reply_free);
  if (reply->status != CONCLIB_OK)
    return failure(reply->status, {reply->text.data, reply->text.size});
  const auto document = to_json(reply->body);
  const auto printed = print(arguments.is_json ? to_line(document) + '\n' : status_table(document));
  if (printed != exit_code::ok) return printed;
  return has_live_node(document) ? exit_code::ok : exit_code::no_daemon;
}

int run(const Arguments& arguments) {
  conclib_client_options options = CONCLIB_CLIENT_OPTIONS_INIT;
  options.url = to_c(arguments.url);
  options.app = to_c("cli");
  // Connecting takes no longer than the whole may.
  options.connect_timeout_ms = std::min(arguments.timeout_ms, connect_timeout_ms_max);
  conclib_client* opened = nullptr;
  conclib_error error = CONCLIB_ERROR_INIT;
  const auto status = conclib_client_open(&options, &opened, &error);
  if (status != CONCLIB_OK) return failure(status, error.text);
  const ClientHandle client(opened, &conclib_client_close);
  switch (arguments.command) {
    case Command::ask:
      return ask(*client, arguments);
    case Command::tell:
      return tell(*client, arguments);
    case Command::status:
      return show_status(*client, arguments);
  }
  return exit_code::usage;
}

}  // namespace
}  // namespace conclib::cli

int main(int argc, char** argv) {
  try {
    const auto parsed = conclib::cli::parse_arguments(argc, argv);
    if (const auto* const code = std::get_if<int>(&parsed)) return *code;
    return conclib::cli::run(std::get<conclib::cli::Arguments>(parsed));
  } catch (const std::exception& error) {
    return conclib::cli::failure(CONCLIB_INTERNAL, error.what());
  }
}

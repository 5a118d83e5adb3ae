// SPDX-License-Identifier: MIT
#include "sdk/cli/arguments.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

#include "conclib/conclib.h"
#include "sdk/cli/duration.hpp"

namespace conclib::cli {
namespace {

constexpr const char* description =
    "Asks the actors of a conclibd, and shows what it is doing.\n"
    "\n"
    "  conclib ask counter/visits Add '{\"by\": 1}'      prints the reply: {\"value\":1}\n"
    "  conclib ask counter/visits Add --timeout 500ms  an empty message, and less patience\n"
    "  echo '{\"by\": 5}' | conclib tell counter/visits Add -\n"
    "  conclib status\n"
    "  conclib --url 'redis://web:secret@10.0.0.5:6379/0?ns=shop' status --json\n";

constexpr const char* footer =
    "\n"
    "Where the daemon is: --url, else $CONCLIB_URL, else $XDG_RUNTIME_DIR/conclib/redis.sock,\n"
    "else /run/conclib/redis.sock. As unix:///path/redis.sock?ns=NAME or\n"
    "redis://user:password@host:port/db?ns=NAME.\n"
    "\n"
    "Exit codes:\n"
    "  0  success\n"
    "  1  the command line or an argument is wrong\n"
    "  2  the message never ran; asking again is safe\n"
    "  3  the message ran and failed\n"
    "  4  it is not known whether the message ran\n"
    "  5  no daemon: Redis cannot be reached, or no node is alive\n"
    "Failures are one line on standard error: conclib: NO_ACTOR: why\n";

void add_message(CLI::App& command, Arguments& arguments, std::string& timeout,
                 const std::string& timeout_text) {
  command.add_option("URN", arguments.urn, "the actor, such as counter/visits")->required();
  command.add_option("TYPE", arguments.type, "the name of the message type")->required();
  command.add_option("JSON", arguments.json, "the message; - reads it from standard input")
      ->capture_default_str();
  command.add_option("--timeout", timeout, timeout_text)
      ->type_name("DURATION")
      ->check([](const std::string& text) {
        return parse_duration(text) ? "" : "\"" + text + "\" is not such as 500ms, 2s or 1m";
      });
}

}  // namespace

std::variant<Arguments, int> parse_arguments(int argc, const char* const* argv) {
  Arguments arguments;
  std::string timeout;
  CLI::App app(description, "conclib");
  app.footer(footer);
  app.set_version_flag("--version", std::string("conclib ") + conclib_version());
  app.add_option("--url", arguments.url, "the Redis and the namespace of the daemon");
  app.require_subcommand(1);
  app.fallthrough();

  auto* const ask = app.add_subcommand("ask", "Sends a message and prints the reply as JSON.");
  add_message(*ask, arguments, timeout, "how long to wait: 500ms, 2s, 1m (default 5s)");
  ask->add_flag("-v,--verbose", arguments.is_verbose, "print the type of the reply too");
  auto* const tell = app.add_subcommand(
      "tell", "Sends a message and prints its receipt: the id of its entry in the queue.");
  add_message(*tell, arguments, timeout, "how long it may wait in the queue (default 1h)");
  auto* const status =
      app.add_subcommand("status",
                         "Shows nodes, partitions and plugins; ends with 5 if no node is "
                         "alive.");
  status->add_flag("--json", arguments.is_json, "print all that is known, as one line of JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "conclib: " << error.what() << " (see conclib --help)\n";
    return exit_code::usage;
  }
  if (ask->parsed()) arguments.command = Command::ask;
  if (tell->parsed()) arguments.command = Command::tell;
  arguments.timeout_ms = parse_duration(timeout).value_or(0);
  return arguments;
}

}  // namespace conclib::cli

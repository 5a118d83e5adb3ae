// SPDX-License-Identifier: MIT
#include "daemon/config/command_line.hpp"

#include <map>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/config/spelling.hpp"

namespace conclib::config {

namespace {

constexpr const char* description =
    "conclibd hosts live, stateful actors, loaded as plugins, and answers requests for them\n"
    "through Redis.\n\n"
    "Each setting is a flag, an environment variable or a key of the file given with --config;\n"
    "the first of these that has it counts. Tables [plugin.NAME] of that file go to the plugin.\n";

constexpr const char* examples =
    "Examples:\n"
    "  conclibd --plugin-dir build/release/plugins\n"
    "  CONCLIB_WORKERS=4 conclibd --redis-url redis://:secret@10.0.0.5:6379/0\n"
    "  conclibd --config /etc/conclib/conclibd.toml --check\n\n";

std::string exit_codes_text() {
  std::string text = "Exit codes:\n";
#define CONCLIB_EXIT_LINE(name, number, meaning) \
  text += fmt::format("  {:<4} {}\n", number, meaning);
  CONCLIB_EXIT_CODES(CONCLIB_EXIT_LINE)
#undef CONCLIB_EXIT_LINE
  return text;
}

tl::unexpected<Failure> refuse(std::string text) {
  return failure(ExitCode::usage, std::move(text));
}

/// The arguments from last to first, as CLI11 takes them.
std::vector<std::string> reversed(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    std::string argument = argv[i];
    // CLI11 takes `--name=` for a flag whose value is missing, not for one that is empty.
    const bool empty_value = argument.rfind("--", 0) == 0 && argument.back() == '=';
    if (empty_value) {
      argument.pop_back();
      arguments.emplace_back();
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace

struct CommandLine::Parser {
  struct Text {
    std::string text;
    CLI::Option* option = nullptr;
  };

  void add(std::string_view name, const std::string& meaning, std::string_view placeholder,
           std::string_view group) {
    auto& text = texts[name];
    text.option = app.add_option("--" + std::string(name), text.text, meaning)
                      ->type_name(std::string(placeholder))
                      ->group(std::string(group))
                      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }

  CLI::App app{description, "conclibd"};
  bool check = false;
  std::map<std::string_view, Text> texts;  // A map, since options point into it.
};

CommandLine::CommandLine(const Surroundings& surroundings) : parser_(std::make_unique<Parser>()) {
  auto& app = parser_->app;
  app.get_formatter()->column_width(28);
  app.set_help_flag("-h,--help", "Print this text.");
  app.set_version_flag("--version", "conclibd " CONCLIB_VERSION, "Print the version.");
  app.allow_extras();
  app.add_flag("--check", parser_->check, "Check the settings and end.");
  parser_->add("config", "The settings file. (env: CONCLIB_CONFIG)", "FILE", "Options");
  for (const auto& setting : setting_table()) {
    const auto fallback = setting.default_text(surroundings);
    parser_->add(setting.name,
                 fmt::format("{}\n(default: {}; env: {})", setting.description,
                             fallback.empty() ? "empty" : fallback, setting.variable()),
                 setting.placeholder, setting.group);
  }
  // An empty group keeps out of --help what only a master writes.
  for (const auto* name : {"worker-index", "control-fd", "master-pid", "node-id"}) {
    parser_->add(name, "", "TEXT", "");
  }
  app.footer(examples + exit_codes_text());
}

CommandLine::~CommandLine() = default;

Outcome<std::optional<std::string>> CommandLine::read(int argc, const char* const* argv) {
  auto& app = parser_->app;
  try {
    app.parse(reversed(argc, argv));
  } catch (const CLI::CallForHelp&) {
    return app.help();
  } catch (const CLI::CallForVersion&) {
    return app.version() + "\n";
  } catch (const CLI::Error& error) {
    return refuse(std::string(error.what()) + "; see --help");
  }
  const auto extras = app.remaining();
  if (extras.empty()) return std::nullopt;
  const std::string& extra = extras.front();
  if (extra.rfind("--", 0) != 0) return refuse(fmt::format("'{}' is not known; see --help", extra));
  const auto name = extra.substr(2, extra.find('=') - 2);
  return refuse(fmt::format("the flag --{} is not known{}", name, name_suggestion("--", name)));
}

bool CommandLine::check() const { return parser_->check; }

std::optional<std::string> CommandLine::text(std::string_view name) const {
  const auto& found = parser_->texts.at(name);
  return found.option->count() == 0 ? std::nullopt : std::optional(found.text);
}

std::string name_suggestion(std::string_view before, std::string_view word) {
  std::vector<std::string_view> names{"config", "check", "help", "version"};
  for (const auto& setting : setting_table()) names.push_back(setting.name);
  const auto best = nearest(word, names);
  return best.empty() ? "; --help lists all" : fmt::format("; did you mean {}{}?", before, best);
}

}  // namespace conclib::config

// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/config/exit_code.hpp"
#include "daemon/config/setting_table.hpp"

namespace conclib::config {

/// The command line as texts; what they mean is the setting table's to say.
/// Threading: one thread.
class CommandLine {
 public:
  /// The surroundings decide on the defaults that --help shows.
  explicit CommandLine(const Surroundings& surroundings);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Reads the arguments, once. A text is what to print instead of serving.
  [[nodiscard]] Outcome<std::optional<std::string>> read(int argc, const char* const* argv);

  /// Whether --check was given.
  [[nodiscard]] bool check() const;
  /// The value of `--name`, if it was given; of several the last. `name` is a setting, `config` or
  /// one of the flags that a master writes for its workers.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

/// "; did you mean --lease?", with `before` before the name that is nearest to `word`; or a hint at
/// --help, if none is near.
[[nodiscard]] std::string name_suggestion(std::string_view before, std::string_view word);

}  // namespace conclib::config

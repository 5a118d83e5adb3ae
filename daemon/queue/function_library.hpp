// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace conclib::queue {

/// The Functions of functions.lua; what each takes and answers is said there.
enum class Function : std::uint8_t { ensure_meta, acquire, renew, release, finish, push, announce };

/// The text of functions.lua.
extern const std::string_view functions_source;

/// The library of Functions that this build brings along. Its name, and so each Function's, carries
/// the protocol version and a hash of the text, so that daemons of different builds share a server:
/// each loads and calls its own.
class FunctionLibrary {
 public:
  FunctionLibrary();

  [[nodiscard]] const std::string& name() const { return name_; }
  /// What FUNCTION LOAD takes.
  [[nodiscard]] const std::string& text() const { return text_; }
  /// The name that FCALL takes.
  [[nodiscard]] std::string function(Function function) const;

 private:
  std::string name_;
  std::string text_;
};

/// Whether an error of FCALL says that the library is not loaded.
[[nodiscard]] bool is_function_missing(std::string_view error);

}  // namespace conclib::queue

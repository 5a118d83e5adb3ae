// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "conclib/testkit.hpp"

namespace conclib::conformance {

/// What an actor writes into the diary.
struct Note {
  std::string text;
  CONCLIB_MESSAGE(Note, text)
};

/// An actor that writes into the diary what happens to it.
class Writer : public Actor {
 protected:
  void note(std::string text) { tell("diary", Note{std::move(text)}); }
};

using Lines = std::vector<std::string>;

/// What the actors of a kit have written, in order. What they write at the end of the kit, after
/// that of the diary, is kept for nobody.
class Diary {
 public:
  explicit Diary(testkit::Kit& kit) {
    kit.probe("diary").on<Note>([pages = pages_, &kit](const Note& note) {
      pages->lines.push_back(note.text);
      pages->times.push_back(kit.elapsed());
    });
  }
  Diary(const Diary&) = delete;
  Diary& operator=(const Diary&) = delete;

  [[nodiscard]] const Lines& lines() const { return pages_->lines; }
  /// When each was written.
  [[nodiscard]] const std::vector<std::chrono::nanoseconds>& times() const { return pages_->times; }

 private:
  struct Pages {
    Lines lines;
    std::vector<std::chrono::nanoseconds> times;
  };
  /// Shared with the probe, which outlives this.
  std::shared_ptr<Pages> pages_ = std::make_shared<Pages>();
};

/// How many lines hold both texts.
[[nodiscard]] inline auto lines_with(const Lines& lines, std::string_view one,
                                     std::string_view other = {}) {
  return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(one) != std::string::npos && line.find(other) != std::string::npos;
  });
}

[[nodiscard]] inline bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The Error that a call throws; one with status OK if it throws none.
template <typename Call>
[[nodiscard]] Error error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(CONCLIB_OK, "nothing was thrown");
}

}  // namespace conclib::conformance

template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text.append(text.empty() ? "" : " | ").append(line);
    return text.c_str();
  }
};

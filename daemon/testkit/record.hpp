// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conclib/status.h"
#include "daemon/testkit/fake_clock.hpp"

namespace conclib::testkit {

/// Something that went wrong in an actor, or a message that reached none.
struct Failure {
  std::string actor;
  std::string message_type;
  conclib_status status = CONCLIB_OK;
  std::string text;
};

/// What has happened in a kit.
/// Threading: the kit's.
/// Limit: of the trace the newest `lines_max` are kept.
class Record {
 public:
  static constexpr std::size_t lines_max = 100'000;

  explicit Record(const FakeClock& clock) : clock_(clock) {}

  void trace(std::string_view what);
  /// `will_be_heard`: the actor's own `failed` is about to hear of the same failure.
  void fail(Failure failure, bool will_be_heard = false);
  /// What an actor's `failed` hears: nothing new if it was recorded where it happened.
  void hear(Failure failure);
  void bury(Failure letter) { dead_letters_.push_back(std::move(letter)); }

  void made(std::string_view actor, std::uint64_t restarts);
  void started(std::string_view actor) { alive_.emplace(actor); }
  void ended(std::string_view actor);

  [[nodiscard]] const std::vector<Failure>& failures() const { return failures_; }
  [[nodiscard]] const std::vector<Failure>& dead_letters() const { return dead_letters_; }
  [[nodiscard]] const std::set<std::string, std::less<>>& alive() const { return alive_; }
  [[nodiscard]] std::uint64_t restarts(std::string_view actor) const;
  [[nodiscard]] std::string traced() const;

 private:
  const FakeClock& clock_;
  std::deque<std::string> lines_;
  std::vector<Failure> failures_;
  std::string to_be_heard_;  // the actor
  std::vector<Failure> dead_letters_;
  std::set<std::string, std::less<>> alive_;
  std::map<std::string, std::uint64_t, std::less<>> restarts_;
};

}  // namespace conclib::testkit

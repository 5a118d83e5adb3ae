// SPDX-License-Identifier: MIT
#include "daemon/testkit/record.hpp"

#include <utility>

#include <fmt/core.h>

namespace conclib::testkit {

void Record::trace(std::string_view what) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(clock_.elapsed()).count();
  lines_.push_back(fmt::format("+{}.{:06}s {}\n", us / 1'000'000, us % 1'000'000, what));
  if (lines_.size() > lines_max) lines_.pop_front();
}

void Record::fail(Failure failure, bool will_be_heard) {
  trace(fmt::format("{} failed at {}: {}", failure.actor, failure.message_type, failure.text));
  to_be_heard_ = will_be_heard ? failure.actor : std::string();
  failures_.push_back(std::move(failure));
}

void Record::hear(Failure failure) {
  bool known = std::exchange(to_be_heard_, {}) == failure.actor;
  // The failure of a work that was an ask is its asker's; what is heard then is another one.
  if (known && failures_.back().message_type == "work")
    known = failures_.back().text == failure.text;
  if (!known) fail(std::move(failure));
}

void Record::made(std::string_view actor, std::uint64_t restarts) {
  if (restarts > 0) restarts_[std::string(actor)] = restarts;
}

void Record::ended(std::string_view actor) {
  const auto found = alive_.find(actor);
  if (found != alive_.end()) alive_.erase(found);
}

std::uint64_t Record::restarts(std::string_view actor) const {
  const auto found = restarts_.find(actor);
  return found == restarts_.end() ? 0 : found->second;
}

std::string Record::traced() const {
  std::string text;
  for (const auto& line : lines_) text += line;
  return text;
}

}  // namespace conclib::testkit

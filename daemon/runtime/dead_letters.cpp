// SPDX-License-Identifier: MIT
#include "daemon/runtime/dead_letters.hpp"

#include <utility>

namespace conclib::runtime {
namespace {

/// Without half a character at its end.
void cut_off(std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  auto size = bytes_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  text.resize(size);
}

std::size_t bytes_of(const DeadLetter& letter) {
  return letter.urn.size() + letter.type.size() + letter.sender.size() + letter.reason.size();
}

}  // namespace

void DeadLetters::add(DeadLetter letter) {
  cut_off(letter.reason, reason_bytes_max);
  const std::lock_guard lock(mutex_);
  ++count_;
  bytes_ += bytes_of(letter);
  letters_.push_back(std::move(letter));
  while (letters_.size() > letters_max || bytes_ > bytes_max) {
    bytes_ -= bytes_of(letters_.front());
    letters_.pop_front();
  }
}

std::vector<DeadLetter> DeadLetters::kept() const {
  const std::lock_guard lock(mutex_);
  return {letters_.begin(), letters_.end()};
}

std::uint64_t DeadLetters::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace conclib::runtime

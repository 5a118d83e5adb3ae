// SPDX-License-Identifier: MIT
#include "daemon/testkit/post.hpp"

#include <utility>

namespace conclib::testkit {

void Post::add_probe(std::string_view urn, Listener listener) {
  probes_[std::string(urn)].listener = std::move(listener);
}

void Post::send(runtime::OutboundMessage message) {
  const bool is_ask = message.kind == proto::Kind::ask;
  on_way_.push_back({.to = std::move(message.urn),
                     .from = std::move(message.source),
                     .type = std::move(message.type),
                     .body = std::move(message.body),
                     .ask = is_ask ? ++asks_made_ : 0,
                     .id = std::move(message.id)});
}

Letter Post::collect() {
  auto letter = std::move(on_way_.front());
  on_way_.pop_front();
  return letter;
}

std::optional<Letter> Post::deliver(Letter letter) {
  const auto found = probes_.find(letter.to);
  if (found == probes_.end()) {
    strays_.push_back(letter);
    if (letter.ask == 0) return std::nullopt;
    return letter;
  }
  if (letter.ask != 0) unanswered_.emplace(letter.ask, letter);
  // The listener may replace itself.
  const auto listener = found->second.listener;
  if (!listener || !listener(letter)) found->second.letters.push_back(std::move(letter));
  return std::nullopt;
}

std::optional<Letter> Post::take(std::string_view probe) {
  const auto found = probes_.find(probe);
  if (found == probes_.end() || found->second.letters.empty()) return std::nullopt;
  auto letter = std::move(found->second.letters.front());
  found->second.letters.pop_front();
  return letter;
}

std::optional<std::string> Post::settle(std::uint64_t ask) {
  const auto found = unanswered_.find(ask);
  if (found == unanswered_.end()) return std::nullopt;
  auto id = std::move(found->second.id);
  unanswered_.erase(found);
  return id;
}

std::vector<Letter> Post::unanswered() const {
  std::vector<Letter> letters;
  for (const auto& [number, letter] : unanswered_) letters.push_back(letter);
  return letters;
}

}  // namespace conclib::testkit

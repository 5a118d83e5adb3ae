// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "daemon/runtime/dead_letters.hpp"
#include "proto/urn.hpp"

namespace conclib::runtime {
namespace {

DeadLetter letter(std::string urn, std::string reason = "nobody is there") {
  DeadLetter made;
  made.urn = std::move(urn);
  made.type = "Greet";
  made.status = proto::Status::actor_not_found;
  made.reason = std::move(reason);
  return made;
}

TEST_CASE("dead letters are kept oldest first with what is known of them") {
  DeadLetters letters;
  letters.add(letter("a"));
  letters.add(letter("b", "it has ended"));
  const auto kept = letters.kept();
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].urn == "a");
  CHECK(kept[1].urn == "b");
  CHECK(kept[1].type == "Greet");
  CHECK(kept[1].status == proto::Status::actor_not_found);
  CHECK(kept[1].reason == "it has ended");
}

TEST_CASE("of too many dead letters the oldest go, and the count goes on") {
  DeadLetters letters;
  for (std::size_t i = 0; i < DeadLetters::letters_max + 5; ++i) {
    letters.add(letter("a" + std::to_string(i)));
  }
  CHECK(letters.count() == DeadLetters::letters_max + 5);
  REQUIRE(letters.kept().size() == DeadLetters::letters_max);
  CHECK(letters.kept().front().urn == "a5");
}

TEST_CASE("dead letters with long texts go before there are too many") {
  DeadLetters letters;
  const std::string reason(DeadLetters::reason_bytes_max, 'x');
  for (std::size_t i = 0; i < 500; ++i) letters.add(letter("a" + std::to_string(i), reason));
  const auto kept = letters.kept();
  std::size_t bytes = 0;
  for (const auto& one : kept) bytes += one.urn.size() + one.type.size() + one.reason.size();
  CHECK(bytes <= DeadLetters::bytes_max);
  CHECK(bytes > DeadLetters::bytes_max - 2 * DeadLetters::reason_bytes_max);
  CHECK(kept.back().urn == "a499");
}

TEST_CASE("the reason of a dead letter is cut off between two characters") {
  DeadLetters letters;
  std::string reason(DeadLetters::reason_bytes_max - 1, 'x');
  letters.add(letter("a", reason + "äöü"));
  CHECK(letters.kept().front().reason == reason);
  CHECK(proto::is_utf8(letters.kept().front().reason));
}

}  // namespace
}  // namespace conclib::runtime

// SPDX-License-Identifier: MIT
#include "proto/keys.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace conclib::proto;

TEST_CASE("keys of one partition share a hash tag") {
  const Keys keys("shop");
  CHECK(keys.meta() == "conclib:shop:meta");
  CHECK(keys.nodes() == "conclib:shop:nodes");
  CHECK(keys.control("ab") == "conclib:shop:ctl:ab");
  CHECK(keys.queue(3) == "conclib:{shop:3}:q");
  CHECK(keys.owner(3) == "conclib:{shop:3}:own");
  CHECK(keys.attempts(3) == "conclib:{shop:3}:att");
  CHECK(keys.dead(3) == "conclib:{shop:3}:dead");
  CHECK(keys.reply(3, "web", "0f") == "conclib:{shop:3}:r:web:a0f");
  CHECK(keys.inbox(3, "web", "0f") == "conclib:{shop:3}:r:web:i0f");
}

TEST_CASE("what keys make is accepted as a reply key of that partition") {
  const Keys keys("shop");
  const auto prefix = keys.reply_prefix(3);
  CHECK(is_reply_key(keys.reply(3, "web", "0f"), prefix));
  CHECK(is_reply_key(keys.inbox(3, "web", "0f"), prefix));
  CHECK(reply_key_kind(keys.reply(3, "web", "0f")) == ReplyKeyKind::one_ask);
  CHECK(reply_key_kind(keys.inbox(3, "web", "0f")) == ReplyKeyKind::inbox);
}

TEST_CASE("a key outside of the partition's reply space is refused") {
  const auto prefix = Keys("shop").reply_prefix(3);
  CHECK_FALSE(is_reply_key("conclib:{shop:4}:r:web:a0f", prefix));
  CHECK_FALSE(is_reply_key("conclib:{shop:3}:q", prefix));
  CHECK_FALSE(is_reply_key("conclib:{shop:3}:r:", prefix));
  CHECK_FALSE(is_reply_key("conclib:{shop:3}:r:web", prefix));
  CHECK_FALSE(is_reply_key("conclib:{shop:3}:r:web:a", prefix));
  CHECK_FALSE(is_reply_key("conclib:{shop:3}:r:web:x0f", prefix));
  CHECK_FALSE(is_reply_key("conclib:{shop:3}:r:web:a0f:q", prefix));
  CHECK_FALSE(is_reply_key("conclib:{shop:3}:r:we b:a0f", prefix));
  CHECK_FALSE(is_reply_key("", prefix));
  CHECK_FALSE(is_reply_key(prefix + "web:a" + std::string(65, '0'), prefix));
}

// SPDX-License-Identifier: MIT
#include "daemon/queue/finish_entry.hpp"

#include <doctest/doctest.h>

#include "proto/limits.hpp"

using namespace conclib;
using namespace conclib::queue;
using namespace std::chrono_literals;

namespace {

const runtime::TimePoint now(1h);
constexpr auto ask_key = "conclib:{test:1}:r:app:a1";
constexpr auto inbox_key = "conclib:{test:1}:r:app:i1";

runtime::Completion completion(proto::Kind kind, proto::Status status) {
  runtime::Completion made;
  made.queued = std::make_unique<runtime::QueuedRequest>();
  made.queued->request.kind = kind;
  made.queued->request.reply_key = kind == proto::Kind::ask ? ask_key : "";
  made.queued->deadline = now + 2s;
  made.status = status;
  made.text = "text";
  made.reply = "reply";
  return made;
}

FinishEntry sized(std::size_t bytes) {
  FinishEntry entry;
  entry.reply = std::string(bytes, 'x');
  return entry;
}

}  // namespace

TEST_CASE("the reply to one ask lives for the time left and its grace, an inbox for its constant") {
  CHECK(reply_px_ms(ask_key, now + 2s, now) == 32'000);
  CHECK(reply_px_ms(ask_key, now - 2s, now) == 30'000);
  CHECK(reply_px_ms(ask_key, runtime::TimePoint::max(), now) == proto::limits::inbox_ttl_ms);
  CHECK(reply_px_ms(inbox_key, now + 2s, now) == proto::limits::inbox_ttl_ms);
}

TEST_CASE("an ask is answered whatever its status, and is no dead letter") {
  const auto entry = finish_of(completion(proto::Kind::ask, proto::Status::actor_failed), now);
  CHECK(entry.reply == "reply");
  CHECK(entry.reply_key == ask_key);
  CHECK(entry.reply_px_ms == 32'000);
  CHECK(entry.dead_reason.empty());
}

TEST_CASE("a tell that failed is a dead letter; one that was just not answered is not") {
  const auto failed = finish_of(completion(proto::Kind::tell, proto::Status::no_actor), now);
  CHECK(failed.dead_reason == "NO_ACTOR");
  CHECK(failed.dead_text == "text");
  CHECK(failed.reply_key.empty());
  CHECK(finish_of(completion(proto::Kind::tell, proto::Status::ok), now).dead_reason.empty());
  CHECK(finish_of(completion(proto::Kind::tell, proto::Status::no_reply), now).dead_reason.empty());
}

TEST_CASE("a batch is bounded in entries and bytes, but has one entry at least") {
  std::deque<FinishEntry> waiting;
  for (int i = 0; i < 200; ++i) waiting.push_back(sized(10));
  CHECK(take_batch(waiting).size() == batch_entries_max);
  CHECK(waiting.size() == 72);
  waiting.clear();
  for (int i = 0; i < 3; ++i) waiting.push_back(sized(40'000));
  CHECK(take_batch(waiting).size() == 1);
  waiting.push_front(sized(1'000'000));
  CHECK(take_batch(waiting).size() == 1);
  CHECK(waiting.size() == 2);
}

TEST_CASE("an entry's id is written and read as Redis does") {
  CHECK(id_text({1700000000000, 3}) == "1700000000000-3");
  CHECK(id_of("1700000000000-3") == runtime::EntryId{1700000000000, 3});
  for (const auto* text : {"", "-", "1", "1-", "-1", "1-2x", "x-1"}) {
    CHECK(id_of(text) == runtime::EntryId{});
  }
}

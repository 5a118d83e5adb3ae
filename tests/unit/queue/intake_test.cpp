// SPDX-License-Identifier: MIT
#include "daemon/queue/intake.hpp"

#include <doctest/doctest.h>

#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"

using namespace conclib;
using namespace conclib::queue;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t partitions = 16;
const runtime::TimePoint now(1h);

struct Door {
  Door() {
    clock.measured(1'000'000, now, now);
    request.kind = proto::Kind::ask;
    request.id = "id";
    request.urn = "echo/1";
    request.type = "T";
    request.reply_key = key;
    request.ttl_ms = 5000;
  }
  [[nodiscard]] Admission admit(const std::string& bytes, runtime::EntryId ran = {}) const {
    const Intake intake(keys, partitions, entry_bytes_max);
    return intake.admit({partition, {999'000, 1}}, bytes, ran, clock, now);
  }
  [[nodiscard]] Admission admit(runtime::EntryId ran = {}) const {
    return admit(proto::encode_request(request), ran);
  }

  proto::Keys keys{"test"};
  RedisClock clock;
  std::uint32_t partition = proto::partition_of("echo/1", partitions);
  std::string key = keys.reply(partition, "app", "1");
  std::size_t entry_bytes_max = proto::limits::envelope_bytes_max;
  proto::Request request;
};

proto::Status status_of(const FinishEntry& refusal) {
  return proto::decode_reply(refusal.reply).value().status;
}

}  // namespace

TEST_CASE("a good request is admitted with its deadline, counted from its entry's id") {
  Door door;
  const auto admission = door.admit();
  REQUIRE(admission.queued);
  CHECK(admission.queued->deadline == now + 4s);
  CHECK(admission.queued->request.urn == "echo/1");
  CHECK_FALSE(admission.queued->may_have_run);
}

TEST_CASE("the earlier of time to live and expiry counts") {
  Door door;
  door.request.expiry_ms = 1'000'700;
  CHECK(door.admit().queued->deadline == now + 700ms);
}

TEST_CASE("an entry up to `ran` may have run") {
  Door door;
  CHECK(door.admit(runtime::EntryId{999'000, 1}).queued->may_have_run);
  CHECK_FALSE(door.admit(runtime::EntryId{999'000, 0}).queued->may_have_run);
}

TEST_CASE("a tell without limits has no deadline") {
  Door door;
  door.request.kind = proto::Kind::tell;
  door.request.ttl_ms = 0;
  CHECK(door.admit().queued->deadline == runtime::TimePoint::max());
}

TEST_CASE("an ask whose time is over is EXPIRED, or UNKNOWN if it may have run") {
  Door door;
  door.request.ttl_ms = 500;
  const auto fresh = door.admit();
  CHECK_FALSE(fresh.queued);
  CHECK(status_of(fresh.refusal) == proto::Status::expired);
  CHECK(status_of(door.admit(runtime::EntryId{999'000, 1}).refusal) == proto::Status::unknown);
  door.request.kind = proto::Kind::tell;
  CHECK(door.admit().refusal.dead_reason == "EXPIRED");
  door.request.kind = proto::Kind::cancel;
  CHECK(door.admit().queued);
}

TEST_CASE("a request of another partition is told so, a tell kept as a dead letter") {
  Door door;
  door.request.urn = "echo/2";
  REQUIRE(proto::partition_of("echo/2", partitions) != door.partition);
  CHECK(status_of(door.admit().refusal) == proto::Status::wrong_partition);
  door.request.kind = proto::Kind::tell;
  CHECK(door.admit().refusal.dead_reason == "WRONG_PARTITION");
  door.request.kind = proto::Kind::cancel;
  CHECK(door.admit().refusal.dead_reason.empty());
}

TEST_CASE("a reply key outside of the partition's space is never written to") {
  Door door;
  for (const std::string& key :
       {std::string("other"), door.keys.queue(door.partition), door.keys.reply(15, "app", "1"),
        door.keys.reply_prefix(door.partition) + "app:x1"}) {
    door.request.reply_key = key;
    const auto admission = door.admit();
    CHECK_FALSE(admission.queued);
    CHECK(admission.refusal.malformed);
    CHECK(admission.refusal.reply_key.empty());
    CHECK(admission.refusal.dead_reason == "BAD_ENVELOPE");
  }
}

TEST_CASE("a malformed envelope is answered where its reply key can be read") {
  Door door;
  door.request.urn = "not a urn";
  const auto known = door.admit();
  CHECK(known.refusal.malformed);
  CHECK(known.refusal.reply_key == door.key);
  CHECK(status_of(known.refusal) == proto::Status::bad_envelope);
  const auto garbage = door.admit("\xc1garbage");
  CHECK(garbage.refusal.malformed);
  CHECK(garbage.refusal.reply_key.empty());
  const Intake intake(door.keys, partitions, door.entry_bytes_max);
  CHECK(intake.admit({1, {1, 1}}, std::nullopt, {}, door.clock, now).refusal.malformed);
}

TEST_CASE("an envelope over the size limit is malformed") {
  Door door;
  door.entry_bytes_max = 20;
  const auto admission = door.admit();
  CHECK(admission.refusal.malformed);
  CHECK(status_of(admission.refusal) == proto::Status::bad_envelope);
}

// SPDX-License-Identifier: MIT
#include "daemon/queue/intake.hpp"

#include <limits>
#include <utility>

#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"

namespace conclib::queue {

using proto::Kind;
using proto::Status;

Admission Intake::admit(runtime::EntryRef at, std::optional<std::string_view> bytes,
                        runtime::EntryId ran, const RedisClock& clock,
                        runtime::TimePoint now) const {
  if (!bytes) return {nullptr, malformed(at, {}, "the entry has no field \"e\"", now)};
  auto queued = std::make_unique<runtime::QueuedRequest>();
  queued->at = at;
  queued->bytes = *bytes;
  queued->may_have_run = at.entry <= ran;
  auto request = proto::decode_request(queued->bytes, entry_bytes_max_);
  if (!request) return {nullptr, malformed(at, *bytes, std::move(request.error().text), now)};
  queued->request = *request;
  if (request->kind == Kind::ask &&
      !proto::is_reply_key(request->reply_key, keys_.reply_prefix(at.partition))) {
    return {nullptr, malformed(at, {},
                               "bad request envelope: the reply key lies outside of \"" +
                                   keys_.reply_prefix(at.partition) + "\"",
                               now)};
  }
  const auto expiry = proto::expiry_of(*request, at.entry.ms);
  if (expiry != std::numeric_limits<std::uint64_t>::max()) {
    queued->deadline = clock.to_monotonic(expiry);
  }
  const auto belongs = proto::partition_of(request->urn, partitions_);
  if (belongs != at.partition) {
    return {nullptr, refusal_of(*queued, Status::wrong_partition,
                                "\"" + std::string(request->urn) + "\" belongs to partition " +
                                    std::to_string(belongs) + " of " + std::to_string(partitions_),
                                now)};
  }
  if (request->kind != Kind::cancel && queued->deadline <= now) {
    const auto status = queued->may_have_run ? Status::unknown : Status::expired;
    return {nullptr, refusal_of(*queued, status,
                                "the deadline had passed when the worker read the message", now)};
  }
  return {std::move(queued), {}};
}

FinishEntry Intake::malformed(runtime::EntryRef at, std::string_view bytes, std::string text,
                              runtime::TimePoint now) const {
  FinishEntry entry;
  entry.at = at;
  entry.dead_reason = proto::status_name(Status::bad_envelope);
  entry.malformed = true;
  const auto address = proto::salvage_reply_address(bytes);
  if (!address.id.empty() &&
      proto::is_reply_key(address.reply_key, keys_.reply_prefix(at.partition))) {
    entry.reply_key = address.reply_key;
    entry.reply = proto::encode_reply({address.id, Status::bad_envelope, {}, {}, text});
    entry.reply_px_ms = reply_px_ms(address.reply_key, now, now);
  }
  entry.dead_text = std::move(text);
  return entry;
}

}  // namespace conclib::queue

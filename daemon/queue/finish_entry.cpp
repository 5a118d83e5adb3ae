// SPDX-License-Identifier: MIT
#include "daemon/queue/finish_entry.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "proto/envelope.hpp"
#include "proto/keys.hpp"
#include "proto/limits.hpp"

namespace conclib::queue {

using proto::Kind;
using proto::Status;
using runtime::TimePoint;

std::uint64_t reply_px_ms(std::string_view reply_key, TimePoint deadline, TimePoint now) {
  if (proto::reply_key_kind(reply_key) == proto::ReplyKeyKind::inbox) {
    return proto::limits::inbox_ttl_ms;
  }
  if (deadline <= now) return proto::limits::reply_grace_ms;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now).count();
  return std::min(static_cast<std::uint64_t>(left), proto::limits::ask_ttl_ms_max) +
         proto::limits::reply_grace_ms;
}

FinishEntry finish_of(const runtime::Completion& completion, TimePoint now) {
  const auto& queued = *completion.queued;
  FinishEntry entry;
  entry.at = queued.at;
  if (queued.request.kind == Kind::ask) {
    entry.reply_key = queued.request.reply_key;
    entry.reply = completion.reply;
    entry.reply_px_ms = reply_px_ms(entry.reply_key, queued.deadline, now);
  } else if (completion.status != Status::ok && completion.status != Status::no_reply) {
    entry.dead_reason = proto::status_name(completion.status);
    entry.dead_text = completion.text;
  }
  return entry;
}

FinishEntry refusal_of(const runtime::QueuedRequest& queued, Status status, std::string text,
                       TimePoint now) {
  FinishEntry entry;
  entry.at = queued.at;
  if (queued.request.kind == Kind::ask) {
    entry.reply_key = queued.request.reply_key;
    entry.reply = proto::encode_reply({queued.request.id, status, {}, {}, text});
    entry.reply_px_ms = reply_px_ms(entry.reply_key, queued.deadline, now);
  } else if (queued.request.kind == Kind::tell) {
    entry.dead_reason = proto::status_name(status);
    entry.dead_text = std::move(text);
  }
  return entry;
}

std::string id_text(runtime::EntryId id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.sequence);
}

runtime::EntryId id_of(std::string_view text) {
  runtime::EntryId id;
  const auto* end = text.data() + text.size();
  const auto ms = std::from_chars(text.data(), end, id.ms);
  if (ms.ec != std::errc{} || ms.ptr == end || *ms.ptr != '-') return {};
  const auto sequence = std::from_chars(ms.ptr + 1, end, id.sequence);
  if (sequence.ec != std::errc{} || sequence.ptr != end) return {};
  return id;
}

}  // namespace conclib::queue

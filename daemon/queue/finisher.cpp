// SPDX-License-Identifier: MIT
#include "daemon/queue/finisher.hpp"

#include <chrono>
#include <iterator>
#include <random>
#include <utility>

#include "proto/assert.hpp"

namespace conclib::queue {
namespace {

using namespace std::chrono_literals;
using redis::Reply;

constexpr auto try_kept_every = 5s;

/// What the Function `finish` says of an entry; see functions.lua.
enum Code : std::int64_t { gone = 0, done = 1, done_without_reply = 2, kept = 3 };

/// The arguments of one call, which has to own what it makes.
struct Call {
  std::vector<std::string> owned_keys;
  std::vector<std::string> owned;
  std::vector<std::string_view> keys;
  std::vector<std::string_view> arguments;
};

Call make_call(const proto::Keys& names, std::uint32_t partition, const std::string& node,
               const std::string& epoch, const std::string& dead_max,
               const std::vector<FinishEntry>& batch) {
  Call call;
  call.owned_keys = {names.owner(partition), names.queue(partition), names.attempts(partition),
                     names.dead(partition)};
  call.keys.assign(call.owned_keys.begin(), call.owned_keys.end());
  call.owned.reserve(batch.size() * 3);
  call.arguments = {node, epoch, dead_max};
  std::map<std::string_view, std::size_t> indexes;
  const auto own = [&call](std::string text) -> std::string_view {
    return call.owned.emplace_back(std::move(text));
  };
  for (const auto& entry : batch) {
    std::size_t index = 0;
    if (!entry.reply_key.empty()) {
      const auto [at, fresh] = indexes.try_emplace(entry.reply_key, indexes.size() + 1);
      if (fresh) call.keys.push_back(entry.reply_key);
      index = at->second;
    }
    const std::string_view fields[] = {own(id_text(entry.at.entry)),
                                       own(std::to_string(index)),
                                       own(std::to_string(entry.reply_px_ms)),
                                       entry.reply,
                                       entry.dead_reason,
                                       entry.dead_text,
                                       entry.malformed ? "1" : ""};
    call.arguments.insert(call.arguments.end(), std::begin(fields), std::end(fields));
  }
  return call;
}

}  // namespace

Finisher::Finisher(redis::Loop& loop, const NodeOptions& options, const proto::Keys& keys,
                   Session& session, const PartitionLeases& leases, CauseLedger& causes,
                   FinisherSink& sink, const log::Log& log)
    : options_(options),
      keys_(keys),
      session_(session),
      leases_(leases),
      causes_(causes),
      sink_(sink),
      log_(log),
      backoff_(50ms, 1s, std::random_device{}()),
      retry_(loop, [this] { send(); }),
      kept_timer_(loop, [this] { try_kept(); }) {
  kept_timer_.start(try_kept_every, try_kept_every);
}

Finisher::Lane& Finisher::lane(std::uint32_t partition) {
  auto& lane = lanes_[partition];
  if (lane.epoch.empty()) lane.epoch = leases_.epoch(partition);
  return lane;
}

void Finisher::add(FinishEntry entry) {
  if (!leases_.is_held(entry.at.partition)) return;
  auto& of = lane(entry.at.partition);
  if (causes_.is_open(entry.at)) {
    of.held_back.emplace(entry.at.entry, std::move(entry));
  } else {
    of.waiting.push_back(std::move(entry));
  }
}

void Finisher::cause_ended(const runtime::EntryRef& cause) {
  const auto at = lanes_.find(cause.partition);
  if (at == lanes_.end()) return;
  const auto held = at->second.held_back.find(cause.entry);
  if (held == at->second.held_back.end()) return;
  at->second.waiting.push_back(std::move(held->second));
  at->second.held_back.erase(held);
}

void Finisher::send() {
  if (!session_.is_up()) return;
  for (auto& [partition, of] : lanes_) send(partition, of);
}

void Finisher::send(std::uint32_t partition, Lane& of) {
  if (!of.under_way.empty() || of.waiting.empty()) return;
  of.under_way = take_batch(of.waiting);
  const auto dead_max = std::to_string(options_.dead_letters_max);
  const auto call = make_call(keys_, partition, options_.id, of.epoch, dead_max, of.under_way);
  const bool sent = session_.call(Function::finish, call.keys, call.arguments,
                                  [this, partition, epoch = of.epoch](const Reply& reply) {
                                    answered(partition, epoch, reply);
                                  });
  if (!sent) put_back(of);
}

void Finisher::put_back(Lane& of) {
  of.waiting.insert(of.waiting.begin(), std::make_move_iterator(of.under_way.begin()),
                    std::make_move_iterator(of.under_way.end()));
  of.under_way.clear();
}

void Finisher::answered(std::uint32_t partition, const std::string& epoch, const Reply& reply) {
  const auto at = lanes_.find(partition);
  // It was dropped meanwhile, or dropped and taken again.
  if (at == lanes_.end() || at->second.epoch != epoch) return;
  if (!reply.is_good()) {
    put_back(at->second);
    if (reply.is_error()) {
      log_.warn("queue", "finishing in partition {} failed, trying again: {}", partition,
                reply.text());
      if (!retry_.is_active()) retry_.start(backoff_.next());
    }
    return;
  }
  if (reply[0].text() != "OK") return sink_.fenced(partition, epoch);
  backoff_.reset();
  take_codes(at->second, reply);
  sink_.batch_done();
  send(partition, at->second);
  check_flushed(partition);
}

void Finisher::take_codes(Lane& of, const Reply& reply) {
  const auto batch = std::exchange(of.under_way, {});
  CONCLIB_ASSERT(reply.size() == batch.size() + 1);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto code = reply[i + 1].integer();
    if (code == Code::kept) {
      if (!std::exchange(of.kept_logged, true)) {
        log_.error("queue",
                   "the dead letters of partition {} are full: tells that fail stay in its queue, "
                   "and when too many do it is read no more; see XRANGE {} - + and delete what "
                   "is not needed",
                   batch[i].at.partition, keys_.dead(batch[i].at.partition));
      }
      sink_.entry_kept(batch[i].at);
      of.kept.push_back(batch[i]);
      continue;
    }
    ++finished_;
    if (code == Code::done && !batch[i].dead_reason.empty()) {
      ++dead_lettered_;
      of.kept_logged = false;
    }
    if (code == Code::done_without_reply) {
      log_.warn("queue",
                "the reply to entry {} of partition {} could not be pushed: its reply key "
                "is not a list",
                id_text(batch[i].at.entry), batch[i].at.partition);
    }
    sink_.entry_done(batch[i].at);
  }
}

void Finisher::try_kept() {
  for (auto& [partition, of] : lanes_) {
    of.waiting.insert(of.waiting.end(), std::make_move_iterator(of.kept.begin()),
                      std::make_move_iterator(of.kept.end()));
    of.kept.clear();
  }
  send();
}

void Finisher::flush(std::uint32_t partition, std::function<void()> done) {
  if (!lanes_.contains(partition)) return done();
  lanes_[partition].flushed = std::move(done);
  check_flushed(partition);
}

void Finisher::check_flushed(std::uint32_t partition) {
  const auto at = lanes_.find(partition);
  if (at == lanes_.end() || !at->second.flushed) return;
  const auto& of = at->second;
  if (!of.waiting.empty() || !of.under_way.empty() || !of.held_back.empty()) return;
  std::exchange(at->second.flushed, nullptr)();
}

bool Finisher::keeps(std::uint32_t partition) const {
  const auto at = lanes_.find(partition);
  return at != lanes_.end() && !at->second.kept.empty();
}

void Finisher::drop(std::uint32_t partition) { lanes_.erase(partition); }

}  // namespace conclib::queue

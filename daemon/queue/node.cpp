// SPDX-License-Identifier: MIT
#include "daemon/queue/node.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "daemon/queue/cause_ledger.hpp"
#include "daemon/queue/finisher.hpp"
#include "daemon/queue/inbox.hpp"
#include "daemon/queue/leases.hpp"
#include "daemon/queue/membership.hpp"
#include "daemon/queue/outbox.hpp"
#include "daemon/queue/ownership.hpp"
#include "daemon/queue/pusher.hpp"
#include "daemon/queue/reader.hpp"
#include "daemon/queue/session.hpp"
#include "proto/assert.hpp"
#include "proto/keys.hpp"

namespace conclib::queue {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// How long the last commands of a node may take, beyond its drain time-out.
constexpr std::chrono::milliseconds farewell_max = 2s;

}  // namespace

/// Puts the parts together and passes on what they tell each other.
class Node::Impl final : public SessionListener,
                         public ReaderSink,
                         public FinisherSink,
                         public PusherSink,
                         public MembershipSink,
                         public OwnershipSink {
 public:
  Impl(redis::Loop& loop, NodeOptions options, NodeEvents& events, const log::Log& log)
      : loop_(loop),
        options_(std::move(options)),
        keys_(options_.url.name_space),
        events_(events),
        log_(log),
        leases_(options_.lease),
        session_(loop, options_, keys_, *this, log),
        finisher_(loop, options_, keys_, session_, leases_, causes_, *this, log),
        pusher_(loop, options_, keys_, session_, causes_, *this, log),
        inbox_(
            loop, options_, keys_, [this](const proto::Reply& reply) { reply_read(reply); }, log),
        reader_(loop, options_, keys_, session_, leases_, *this, log),
        membership_(loop, options_, keys_, session_, *this, log),
        ownership_(loop, options_, keys_, session_, membership_, leases_, reader_, finisher_, *this,
                   log),
        outbox_(loop, options_.outbox_messages, options_.outbox_bytes, [this] { outbox_woken(); }),
        leave_timer_(loop, [this] { leave_overdue(); }) {}

  void start() { session_.start(); }

  void join() {
    CONCLIB_ASSERT(loop_.is_here() && connected_ && !membership_.is_joined());
    reader_.start();
    membership_.join();
  }

  void leave(std::chrono::milliseconds drain_timeout, std::function<void()> done) {
    CONCLIB_ASSERT(loop_.is_here() && !left_);
    left_ = std::move(done);
    leave_stage_ = LeaveStage::draining;
    leave_timer_.start(drain_timeout);
    if (!membership_.is_joined()) return say_farewell();
    membership_.drain();
    ownership_.give_up();
  }

  Outbox& outbox() { return outbox_; }
  [[nodiscard]] const Ownership& ownership() const { return ownership_; }
  [[nodiscard]] const Session& session() const { return session_; }
  [[nodiscard]] const redis::Loop& loop() const { return loop_; }

  // SessionListener
  void session_up() override {
    if (!std::exchange(connected_, true)) {
      events_.connected(session_.partitions());
      return;
    }
    membership_.resume();
    ownership_.session_up();
    finisher_.resume();
    pusher_.resume();
    reader_.refresh();
  }
  void session_down() override { ownership_.session_down(); }
  void session_refused(const proto::Error& error) override { events_.refused(error); }

  // ReaderSink
  void entry_read(std::unique_ptr<runtime::QueuedRequest> queued) override {
    if (queued->request.kind != proto::Kind::cancel) return events_.deliver(std::move(queued));
    events_.cancel(queued->at.partition, queued->request.urn, queued->request.id);
    finisher_.add(refusal_of(*queued, proto::Status::ok, {}, steady_clock::now()));
  }
  void entry_refused(FinishEntry refusal) override { finisher_.add(std::move(refusal)); }
  void batch_read() override { finisher_.send(); }
  void reader_up() override { ownership_.check_settled(); }
  void control_read(std::string_view command) override {
    // Who stays and who leaves has to be read anew, or placement would be that of a moment ago.
    if (command == "look" && membership_.is_joined()) membership_.resume();
  }

  // FinisherSink
  void entry_done(const runtime::EntryRef& at) override { reader_.done(at); }
  void entry_kept(const runtime::EntryRef& at) override { reader_.kept(at); }
  void batch_done() override { reader_.poke(); }
  void fenced(std::uint32_t partition, const std::string& epoch) override {
    ownership_.fenced(partition, epoch);
  }

  // PusherSink
  void push_answered(std::size_t bytes) override {
    outbox_.answered(bytes);
    if (farewell_due_ && pusher_.is_idle()) say_farewell();
  }
  void cause_ended(const runtime::EntryRef& cause) override {
    finisher_.cause_ended(cause);
    finisher_.send();
  }
  void ask_failed(std::string_view id, proto::Status status, std::string_view text) override {
    events_.reply(id, status, {}, {}, text);
  }

  // MembershipSink
  void describe(proto::NodeRecord& record) override {
    events_.describe(record);
    record.partitions = ownership_.open();
    record.stats["received"] = reader_.received();
    record.stats["malformed"] = reader_.malformed();
    record.stats["finished"] = finisher_.finished();
    record.stats["dead"] = finisher_.dead_lettered();
    record.stats["in_flight"] = reader_.window().entries();
  }
  void members_read() override { ownership_.look(); }

  // OwnershipSink
  void partition_opened(std::uint32_t partition) override { events_.opened(partition); }
  void partition_must_drain(std::uint32_t partition, DrainReason reason) override {
    events_.must_drain(partition, reason);
  }
  void settled() override { events_.settled(); }
  void everything_released() override { say_farewell(); }

 private:
  enum class LeaveStage : std::uint8_t { staying, draining, abandoning, leaving, left };

  void reply_read(const proto::Reply& reply) {
    events_.reply(reply.id, reply.status, reply.type, reply.body, reply.text);
  }

  void outbox_woken() {
    const auto now = steady_clock::now();
    for (auto& item : outbox_.take()) {
      if (auto* completion = std::get_if<runtime::Completion>(&item)) {
        finisher_.add(finish_of(*completion, now));
      } else if (auto* message = std::get_if<runtime::OutboundMessage>(&item)) {
        if (message->kind == proto::Kind::ask) inbox_.expect_replies(session_.partitions());
        pusher_.add(*message);
      } else if (auto* drained = std::get_if<Drained>(&item)) {
        ownership_.drained(drained->partition);
      }
    }
    pusher_.send();
    finisher_.send();
  }

  /// The drain time-out has passed, or the farewell takes too long.
  void leave_overdue() {
    if (leave_stage_ == LeaveStage::draining) {
      leave_stage_ = LeaveStage::abandoning;
      log_.warn("queue",
                "the drain time-out has passed; what still runs is left to the next owner");
      leave_timer_.start(farewell_max);
      ownership_.abandon();
    } else if (leave_stage_ == LeaveStage::abandoning) {
      log_.warn("queue", "Redis does not answer; leaving without releasing all partitions");
      say_farewell();
    } else if (leave_stage_ == LeaveStage::leaving) {
      end_leaving();
    } else {
      // The last thing: the owner may destroy the node in it.
      std::exchange(left_, nullptr)();
    }
  }

  void say_farewell() {
    if (leave_stage_ != LeaveStage::draining && leave_stage_ != LeaveStage::abandoning) return;
    // What actors sent at their end goes its way first.
    farewell_due_ = leave_stage_ == LeaveStage::draining && !pusher_.is_idle();
    if (farewell_due_) return;
    leave_stage_ = LeaveStage::leaving;
    if (!session_.is_up() || !membership_.is_joined()) return end_leaving();
    leave_timer_.start(farewell_max);
    inbox_.close(session_);
    membership_.leave([this] { end_leaving(); });
  }

  void end_leaving() {
    if (std::exchange(leave_stage_, LeaveStage::left) == LeaveStage::left) return;
    reader_.close();
    session_.close();
    // Not from here, which may be a callback of the session or the owner's call of leave().
    leave_timer_.start(0ms);
  }

  redis::Loop& loop_;
  NodeOptions options_;
  proto::Keys keys_;
  NodeEvents& events_;
  const log::Log& log_;
  PartitionLeases leases_;
  CauseLedger causes_;
  Session session_;
  Finisher finisher_;
  Pusher pusher_;
  Inbox inbox_;
  Reader reader_;
  Membership membership_;
  Ownership ownership_;
  Outbox outbox_;
  bool connected_ = false;
  LeaveStage leave_stage_ = LeaveStage::staying;
  /// Everything is released; only the last pushes are waited for.
  bool farewell_due_ = false;
  std::function<void()> left_;
  redis::Timer leave_timer_;
};

Node::Node(redis::Loop& loop, NodeOptions options, NodeEvents& events, const log::Log& log)
    : impl_(std::make_unique<Impl>(loop, std::move(options), events, log)) {}

Node::~Node() { CONCLIB_ASSERT(impl_->loop().is_here()); }

void Node::start() { impl_->start(); }

void Node::join() { impl_->join(); }

void Node::complete(runtime::Completion completion) {
  CONCLIB_ASSERT(completion.queued != nullptr);
  impl_->outbox().add(std::move(completion));
}

proto::Result<void> Node::push(runtime::OutboundMessage message) {
  // What the envelope adds beside these is bounded: ids, keys, numbers.
  constexpr std::size_t envelope_rest = 2048;
  if (size_of(message) + envelope_rest > proto::limits::envelope_bytes_max) {
    return proto::fail(proto::Status::bad_argument, "the message to \"" + message.urn + "\" has " +
                                                        std::to_string(message.body.size()) +
                                                        " bytes, which is over the limit of 1 MiB");
  }
  return impl_->outbox().push(std::move(message));
}

void Node::drained(std::uint32_t partition) { impl_->outbox().add(Drained{partition}); }

void Node::leave(std::chrono::milliseconds drain_timeout, std::function<void()> done) {
  impl_->leave(drain_timeout, std::move(done));
}

std::vector<std::uint32_t> Node::partitions() const { return impl_->ownership().open(); }

bool Node::is_up() const { return impl_->session().is_up(); }

}  // namespace conclib::queue

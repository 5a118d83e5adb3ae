// SPDX-License-Identifier: MIT
#include "tests/conformance/threaded_worker.hpp"

#include <algorithm>
#include <numeric>
#include <sstream>
#include <stdexcept>

#include <sys/mman.h>
#include <unistd.h>

#include "proto/envelope.hpp"
#include "proto/limits.hpp"
#include "proto/partition.hpp"

namespace conclib::conformance {
namespace {

using runtime::TimePoint;

constexpr std::chrono::seconds patience{10};

log::Level level_of(conclib_log_level level) {
  switch (level) {
    case CONCLIB_LOG_DEBUG:
      return log::Level::debug;
    case CONCLIB_LOG_INFO:
      return log::Level::info;
    case CONCLIB_LOG_WARN:
      return log::Level::warn;
    case CONCLIB_LOG_ERROR:
      return log::Level::error;
  }
  return log::Level::error;
}

void host_log(conclib_plugin_handle* plugin, conclib_context* context, conclib_log_level level,
              conclib_str text) {
  const auto urn = context ? detail::view_of(context->urn) : std::string_view();
  const auto& log = **reinterpret_cast<const log::Log**>(plugin);
  log.write(level_of(level), "actor", std::string(detail::view_of(text)).append(" ").append(urn));
}

std::uint64_t host_monotonic_ns(conclib_plugin_handle*) {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                    std::chrono::nanoseconds(1));
}

std::uint64_t host_wall_ms(conclib_plugin_handle*) {
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() /
                                    std::chrono::milliseconds(1));
}

int host_setting(conclib_plugin_handle*, conclib_str, conclib_str*) { return 0; }
conclib_counter* host_counter(conclib_plugin_handle*, conclib_str) { return nullptr; }
conclib_histogram* host_histogram(conclib_plugin_handle*, conclib_str) { return nullptr; }

void fill_host_table(conclib_host& host) {
  host.size = sizeof(host);
  host.abi_major = CONCLIB_ABI_MAJOR;
  host.abi_minor = CONCLIB_ABI_MINOR;
  host.log = host_log;
  host.setting = host_setting;
  host.monotonic_ns = host_monotonic_ns;
  host.wall_ms = host_wall_ms;
  host.counter = host_counter;
  host.histogram = host_histogram;
  runtime::Runtime::fill_host_table(host);
}

Answer answer_in(const runtime::Completion& completion) {
  if (completion.reply.empty()) {
    return {static_cast<conclib_status>(completion.status), {}, {}, completion.text};
  }
  const auto reply = proto::decode_reply(completion.reply);
  if (!reply) return {CONCLIB_BAD_REPLY, {}, {}, reply.error().text};
  return {static_cast<conclib_status>(reply->status), std::string(reply->type),
          std::string(reply->body), std::string(reply->text)};
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

class ThreadedWorker::CountedRandom final : public runtime::Random {
 public:
  [[nodiscard]] std::uint64_t next() override {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    return (number_ += odd) * odd;
  }

 private:
  std::atomic<std::uint64_t> number_{1};
};

/// Fires the runtime's timers and calls what is posted, as the loop of a worker does, and keeps the
/// asks of the test.
class ThreadedWorker::Loop final : public runtime::Outside {
 public:
  void complete(runtime::Completion completion) override {
    std::function<void(const Answer&)> answered;
    {
      const std::lock_guard lock(mutex_);
      answered = std::move(asks_.extract(completion.queued->at.entry.sequence).mapped());
    }
    answered(answer_in(completion));
  }
  [[nodiscard]] proto::Result<void> push(runtime::OutboundMessage message) override {
    if (route) return route(std::move(message));
    return proto::fail(proto::Status::overloaded, "there is no queue for " + message.urn);
  }
  void schedule(TimePoint when) override {
    const std::lock_guard lock(mutex_);
    if (when >= next_) return;
    next_ = when;
    changed_.notify_one();
  }
  void worker_failed(std::string text) override {
    const std::lock_guard lock(mutex_);
    failures_.push_back(std::move(text));
  }

  void post(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(call));
    changed_.notify_one();
  }
  void expect(std::uint64_t sequence, std::function<void(const Answer&)> answered) {
    const std::lock_guard lock(mutex_);
    asks_[sequence] = std::move(answered);
  }
  std::vector<std::string> failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

  void start(std::function<std::optional<TimePoint>()> fire) {
    thread_ = std::thread([this, fire = std::move(fire)] { run(fire); });
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

  Route route;

 private:
  void run(const std::function<std::optional<TimePoint>()>& fire);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> posted_;
  std::map<std::uint64_t, std::function<void(const Answer&)>> asks_;  // by sequence of the entry
  std::vector<std::string> failures_;
  TimePoint next_ = TimePoint::max();
  bool stopping_ = false;
  std::thread thread_;
};

void ThreadedWorker::Loop::run(const std::function<std::optional<TimePoint>()>& fire) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!posted_.empty()) {
      const auto call = std::move(posted_.front());
      posted_.pop_front();
      lock.unlock();
      call();
      lock.lock();
    } else if (next_ == TimePoint::max()) {
      changed_.wait(lock);
    } else if (next_ > std::chrono::steady_clock::now()) {
      // A copy: schedule() changes next_ during the wait.
      const auto next = next_;
      changed_.wait_until(lock, next);
    } else {
      next_ = TimePoint::max();
      lock.unlock();
      const auto due = fire();
      lock.lock();
      if (due) next_ = std::min(next_, *due);
    }
  }
}

runtime::RuntimeOptions ThreadedWorker::options_of(unsigned threads) {
  runtime::RuntimeOptions options;
  options.partitions = 4;
  options.threads = threads;
  return options;
}

ThreadedWorker::ThreadedWorker(runtime::RuntimeOptions options)
    : log_file_(::memfd_create("log", MFD_CLOEXEC)),
      log_(log::Level::info, "test", log_file_, log::Format::journal),
      random_(std::make_unique<CountedRandom>()),
      loop_(std::make_unique<Loop>()),
      options_(options) {
  fill_host_table(host_);
  runtime_.emplace(options_, clock_, *random_, *loop_, log_);
}

ThreadedWorker::~ThreadedWorker() {
  stop();
  runtime_.reset();
  ::close(log_file_);
}

void ThreadedWorker::route(Route route) { loop_->route = std::move(route); }

void ThreadedWorker::start() {
  std::vector<std::uint32_t> all(options_.partitions);
  std::iota(all.begin(), all.end(), 0);
  start(std::move(all));
}

void ThreadedWorker::start(std::vector<std::uint32_t> partitions) {
  partitions_ = std::move(partitions);
  running_ = true;
  runtime_->start();
  loop_->start([this] { return runtime_->fire_timers(); });
  for (const auto i : partitions_) {
    post([this, i] { runtime_->open(i); });
  }
}

void ThreadedWorker::stop() {
  if (!std::exchange(running_, false)) return;
  for (const auto i : partitions_) {
    // Shared with the call back, which may still be within set_value() when the wait is over.
    const auto drained = std::make_shared<std::promise<void>>();
    post([this, i, drained] { runtime_->drain(i, [drained] { drained->set_value(); }); });
    drained->get_future().wait();
  }
  runtime_->stop();
  loop_->stop();
}

void ThreadedWorker::add_type(const conclib_actor_type& type, void* plugin_data, int plugin) {
  // The runtime tells plugins apart by the address of their handles and looks at nothing else; the
  // handle of a plugin here is where it finds its log.
  auto*& log = logs_[plugin];
  log = &log_;
  const auto added = runtime_->add_type({.type = &type,
                                         .plugin = reinterpret_cast<conclib_plugin_handle*>(&log),
                                         .plugin_data = plugin_data,
                                         .host = &host_,
                                         .plugin_name = "plugin-" + std::to_string(plugin)});
  if (!added) throw std::runtime_error(added.error().text);
}

std::future<Answer> ThreadedWorker::deliver(std::string_view urn, std::string_view type,
                                            std::string body,
                                            std::optional<std::chrono::milliseconds> timeout) {
  const auto id = std::to_string(++ids_);
  proto::Request request;
  request.kind = timeout ? proto::Kind::ask : proto::Kind::tell;
  request.id = id;
  request.urn = urn;
  request.type = type;
  request.body = body;
  if (timeout) {
    request.reply_key = "conclib:{test:0}:r:test:a1";
    request.ttl_ms = static_cast<std::uint64_t>(timeout->count());
  }
  const auto asker = std::make_shared<std::promise<Answer>>();
  deliver(request, timeout ? clock_.now() + *timeout : TimePoint::max(),
          [asker](const Answer& answer) { asker->set_value(answer); });
  return asker->get_future();
}

void ThreadedWorker::take(const runtime::OutboundMessage& message,
                          std::function<void(const Answer&)> answered) {
  using std::chrono::milliseconds;
  proto::Request request;
  request.kind = message.kind;
  request.id = message.id;
  request.urn = message.urn;
  request.type = message.type;
  request.body = message.body;
  request.source = message.source;
  request.root = message.root;
  request.chain = message.chain;
  request.trace_parent = message.trace_parent;
  request.trace_state = message.trace_state;
  if (message.kind == proto::Kind::ask) {
    const auto left = std::chrono::ceil<milliseconds>(message.deadline - clock_.now());
    request.reply_key = "conclib:{test:0}:r:test:i1";
    request.ttl_ms = static_cast<std::uint64_t>(std::max(left, milliseconds(1)).count());
    request.ttl_ms = std::min(request.ttl_ms, proto::limits::ask_ttl_ms_max);
  }
  deliver(request, message.deadline, std::move(answered));
}

void ThreadedWorker::deliver(const proto::Request& request, TimePoint deadline,
                             std::function<void(const Answer&)> answered) {
  const auto number = ++sequence_;
  const auto queued = std::make_shared<std::unique_ptr<runtime::QueuedRequest>>(
      std::make_unique<runtime::QueuedRequest>());
  auto& entry = **queued;
  entry.bytes = proto::encode_request(request);
  const auto decoded = proto::decode_request(entry.bytes, proto::limits::envelope_bytes_max);
  if (!decoded) throw std::runtime_error(decoded.error().text);
  entry.request = *decoded;
  entry.at = {.partition = proto::partition_of(request.urn, options_.partitions),
              .entry = {.ms = 1, .sequence = number}};
  entry.deadline = deadline;
  loop_->expect(number, std::move(answered));
  post([this, queued] { runtime_->deliver(std::move(*queued)); });
}

void ThreadedWorker::post(std::function<void()> call) { loop_->post(std::move(call)); }

bool ThreadedWorker::alive(std::string_view urn) const {
  const auto actors = runtime_->actors();
  return std::any_of(actors.begin(), actors.end(),
                     [&](const runtime::ActorState& actor) { return actor.urn == urn; });
}

std::vector<std::string> ThreadedWorker::log_lines() const {
  std::string text(std::size_t{1} << 20U, '\0');
  const auto size = ::pread(log_file_, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t ThreadedWorker::logged(std::initializer_list<std::string_view> parts) const {
  const auto lines = log_lines();
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return std::all_of(parts.begin(), parts.end(), [&](std::string_view part) {
          return line.find(part) != std::string::npos;
        });
      }));
}

std::vector<std::string> ThreadedWorker::worker_failures() const { return loop_->failures(); }

}  // namespace conclib::conformance

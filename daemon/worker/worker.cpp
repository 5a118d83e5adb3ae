// SPDX-License-Identifier: MIT
#include "daemon/worker/worker.hpp"

#include <array>
#include <utility>

#include <signal.h>
#include <unistd.h>

#include "proto/assert.hpp"
#include "proto/url.hpp"

namespace conclib::worker {
namespace {

/// How the process ends when the namespace or its Redis refuses the worker.
config::ExitCode exit_code_of(proto::Status refusal) {
  return refusal == proto::Status::protocol_mismatch || refusal == proto::Status::bad_argument
             ? config::ExitCode::mismatch
             : config::ExitCode::redis;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace

Worker::Worker(const config::Settings& settings, const Identity& identity, int control_fd,
               const log::Log& log)
    : settings_(settings), identity_(identity), log_(log) {
  CONCLIB_ASSERT(uv_loop_init(&loop_) == 0);
  redis_loop_.emplace(&loop_);
  control_.emplace(*redis_loop_, control_fd, [this] { leave("the master has gone"); });
  timer_.emplace(*redis_loop_, clock_, [this] { return runtime_->fire_timers(); });
  failed_.emplace(*redis_loop_, [this] { leave("an actor said that the worker must not go on"); });
  watch(sigterm_, SIGTERM);
  watch(sigint_, SIGINT);
}

Worker::~Worker() {
  end_loop();
  // The actors' threads, and those that plugins have made, use queues and runtime: they end first.
  // The code of a plugin stays, for what came from it.
  if (runtime_) runtime_->stop();
  if (plugins_) plugins_->unload();
  node_.reset();
  timer_.reset();
  failed_.reset();
  runtime_.reset();
  plugins_.reset();
  control_.reset();
  // A loop that was stopped before it ran returns at once the first time.
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) continue;
  CONCLIB_ASSERT(uv_loop_close(&loop_) == 0);
}

void Worker::watch(uv_signal_t& handle, int signal) {
  handle.data = this;
  CONCLIB_ASSERT(uv_signal_init(&loop_, &handle) == 0);
  CONCLIB_ASSERT(uv_signal_start(
                     &handle,
                     [](uv_signal_t* h, int number) {
                       static_cast<Worker*>(h->data)->leave(strsignal(number));
                     },
                     signal) == 0);
}

config::ExitCode Worker::run() {
  if (load_plugins()) {
    node_.emplace(*redis_loop_, node_options(), static_cast<queue::NodeEvents&>(*this), log_);
    node_->start();
    uv_run(&loop_, UV_RUN_DEFAULT);
  }
  return exit_code_;
}

bool Worker::load_plugins() {
  plugin::DirectoryOptions options;
  options.directory = settings_.plugin_dir;
  for (const auto& [name, values] : settings_.plugins) {
    options.settings[name].insert(values.begin(), values.end());
  }
  options.fill_actor_functions = runtime::Runtime::fill_host_table;
  auto loaded = plugin::PluginDirectory::load(std::move(options), log_);
  if (!loaded) {
    give_up(config::ExitCode::plugin, loaded.error().text);
    return false;
  }
  plugins_ = std::move(*loaded);
  const auto& refusals = plugins_->refusals();
  if (refusals.empty() || settings_.plugin_errors == config::PluginErrors::skip) return true;
  give_up(config::ExitCode::plugin,
          refusals.front().text + "; to start without it, set plugin-errors to skip");
  return false;
}

queue::NodeOptions Worker::node_options() const {
  queue::NodeOptions options;
  // The setting was checked when it was read, and the socket's path when it was made.
  options.url = settings_.embedded_redis()
                    ? proto::RedisUrl{.is_unix = true, .path = settings_.redis_socket()}
                    : proto::parse_redis_url(settings_.redis_url).value();
  options.url.name_space = settings_.name_space;
  options.id = identity_.node_id;
  options.host = host_name();
  options.master_pid = static_cast<std::uint64_t>(identity_.master_pid);
  options.partitions = settings_.partitions;
  options.partitions_explicit = settings_.partitions_given;
  options.lease = settings_.lease;
  options.allow_eviction = settings_.accept_eviction;
  options.window_entries = settings_.window_messages_max;
  options.window_bytes = settings_.window_bytes_max;
  options.entry_bytes_max = settings_.entry_bytes_max;
  return options;
}

void Worker::connected(std::uint32_t partitions) {
  runtime::RuntimeOptions options;
  options.partitions = partitions;
  options.threads = settings_.threads;
  options.mailbox_messages_max = settings_.mailbox_messages_max;
  options.ask_timeout = settings_.ask_timeout;
  options.passivate_after = settings_.passivate_after;
  options.handler_limit = settings_.handler_limit;
  runtime_.emplace(options, clock_, random_, static_cast<runtime::Outside&>(*this), log_);
  for (auto& type : plugins_->types()) {
    const auto plugin = type.plugin_name;
    if (const auto added = runtime_->add_type(std::move(type)); !added) {
      return give_up(config::ExitCode::plugin, "plugin " + plugin + ": " + added.error().text);
    }
  }
  runtime_->start();
  node_->join();
}

void Worker::settled() { control_->say_ready(); }

void Worker::refused(const proto::Error& error) {
  if (runtime_) {
    log_.debug("worker", "{}", error.text);
    return;
  }
  give_up(exit_code_of(error.code), error.text);
}

void Worker::opened(std::uint32_t partition) {
  draining_.erase(partition);
  runtime_->open(partition);
}

void Worker::deliver(std::unique_ptr<runtime::QueuedRequest> queued) {
  runtime_->deliver(std::move(queued));
}

void Worker::cancel(std::uint32_t partition, std::string_view urn, std::string_view id) {
  runtime_->cancel(partition, urn, id);
}

void Worker::reply(std::string_view id, proto::Status status, std::string_view type,
                   std::string_view body, std::string_view text) {
  runtime_->deliver_reply(id, status, type, body, text);
}

void Worker::must_drain(std::uint32_t partition, queue::DrainReason) {
  // A partition that gets lost while it is handed over is drained already.
  if (!draining_.insert(partition).second) return;
  runtime_->drain(partition, [this, partition] { node_->drained(partition); });
}

void Worker::describe(proto::NodeRecord& record) {
  const auto stats = runtime_->stats();
  record.types = runtime_->type_urns();
  for (auto& plugin : plugins_->report()) {
    record.plugins.push_back({.name = std::move(plugin.name),
                              .version = std::move(plugin.version),
                              .counters = {plugin.numbers.begin(), plugin.numbers.end()}});
  }
  record.stats["actors"] = stats.actors;
  record.stats["handled"] = stats.messages_handled;
  record.stats["failed"] = stats.messages_failed;
  record.stats["unexpected"] = stats.messages_unexpected;
  record.stats["refused"] = stats.messages_refused;
  record.stats["expired"] = stats.messages_expired;
  record.stats["in_mailboxes"] = stats.in_mailboxes;
  record.stats["actor_failures"] = stats.failures;
  record.stats["restarts"] = stats.restarts;
  record.stats["stuck"] = stats.stuck;
  record.stats["local_dead_letters"] = stats.dead_letters;
}

void Worker::complete(runtime::Completion completion) { node_->complete(std::move(completion)); }

proto::Result<void> Worker::push(runtime::OutboundMessage message) {
  return node_->push(std::move(message));
}

void Worker::schedule(runtime::TimePoint when) { timer_->schedule(when); }

// On an actor's thread; the runtime has logged the reason.
void Worker::worker_failed(std::string) { failed_->wake(); }

void Worker::leave(std::string_view why) {
  if (leaving_) return;
  leaving_ = true;
  log_.info("worker", "leaving: {}", why);
  if (!node_) return end_loop();
  node_->leave(settings_.drain_timeout, [this] {
    if (runtime_) runtime_->stop();
    end_loop();
  });
}

void Worker::give_up(config::ExitCode code, const std::string& text) {
  control_->say_fatal(code, text);
  exit_code_ = code;
  end_loop();
}

void Worker::end_loop() {
  if (ended_) return;
  ended_ = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&sigterm_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&sigint_), nullptr);
  uv_stop(&loop_);
}

}  // namespace conclib::worker

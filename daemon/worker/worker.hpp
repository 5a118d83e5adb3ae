// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <uv.h>

#include "daemon/config/exit_code.hpp"
#include "daemon/config/settings.hpp"
#include "daemon/log/log.hpp"
#include "daemon/plugin/plugin_directory.hpp"
#include "daemon/queue/node.hpp"
#include "daemon/queue/node_events.hpp"
#include "daemon/redis/loop.hpp"
#include "daemon/runtime/ports.hpp"
#include "daemon/runtime/runtime.hpp"
#include "daemon/runtime/system_clock.hpp"
#include "daemon/worker/control_link.hpp"
#include "daemon/worker/runtime_timer.hpp"
#include "daemon/worker/system_random.hpp"
#include "daemon/worker/worker_main.hpp"

namespace conclib::worker {

/// One worker process: connects the queues in Redis (queue::Node) with the actors
/// (runtime::Runtime) of the plugins, on one event loop, until its master or a signal ends it.
///
/// Threading: made and run on the main thread, which is the loop's; the actors' threads reach it
/// only through runtime::Outside.
class Worker final : private queue::NodeEvents, private runtime::Outside {
 public:
  /// `settings` and `log` outlive the worker. `control_fd` becomes the worker's.
  Worker(const config::Settings& settings, const Identity& identity, int control_fd,
         const log::Log& log);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Serves until it is told to stop; the process's exit code.
  [[nodiscard]] config::ExitCode run();

 private:
  // From the queues.
  void connected(std::uint32_t partitions) override;
  void settled() override;
  void refused(const proto::Error& error) override;
  void opened(std::uint32_t partition) override;
  void deliver(std::unique_ptr<runtime::QueuedRequest> queued) override;
  void cancel(std::uint32_t partition, std::string_view urn, std::string_view id) override;
  void reply(std::string_view id, proto::Status status, std::string_view type,
             std::string_view body, std::string_view text) override;
  void must_drain(std::uint32_t partition, queue::DrainReason reason) override;
  void describe(proto::NodeRecord& record) override;

  // From the actors, on any thread.
  void complete(runtime::Completion completion) override;
  [[nodiscard]] proto::Result<void> push(runtime::OutboundMessage message) override;
  void schedule(runtime::TimePoint when) override;
  void worker_failed(std::string text) override;

  [[nodiscard]] bool load_plugins();
  [[nodiscard]] queue::NodeOptions node_options() const;
  void watch(uv_signal_t& handle, int signal);
  /// Hands everything over and ends the loop; a second call is ignored.
  void leave(std::string_view why);
  /// Tells the master why this worker cannot serve, and ends the loop.
  void give_up(config::ExitCode code, const std::string& text);
  void end_loop();

  const config::Settings& settings_;
  Identity identity_;
  const log::Log& log_;
  runtime::SystemClock clock_;
  SystemRandom random_;
  uv_loop_t loop_{};
  std::optional<redis::Loop> redis_loop_;
  std::optional<ControlLink> control_;
  std::optional<RuntimeTimer> timer_;
  std::optional<redis::Wakeup> failed_;  ///< An actor wants the worker to end.
  uv_signal_t sigterm_{};
  uv_signal_t sigint_{};
  std::unique_ptr<plugin::PluginDirectory> plugins_;
  std::optional<queue::Node> node_;
  std::optional<runtime::Runtime> runtime_;
  /// Partitions that are being drained, or were and have not been opened again.
  std::set<std::uint32_t> draining_;
  bool leaving_ = false;
  bool ended_ = false;
  config::ExitCode exit_code_ = config::ExitCode::ok;
};

}  // namespace conclib::worker

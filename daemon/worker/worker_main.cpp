// SPDX-License-Identifier: MIT
#include "daemon/worker/worker_main.hpp"

#include "daemon/worker/worker.hpp"

namespace conclib::worker {

int run(const config::Settings& settings, const Identity& identity, int control_fd, log::Log& log) {
  Worker worker(settings, identity, control_fd, log);
  return static_cast<int>(worker.run());
}

}  // namespace conclib::worker

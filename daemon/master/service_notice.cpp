// SPDX-License-Identifier: MIT
#include "daemon/master/service_notice.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace conclib::master {

namespace {

void notify(const std::string& text) {
  // Nobody to tell it to, or nobody who listens: the daemon works all the same.
  (void)::sd_notify(0, text.c_str());
}

}  // namespace

ServiceNotice::ServiceNotice() {
  std::uint64_t micros = 0;
  if (::sd_watchdog_enabled(0, &micros) <= 0) return;
  beat_interval_ = std::chrono::milliseconds(std::max<std::uint64_t>(1, micros / 2000));
}

void ServiceNotice::ready(const std::string& status) { notify("READY=1\nSTATUS=" + status); }

void ServiceNotice::stopping(const std::string& status) { notify("STOPPING=1\nSTATUS=" + status); }

void ServiceNotice::status(const std::string& status) { notify("STATUS=" + status); }

void ServiceNotice::extend(std::chrono::milliseconds time) {
  notify(fmt::format("EXTEND_TIMEOUT_USEC={}", time.count() * 1000));
}

void ServiceNotice::beat() { notify("WATCHDOG=1"); }

}  // namespace conclib::master

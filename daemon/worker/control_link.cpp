// SPDX-License-Identifier: MIT
#include "daemon/worker/control_link.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/worker/control.hpp"
#include "proto/assert.hpp"

namespace conclib::worker {

ControlLink::ControlLink(redis::Loop& loop, int fd, std::function<void()> master_gone)
    : fd_(fd),
      master_gone_(std::move(master_gone)),
      poll_(new uv_poll_t),
      beat_(loop, [this] { say(encode_control({.kind = ControlLine::Kind::beat})); }) {
  poll_->data = this;
  CONCLIB_ASSERT(uv_poll_init(loop.handle(), poll_, fd_) == 0);
  uv_poll_start(poll_, UV_READABLE | UV_DISCONNECT, [](uv_poll_t* handle, int, int) {
    static_cast<ControlLink*>(handle->data)->look();
  });
  beat_.start(std::chrono::milliseconds(0),
              std::chrono::milliseconds(ControlLine::beat_interval_ms));
}

ControlLink::~ControlLink() {
  uv_close(reinterpret_cast<uv_handle_t*>(poll_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  close(fd_);
}

void ControlLink::say_ready() { say(encode_control({.kind = ControlLine::Kind::ready})); }

void ControlLink::say_fatal(config::ExitCode code, std::string_view text) {
  say(encode_control({.kind = ControlLine::Kind::fatal, .code = code, .text = std::string(text)}));
}

void ControlLink::say(std::string_view line) const {
  // The lines are short and the master always reads; what does not fit is lost, and so is a beat
  // that comes too late anyway.
  static_cast<void>(send(fd_, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

void ControlLink::look() {
  std::array<char, 64> unexpected{};
  const auto size = recv(fd_, unexpected.data(), unexpected.size(), MSG_DONTWAIT);
  if (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR))) return;
  uv_poll_stop(poll_);
  master_gone_();
}

}  // namespace conclib::worker

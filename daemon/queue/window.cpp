// SPDX-License-Identifier: MIT
#include "daemon/queue/window.hpp"

#include <algorithm>

#include "proto/assert.hpp"

namespace conclib::queue {

bool Window::admits(std::size_t bytes) const {
  if (entries_ == 0) return true;
  return entries_ < entries_max_ && bytes_ <= bytes_max_ && bytes <= bytes_max_ - bytes_;
}

void Window::take(std::size_t bytes) {
  ++entries_;
  bytes_ += bytes;
  usual_bytes_ = std::max<std::size_t>((usual_bytes_ * 7 + bytes) / 8, 1);
}

void Window::give_back(std::size_t bytes) {
  CONCLIB_ASSERT(entries_ > 0 && bytes_ >= bytes);
  --entries_;
  bytes_ -= bytes;
}

Window::Plan Window::plan(std::size_t streams) const {
  const auto entries_left = entries_max_ - std::min(entries_, entries_max_);
  const auto bytes_left = bytes_max_ - std::min(bytes_, bytes_max_);
  auto fits = std::min(entries_left, bytes_left / usual_bytes_);
  if (entries_ == 0) fits = std::max<std::size_t>(fits, 1);
  if (fits == 0 || streams == 0) return {};
  Plan plan;
  plan.streams = std::min(streams, fits);
  plan.count = std::clamp<std::size_t>(fits / plan.streams, 1, count_max);
  return plan;
}

}  // namespace conclib::queue

// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>

#include "proto/result.hpp"
#include "proto/url.hpp"
#include "sdk/src/deadline.hpp"

namespace conclib::sdk {

/// A stream socket to Redis: nonblocking, closed on exec, never raising SIGPIPE.
///
/// Errors: REDIS_UNREACHABLE when the peer or the way to it is gone, TIMEOUT when the deadline
/// passed. The socket is closed after either.
/// Threading: one thread at a time; but close_inherited may be called at any time in a forked child
/// in which the thread that used the socket does not exist.
class Socket {
 public:
  Socket() = default;
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_.load(std::memory_order_relaxed) >= 0; }

  /// Tries each address of the host once. Looking up a host name is not bounded by the deadline,
  /// as the C library offers no way to do that without threads.
  [[nodiscard]] proto::Result<void> connect(const proto::RedisUrl& url, Deadline deadline);

  /// Sends all bytes. `sent` tells after a failure how many the kernel had taken.
  [[nodiscard]] proto::Result<void> send(std::string_view bytes, Deadline deadline,
                                         std::size_t& sent);

  /// Waits for bytes and gives how many came, at least one.
  [[nodiscard]] proto::Result<std::size_t> receive(char* buffer, std::size_t size,
                                                   Deadline deadline);

  /// Whether it is connected and nothing has come that nobody asked for. Does not wait.
  [[nodiscard]] bool is_quiet() const;

  /// Only close(2): a shutdown would reach the parent of a forked process too.
  void close();

 private:
  [[nodiscard]] proto::Result<void> connect_unix(const proto::RedisUrl& url, Deadline deadline);
  [[nodiscard]] proto::Result<void> connect_tcp(const proto::RedisUrl& url, Deadline deadline);
  /// The error number of one attempt to connect, 0 if it worked.
  [[nodiscard]] int attempt(int family, const void* address, std::size_t size, Deadline deadline);

  /// Waits for an event of poll(2). False: the deadline passed.
  [[nodiscard]] bool wait(short events, Deadline deadline) const;
  [[nodiscard]] tl::unexpected<proto::Error> lost(int error);
  [[nodiscard]] tl::unexpected<proto::Error> timed_out();

  std::atomic<int> descriptor_{-1};
};

}  // namespace conclib::sdk

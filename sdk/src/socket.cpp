// SPDX-License-Identifier: MIT
#include "sdk/src/socket.hpp"

#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace conclib::sdk {

using proto::fail;
using proto::Result;
using proto::Status;

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

tl::unexpected<proto::Error> unreachable(const proto::RedisUrl& url, const std::string& why) {
  return fail(Status::redis_unreachable,
              "cannot connect to Redis at " + url.printable() + ": " + why);
}

}  // namespace

Result<void> Socket::connect(const proto::RedisUrl& url, Deadline deadline) {
  close();
  return url.is_unix ? connect_unix(url, deadline) : connect_tcp(url, deadline);
}

Result<void> Socket::connect_unix(const proto::RedisUrl& url, Deadline deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, url.path.data(), url.path.size());
  const int error = attempt(AF_UNIX, &address, sizeof(address), deadline);
  if (error == 0) return {};
  if (error == EACCES) {
    return unreachable(url, reason(error) + " on its socket; add the user to group conclib");
  }
  if (error == ENOENT) return unreachable(url, "no such socket; is conclibd running?");
  if (error == ECONNREFUSED) {
    return unreachable(url, reason(error) + "; is conclibd running?");
  }
  return unreachable(url, reason(error));
}

Result<void> Socket::connect_tcp(const proto::RedisUrl& url, Deadline deadline) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (failure != 0) {
    return unreachable(url, failure == EAI_SYSTEM ? reason(errno) : ::gai_strerror(failure));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int error = ETIMEDOUT;
  for (const auto* each = addresses.get(); each != nullptr; each = each->ai_next) {
    error = attempt(each->ai_family, each->ai_addr, each->ai_addrlen, deadline);
    if (error != 0) continue;
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ::setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    return {};
  }
  return unreachable(url, reason(error));
}

int Socket::attempt(int family, const void* address, std::size_t size, Deadline deadline) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  descriptor_ = descriptor;
  int error = 0;
  if (::connect(descriptor, static_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) !=
      0) {
    error = errno;
  }
  // An interrupted connect goes on by itself, like one that is in progress.
  if (error == EINPROGRESS || error == EINTR) {
    error = ETIMEDOUT;
    if (wait(POLLOUT, deadline)) {
      socklen_t length = sizeof(error);
      if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    }
  }
  if (error != 0) close();
  return error;
}

Result<void> Socket::send(std::string_view bytes, Deadline deadline, std::size_t& sent) {
  sent = 0;
  while (sent < bytes.size()) {
    const auto rest = bytes.substr(sent);
    const auto count = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait(POLLOUT, deadline)) return timed_out();
    } else if (errno != EINTR) {
      return lost(errno);
    }
  }
  return {};
}

Result<std::size_t> Socket::receive(char* buffer, std::size_t size, Deadline deadline) {
  for (;;) {
    // What we wait for has never come yet, so a read before the wait would only cost.
    if (!wait(POLLIN, deadline)) return timed_out();
    const auto count = ::recv(descriptor_, buffer, size, MSG_DONTWAIT);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) return lost(0);
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return lost(errno);
  }
}

bool Socket::is_quiet() const {
  char byte = 0;
  const auto count = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Socket::close() {
  const int descriptor = descriptor_.exchange(-1, std::memory_order_relaxed);
  if (descriptor >= 0) ::close(descriptor);
}

bool Socket::wait(short events, Deadline deadline) const {
  pollfd entry{descriptor_, events, 0};
  for (;;) {
    const auto left = time_left(deadline).count();
    const int timeout = left > INT_MAX ? INT_MAX : static_cast<int>(left);
    const int ready = ::poll(&entry, 1, timeout);
    // An error of poll itself shows again in the call that follows.
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (Clock::now() >= deadline) return false;
  }
}

tl::unexpected<proto::Error> Socket::lost(int error) {
  close();
  return fail(Status::redis_unreachable,
              "the connection to Redis was lost: " +
                  (error == 0 ? std::string("Redis closed it") : reason(error)));
}

tl::unexpected<proto::Error> Socket::timed_out() {
  close();
  return fail(Status::timeout, "Redis did not answer in time");
}

}  // namespace conclib::sdk

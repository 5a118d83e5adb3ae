// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <utility>

#include "sdk/src/connection.hpp"

namespace conclib::sdk {

/// Connections, as many as there were ever calls at once.
///
/// It takes no lock, so a fork at any moment leaves it usable in the child: slots are only ever
/// added to the list, and a flag in each says whether it is taken.
/// Threading: take() from any thread; the rest while nobody else uses the pool.
class ConnectionPool {
  struct Slot {
    std::atomic<bool> is_taken{true};
    Connection connection;
    Slot* next = nullptr;
  };

 public:
  /// A connection for one call. It is closed at the end, unless keep() has said that it may serve
  /// another call.
  class Lease {
   public:
    explicit Lease(Slot* slot) : slot_(slot) {}
    Lease(Lease&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)), is_kept_(other.is_kept_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection* operator->() const { return &slot_->connection; }
    Connection& operator*() const { return slot_->connection; }
    void keep() { is_kept_ = true; }

   private:
    Slot* slot_;
    bool is_kept_ = false;
  };

  ConnectionPool() = default;
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool();

  /// A free connection, an open one if there is any. Never waits.
  [[nodiscard]] Lease take();

  /// In a forked child: closes our copies of the parent's sockets and forgets them.
  void forget_inherited();

 private:
  std::atomic<Slot*> slots_{nullptr};
};

}  // namespace conclib::sdk

// SPDX-License-Identifier: MIT
#include "sdk/src/connection_pool.hpp"

#include <memory>

namespace conclib::sdk {

ConnectionPool::Lease::~Lease() {
  if (slot_ == nullptr) return;
  if (!is_kept_) slot_->connection.close();
  slot_->is_taken.store(false, std::memory_order_release);
}

ConnectionPool::~ConnectionPool() {
  for (Slot* slot = slots_.load(std::memory_order_acquire); slot != nullptr;) {
    delete std::exchange(slot, slot->next);
  }
}

ConnectionPool::Lease ConnectionPool::take() {
  const auto take_free = [&](bool open) -> Slot* {
    for (Slot* slot = slots_.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {
      if (slot->is_taken.load(std::memory_order_relaxed) || slot->connection.is_open() != open) {
        continue;
      }
      if (!slot->is_taken.exchange(true, std::memory_order_acquire)) return slot;
    }
    return nullptr;
  };
  if (Slot* const slot = take_free(true)) return Lease(slot);
  if (Slot* const slot = take_free(false)) return Lease(slot);
  auto added = std::make_unique<Slot>();
  added->next = slots_.load(std::memory_order_relaxed);
  while (!slots_.compare_exchange_weak(added->next, added.get(), std::memory_order_release,
                                       std::memory_order_relaxed)) {
  }
  return Lease(added.release());
}

void ConnectionPool::forget_inherited() {
  Slot* slot = slots_.exchange(nullptr, std::memory_order_acquire);
  while (slot != nullptr) {
    Slot* const current = std::exchange(slot, slot->next);
    current->connection.close_inherited();
    // A thread of the parent may have been at work in a taken one: what is in it may be half
    // written, so its memory is left alone.
    if (!current->is_taken.load(std::memory_order_acquire)) delete current;
  }
}

}  // namespace conclib::sdk

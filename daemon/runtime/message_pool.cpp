// SPDX-License-Identifier: MIT
#include "daemon/runtime/message_pool.hpp"

namespace conclib::runtime {

void* MessagePool::allocate_shared(std::size_t bytes) {
  if constexpr (is_bypassed) return ::operator new(bytes);
  auto* block = static_cast<Block*>(::operator new(header_bytes + bytes));
  block->owner = nullptr;
  return given(block);
}

void* MessagePool::allocate_anew(std::size_t size_class) {
  if (returned_.load(std::memory_order_relaxed)) {
    take_home();
    if (auto* block = free_[size_class]) {
      free_[size_class] = block->next;
      return given(block);
    }
  }
  return carve(size_class);
}

void* MessagePool::carve(std::size_t size_class) {
  const auto bytes = (size_class + 1) * block_step;
  if (static_cast<std::size_t>(unused_end_ - unused_) < bytes) {
    slabs_.push_back(std::make_unique_for_overwrite<Slab>());
    unused_ = slabs_.back()->bytes.data();
    unused_end_ = unused_ + slab_bytes;
  }
  auto* block = reinterpret_cast<Block*>(unused_);
  unused_ += bytes;
  block->owner = this;
  block->size_class = size_class;
  return given(block);
}

void MessagePool::take_home() {
  auto* block = returned_.exchange(nullptr, std::memory_order_acquire);
  while (block) {
    auto* next = block->next;
    keep(block);
    block = next;
  }
}

void MessagePool::release_foreign(Block* block, MessagePool* current) {
  if (!block->owner) {
    ::operator delete(block);
  } else if (current) {
    current->pass_on(block);
  } else {
    block->owner->take_back(block, block);
  }
}

void MessagePool::pass_on(Block* block) {
  // Fibonacci hashing: the upper bits of the product.
  const auto hash = reinterpret_cast<std::uintptr_t>(block->owner) * 0x9e3779b97f4a7c15U;
  auto& batch = batches_[hash >> (64 - place_bits)];
  if (batch.count > 0 && batch.owner != block->owner) hand_over(batch);
  batch.owner = block->owner;
  block->next = batch.first;
  batch.first = block;
  if (!batch.last) batch.last = block;
  ++waiting_;
  if (++batch.count == batch_blocks) hand_over(batch);
}

void MessagePool::hand_over(Batch& batch) {
  waiting_ -= batch.count;
  batch.owner->take_back(batch.first, batch.last);
  batch = {};
}

void MessagePool::take_back(Block* first, Block* last) {
  auto* head = returned_.load(std::memory_order_relaxed);
  do {
    last->next = head;
  } while (!returned_.compare_exchange_weak(head, first, std::memory_order_release,
                                            std::memory_order_relaxed));
}

void MessagePool::flush() {
  if (waiting_ == 0) return;
  for (auto& batch : batches_) {
    if (batch.count > 0) hand_over(batch);
  }
}

}  // namespace conclib::runtime

// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define CONCLIB_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONCLIB_ADDRESS_SANITIZER 1
#endif
#endif

namespace conclib::runtime {

/// The memory of messages, one pool for each thread that runs actors. What another thread gives
/// back comes home in batches, so that most calls touch nothing that is shared.
///
/// Threading: belongs to its thread, but release(), which any thread may call.
/// Ownership: a pool lives until nobody gives back a block of it any more, other pools by flush()
/// included. Blocks that are never given back end with it.
/// Limit: none on its size. What it took from the system it keeps until its end, and a block stays
/// of the size that it was carved in: so it holds, for each step of size, as much as was ever in
/// use at a time, plus up to `batch_blocks` for each other pool. Running out of memory throws
/// std::bad_alloc, as new does.
class MessagePool {
 public:
  /// Larger blocks, as those without an owner, go to operator new.
  static constexpr std::size_t block_bytes_max = 1008;
  /// So many blocks of another pool, at most, wait here to be handed over together.
  static constexpr std::size_t batch_blocks = 32;
  static constexpr std::size_t slab_bytes = std::size_t{64} << 10;
  /// Under AddressSanitizer all memory comes from and goes to operator new and delete at once, so
  /// that it sees every use after the release.
#if defined(CONCLIB_ADDRESS_SANITIZER)
  static constexpr bool is_bypassed = true;
#else
  static constexpr bool is_bypassed = false;
#endif

  MessagePool() = default;
  MessagePool(const MessagePool&) = delete;
  MessagePool& operator=(const MessagePool&) = delete;

  /// A block of at least so many bytes, aligned to 16.
  [[nodiscard]] void* allocate(std::size_t bytes);
  /// The same without an owner, on any thread.
  [[nodiscard]] static void* allocate_shared(std::size_t bytes);
  /// Gives back a block. `current`: the calling thread's pool, or null.
  static void release(void* memory, MessagePool* current);
  /// Hands over what waits for other pools. To be called before the thread sleeps.
  void flush();
  /// How many slabs, of `slab_bytes` each, it took from the system.
  [[nodiscard]] std::size_t slab_count() const { return slabs_.size(); }

 private:
  static constexpr std::size_t block_step = 64;
  static constexpr std::size_t size_classes = 16;
  static constexpr unsigned place_bits = 5;

  /// `next` is only there while the block is free: what is given out begins at its place.
  struct Block {
    MessagePool* owner;  ///< Null: operator delete takes it back.
    std::size_t size_class;
    Block* next;
  };
  static constexpr std::size_t header_bytes = offsetof(Block, next);
  static_assert(header_bytes == 16 && block_step >= sizeof(Block) &&
                block_bytes_max == size_classes * block_step - header_bytes);

  struct Batch {
    MessagePool* owner = nullptr;
    Block* first = nullptr;
    Block* last = nullptr;
    std::size_t count = 0;
  };
  struct Slab {
    alignas(block_step) std::array<std::byte, slab_bytes> bytes;
  };

  /// Of blocks up to block_bytes_max.
  static std::size_t size_class_of(std::size_t bytes) {
    return (bytes + header_bytes - 1) / block_step;
  }
  static void* given(Block* block) { return &block->next; }
  static Block* block_of(void* memory) {
    return reinterpret_cast<Block*>(static_cast<std::byte*>(memory) - header_bytes);
  }

  void* allocate_anew(std::size_t size_class);
  void* carve(std::size_t size_class);
  void take_home();
  void keep(Block* block);
  void pass_on(Block* block);
  void hand_over(Batch& batch);
  void take_back(Block* first, Block* last);
  static void release_foreign(Block* block, MessagePool* current);

  std::array<Block*, size_classes> free_{};
  std::byte* unused_ = nullptr;  ///< Of the newest slab.
  std::byte* unused_end_ = nullptr;
  std::vector<std::unique_ptr<Slab>> slabs_;
  /// One place for each owner; those that share one push each other out.
  std::array<Batch, std::size_t{1} << place_bits> batches_{};
  std::size_t waiting_ = 0;  ///< In the batches.
  /// Blocks that other threads gave back.
  alignas(64) std::atomic<Block*> returned_{nullptr};
};

inline void* MessagePool::allocate(std::size_t bytes) {
  if constexpr (is_bypassed) return ::operator new(bytes);
  if (bytes > block_bytes_max) return allocate_shared(bytes);
  const auto size_class = size_class_of(bytes);
  auto* block = free_[size_class];
  if (!block) return allocate_anew(size_class);
  free_[size_class] = block->next;
  return given(block);
}

inline void MessagePool::keep(Block* block) {
  block->next = free_[block->size_class];
  free_[block->size_class] = block;
}

inline void MessagePool::release(void* memory, MessagePool* current) {
  if constexpr (is_bypassed) {
    ::operator delete(memory);
    return;
  }
  auto* block = block_of(memory);
  if (current && block->owner == current) {
    current->keep(block);
  } else {
    release_foreign(block, current);
  }
}

}  // namespace conclib::runtime

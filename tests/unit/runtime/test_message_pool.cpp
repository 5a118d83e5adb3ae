// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/runtime/message_pool.hpp"

using namespace conclib::runtime;

namespace {

/// What says nothing where memory goes back to the system at once.
const doctest::skip of_pooling{MessagePool::is_bypassed};

std::vector<void*> allocate(MessagePool& pool, std::size_t blocks, std::size_t bytes = 100) {
  std::vector<void*> allocated;
  for (std::size_t i = 0; i < blocks; ++i) allocated.push_back(pool.allocate(bytes));
  return allocated;
}

void release(const std::vector<void*>& blocks, MessagePool* current) {
  for (auto* block : blocks) MessagePool::release(block, current);
}

void on_another_thread(const std::function<void()>& work) { std::thread(work).join(); }

}  // namespace

TEST_CASE("a block is aligned, as large as asked for and nobody else's") {
  MessagePool pool;
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t bytes = 0; bytes <= 1200; bytes += 3) {
    auto* block = static_cast<unsigned char*>(pool.allocate(bytes));
    REQUIRE(reinterpret_cast<std::uintptr_t>(block) % 16 == 0);
    std::memset(block, static_cast<int>(bytes % 251), bytes);
    blocks.emplace_back(block, bytes);
  }
  for (const auto& [block, bytes] : blocks) {
    const std::vector<unsigned char> written(bytes, static_cast<unsigned char>(bytes % 251));
    CHECK((bytes == 0 || std::memcmp(block, written.data(), bytes) == 0));
    MessagePool::release(block, &pool);
  }
}

TEST_CASE("the owner's thread gets back what it gave, and each size its own" * of_pooling) {
  MessagePool pool;
  auto* small = pool.allocate(48);
  auto* large = pool.allocate(MessagePool::block_bytes_max);
  MessagePool::release(small, &pool);
  MessagePool::release(large, &pool);
  CHECK(pool.allocate(MessagePool::block_bytes_max) == large);
  CHECK(pool.allocate(1) == small);
  CHECK(pool.slab_count() == 1);
}

TEST_CASE("blocks too large for the pool do not come from it") {
  MessagePool pool;
  auto* block = pool.allocate(MessagePool::block_bytes_max + 1);
  CHECK(pool.slab_count() == 0);
  MessagePool::release(block, &pool);
}

TEST_CASE("blocks without an owner are released with any pool or none") {
  MessagePool pool;
  auto* first = MessagePool::allocate_shared(100);
  auto* second = MessagePool::allocate_shared(100'000);
  std::memset(second, 1, 100'000);
  MessagePool::release(first, &pool);
  MessagePool::release(second, nullptr);
  CHECK(pool.slab_count() == 0);
}

TEST_CASE("a thread without a pool gives a block back at once" * of_pooling) {
  MessagePool pool;
  auto* block = pool.allocate(100);
  on_another_thread([&] { MessagePool::release(block, nullptr); });
  CHECK(pool.allocate(100) == block);
}

TEST_CASE("another thread's pool hands over a full batch by itself" * of_pooling) {
  MessagePool pool;
  MessagePool other;
  const auto blocks = allocate(pool, MessagePool::batch_blocks);
  on_another_thread([&] { release(blocks, &other); });
  const auto again = allocate(pool, blocks.size());
  CHECK(std::set(again.begin(), again.end()) == std::set(blocks.begin(), blocks.end()));
}

TEST_CASE("another thread's pool keeps a few blocks until it is flushed" * of_pooling) {
  MessagePool pool;
  MessagePool other;
  const auto blocks = allocate(pool, MessagePool::batch_blocks - 1);
  on_another_thread([&] { release(blocks, &other); });
  const auto fresh = allocate(pool, 1);
  CHECK(std::count(blocks.begin(), blocks.end(), fresh.front()) == 0);
  on_another_thread([&] { other.flush(); });
  const auto again = allocate(pool, blocks.size());
  CHECK(std::set(again.begin(), again.end()) == std::set(blocks.begin(), blocks.end()));
}

TEST_CASE("the blocks of many pools all find home" * of_pooling) {
  std::deque<MessagePool> pools(100);
  MessagePool other;
  std::vector<std::vector<void*>> blocks;
  for (auto& pool : pools) blocks.push_back(allocate(pool, 3));
  for (std::size_t i = 0; i < 3; ++i) {
    for (auto& of_pool : blocks) MessagePool::release(of_pool[i], &other);
  }
  other.flush();
  for (std::size_t i = 0; i < pools.size(); ++i) {
    const auto again = allocate(pools[i], 3);
    CHECK(std::set(again.begin(), again.end()) == std::set(blocks[i].begin(), blocks[i].end()));
  }
}

TEST_CASE("blocks of all sizes that return together go to their sizes" * of_pooling) {
  MessagePool pool;
  MessagePool other;
  std::vector<void*> blocks;
  for (std::size_t bytes = 1; bytes <= MessagePool::block_bytes_max; bytes += 64) {
    blocks.push_back(pool.allocate(bytes));
  }
  release(blocks, &other);
  other.flush();
  auto expected = blocks.begin();
  for (std::size_t bytes = 1; bytes <= MessagePool::block_bytes_max; bytes += 64) {
    CHECK(pool.allocate(bytes) == *expected++);
  }
}

TEST_CASE("a pool grows with what is in use, not with what has passed") {
  constexpr std::size_t in_use = 1000;
  MessagePool pool;
  MessagePool other;
  for (int round = 0; round < 100; ++round) {
    const auto blocks = allocate(pool, in_use);
    release(blocks, &other);
    other.flush();
  }
  CHECK(pool.slab_count() <= in_use * 128 / MessagePool::slab_bytes + 1);
}

TEST_CASE("blocks that wander between threads hold what was written into them") {
  constexpr std::uint64_t rounds = 20'000;
  struct Parcel {
    std::uint64_t number;
    std::uint64_t check;
  };
  std::array<MessagePool, 3> pools;
  std::array<std::atomic<Parcel*>, 64> shelf{};
  std::atomic<bool> intact{true};
  const auto take = [&](Parcel* parcel, MessagePool* current) {
    if (!parcel) return;
    if (parcel->check != ~parcel->number) intact = false;
    MessagePool::release(parcel, current);
  };
  const auto wander = [&](std::size_t self) {
    for (std::uint64_t i = 0; i < rounds; ++i) {
      auto* parcel = static_cast<Parcel*>(pools[self].allocate(16 + i * 7 % 600));
      const auto number = i * pools.size() + self;
      *parcel = {number, ~number};
      const auto place = number * 2654435761U % shelf.size();
      take(shelf[place].exchange(parcel, std::memory_order_acq_rel), &pools[self]);
    }
    pools[self].flush();
  };
  std::vector<std::thread> threads;
  for (std::size_t self = 0; self < pools.size(); ++self) threads.emplace_back(wander, self);
  threads.emplace_back([&] {
    for (std::uint64_t i = 0; i < rounds; ++i) {
      take(shelf[i % shelf.size()].exchange(nullptr, std::memory_order_acq_rel), nullptr);
    }
  });
  for (auto& thread : threads) thread.join();
  for (auto& place : shelf) take(place.exchange(nullptr), nullptr);
  CHECK(intact);
}

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "daemon/runtime/cell.hpp"

namespace conclib::runtime {

/// Cells by URN: a hash table chained through the cells themselves, so that an actor costs it 8 to
/// 16 bytes and no allocation of its own.
/// Threading: as a container. Ownership: a reference to each cell.
class CellMap {
 public:
  CellMap() = default;
  CellMap(const CellMap&) = delete;
  CellMap& operator=(const CellMap&) = delete;
  CellMap(CellMap&&) noexcept = default;
  ~CellMap() { clear(); }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// What the functions below want to know of a URN; the map looks at the lower half of it.
  [[nodiscard]] static std::size_t hash_of(std::string_view urn) {
    return std::hash<std::string_view>{}(urn);  // As Cell::urn_hash().
  }

  /// The cell with this URN, or null.
  [[nodiscard]] Cell* find(std::string_view urn, std::size_t hash) const {
    if (buckets_.empty()) return nullptr;
    auto* cell = buckets_[bucket(hash)];
    while (cell && (cell->urn_hash() != hash || cell->urn() != urn)) cell = cell->next_in_bucket;
    return cell;
  }

  /// Its URN must not be there.
  void insert(const Ref<Cell>& cell) {
    if (size_ >= buckets_.size()) grow();
    auto*& first = buckets_[bucket(cell->urn_hash())];
    cell->retain();
    cell->next_in_bucket = first;
    first = cell.get();
    ++size_;
  }

  /// Takes this very cell out; the map's reference to it, or nothing if it is not there.
  Ref<Cell> erase(Cell& cell) {
    if (buckets_.empty()) return {};
    auto** place = &buckets_[bucket(cell.urn_hash())];
    while (*place && *place != &cell) place = &(*place)->next_in_bucket;
    if (!*place) return {};
    *place = cell.next_in_bucket;
    --size_;
    return Ref<Cell>::adopt(&cell);
  }

  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (auto* first : buckets_) {
      for (auto* cell = first; cell; cell = cell->next_in_bucket) visit(*cell);
    }
  }

  void clear() {
    for (auto*& first : buckets_) {
      while (auto* cell = first) {
        first = cell->next_in_bucket;
        cell->release();
      }
    }
    size_ = 0;
  }

 private:
  static constexpr std::size_t buckets_min = 16;

  [[nodiscard]] std::size_t bucket(std::size_t hash) const { return hash & (buckets_.size() - 1); }

  void grow() {
    std::vector<Cell*> old(buckets_.empty() ? buckets_min : buckets_.size() * 2);
    old.swap(buckets_);
    for (auto* cell : old) {
      while (cell) {
        auto* next = cell->next_in_bucket;
        auto*& first = buckets_[bucket(cell->urn_hash())];
        cell->next_in_bucket = first;
        first = cell;
        cell = next;
      }
    }
  }

  std::vector<Cell*> buckets_;  ///< A power of two.
  std::size_t size_ = 0;
};

}  // namespace conclib::runtime

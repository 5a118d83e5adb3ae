// SPDX-License-Identifier: MIT
#include "daemon/runtime/registry.hpp"

#include "daemon/runtime/scheduler.hpp"
#include "proto/assert.hpp"
#include "proto/partition.hpp"

namespace conclib::runtime {

Registry::Registry(const TypeTable& types, std::uint32_t partitions)
    : types_(types), partitions_(partitions) {}

Registry::~Registry() = default;

Registry::Partition& Registry::at(std::uint32_t partition) {
  CONCLIB_ASSERT(partition < partitions_.size());
  return partitions_[partition];
}

Registry::Found Registry::find_or_make(const proto::Urn& urn, std::uint32_t number, Seeker seeker) {
  using Where = Found::Where;
  auto& partition = at(number);
  const std::lock_guard lock(partition.mutex);
  const bool draining = partition.state == State::draining;
  if (partition.state == State::closed) return {Where::elsewhere, {}};
  if (draining && seeker == Seeker::newcomer) return {Where::leaving, {}};
  const auto there = partition.cells.find(urn.text);
  if (there != partition.cells.end() && !there->second->is_closed()) {
    return {Where::here, there->second};
  }
  const auto* type = types_.find(urn);
  if (!type) return {Where::unknown_type, {}};
  if (!urn.child.empty()) return {Where::not_alive, {}};
  // A fixed one is made when its partition opens, and not again once it has stopped itself.
  if (!type->keyed) return {draining ? Where::leaving : Where::not_alive, {}};
  // A closed cell has ended its object, so the next one may be made.
  if (there != partition.cells.end()) partition.cells.erase(there);
  auto cell = Cell::make(*type, urn, number, false);
  if (draining) cell->set_draining();
  partition.cells.emplace(cell->urn(), cell);
  return {Where::here, std::move(cell)};
}

Ref<Cell> Registry::find(std::string_view urn, std::uint32_t number) {
  auto& partition = at(number);
  const std::lock_guard lock(partition.mutex);
  const auto there = partition.cells.find(urn);
  return there == partition.cells.end() ? Ref<Cell>() : there->second;
}

void Registry::open(std::uint32_t number) {
  auto& partition = at(number);
  std::vector<Ref<Cell>> fixed;
  {
    const std::lock_guard lock(partition.mutex);
    CONCLIB_ASSERT(partition.state == State::closed && partition.cells.empty());
    for (const auto& type : types_.all()) {
      if (type->keyed || proto::partition_of(type->urn, partitions()) != number) continue;
      const auto urn = proto::parse_urn(type->urn);
      CONCLIB_ASSERT(urn.has_value());
      auto cell = Cell::make(*type, *urn, number, true);
      cell->start_at_once = true;
      partition.cells.emplace(cell->urn(), cell);
      fixed.push_back(std::move(cell));
    }
    partition.state = State::open;
  }
  for (const auto& cell : fixed) cell->type().scheduler->schedule(*cell);
}

bool Registry::is_open(std::uint32_t number) {
  auto& partition = at(number);
  const std::lock_guard lock(partition.mutex);
  return partition.state == State::open;
}

void Registry::drain(std::uint32_t number, std::function<void()> drained) {
  auto& partition = at(number);
  std::vector<Ref<Cell>> ending;
  {
    const std::lock_guard lock(partition.mutex);
    CONCLIB_ASSERT(partition.state == State::open);
    for (auto cell = partition.cells.begin(); cell != partition.cells.end();) {
      if (cell->second->is_closed()) {
        cell = partition.cells.erase(cell);
        continue;
      }
      cell->second->set_draining();
      ending.push_back(cell->second);
      ++cell;
    }
    if (!partition.cells.empty()) {
      partition.state = State::draining;
      partition.drained = std::move(drained);
      drained = nullptr;
    } else {
      partition.state = State::closed;
    }
  }
  if (drained) drained();
  for (const auto& cell : ending) cell->nudge();
}

void Registry::remove(Cell& cell) {
  auto& partition = at(cell.partition());
  std::function<void()> drained;
  Ref<Cell> removed;
  {
    const std::lock_guard lock(partition.mutex);
    if (!cell.type().keyed && partition.state == State::open) return;
    const auto there = partition.cells.find(cell.urn());
    if (there != partition.cells.end() && there->second.get() == &cell) {
      removed = std::move(there->second);
      partition.cells.erase(there);
    }
    if (partition.state != State::draining || !partition.cells.empty()) return;
    partition.state = State::closed;
    drained = std::move(partition.drained);
  }
  drained();
}

std::vector<Ref<Cell>> Registry::take_all() {
  std::vector<Ref<Cell>> all;
  for (auto& partition : partitions_) {
    const std::lock_guard lock(partition.mutex);
    for (auto& [urn, cell] : partition.cells) all.push_back(cell);
    partition.cells.clear();
    partition.state = State::closed;
  }
  return all;
}

}  // namespace conclib::runtime

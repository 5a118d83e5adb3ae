// SPDX-License-Identifier: MIT
#include "daemon/runtime/registry.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "daemon/runtime/scheduler.hpp"
#include "proto/assert.hpp"
#include "proto/partition.hpp"

namespace conclib::runtime {
namespace {

bool is_anonymous(std::string_view urn) { return urn.starts_with("urn:uuid:"); }

bool is_pool(const ActorType& type) { return type.pool_size > 1; }

std::string member_urn(std::string_view pool, std::uint32_t number) {
  return fmt::format("{}#{}", pool, number);
}

/// Whether the child is one that the pool itself makes.
bool is_member(const ActorType& type, std::string_view child) {
  std::uint32_t number = 0;
  const auto* const end = child.data() + child.size();
  const auto read = std::from_chars(child.data(), end, number);
  const bool canonical = child.size() == 1 || !child.starts_with('0');
  return is_pool(type) && read.ec == std::errc() && read.ptr == end && canonical &&
         number < type.pool_size;
}

}  // namespace

Registry::Registry(const TypeTable& types, std::uint32_t partitions)
    : types_(types), partitions_(partitions) {}

Registry::~Registry() = default;

Registry::Partition& Registry::at(std::uint32_t partition) {
  CONCLIB_ASSERT(partition < partitions_.size());
  return partitions_[partition];
}

Registry::Partition& Registry::at(std::string_view urn) {
  return at(proto::partition_of(urn, partitions()));
}

Registry::Stripe& Registry::stripe_of(std::size_t hash) {
  // The map within looks at the lower bits.
  return anonymous_[hash >> (std::numeric_limits<std::size_t>::digits - stripe_bits)];
}

Registry::Found Registry::find_or_make(const proto::Urn& urn, std::uint32_t number, Seeker seeker) {
  using Where = Found::Where;
  if (is_anonymous(urn.text)) {
    auto cell = find(urn.text);
    if (!cell) return {Where::not_alive, {}};
    return {Where::here, std::move(cell)};
  }
  auto& partition = at(number);
  const std::lock_guard lock(partition.mutex);
  if (partition.state == State::closed) return {Where::elsewhere, {}};
  if (partition.state == State::draining && seeker == Seeker::newcomer) {
    return {Where::leaving, {}};
  }
  const auto* type = types_.find(urn);
  if (type && is_pool(*type) && urn.child.empty()) {
    return find_or_make_member(partition, *type, urn.text, number);
  }
  return find_or_make_locked(partition, urn, number);
}

Registry::Found Registry::find_or_make_member(Partition& partition, const ActorType& type,
                                              std::string_view pool, std::uint32_t number) {
  using Where = Found::Where;
  const auto first = next_member_.fetch_add(1, std::memory_order_relaxed);
  // One that waits in the middle of a request may wait for this very message.
  const auto burden = [](const Cell& cell) {
    return std::pair(cell.is_waiting(), cell.mailbox.size() + (cell.is_handling() ? 1U : 0U));
  };
  Cell* least_burdened = nullptr;
  for (std::uint32_t i = 0; i < type.pool_size; ++i) {
    const auto text = member_urn(pool, (first + i) % type.pool_size);
    auto* there = partition.cells.find(text, CellMap::hash_of(text));
    if (!there || there->is_closed()) {
      // Of a fixed pool it has stopped itself.
      if (!type.keyed) continue;
      const auto member = proto::parse_urn(text);
      // The pool's URN is as long as one may be.
      if (!member) return {Where::not_alive, {}};
      return find_or_make_locked(partition, *member, number);
    }
    if (burden(*there) == std::pair(false, 0U)) {
      return {Where::here, Ref<Cell>::share(there)};
    }
    if (!least_burdened || burden(*there) < burden(*least_burdened)) least_burdened = there;
  }
  if (least_burdened) return {Where::here, Ref<Cell>::share(least_burdened)};
  return {partition.state == State::draining ? Where::leaving : Where::not_alive, {}};
}

Registry::Found Registry::find_or_make_locked(Partition& partition, const proto::Urn& urn,
                                              std::uint32_t number) {
  using Where = Found::Where;
  const bool draining = partition.state == State::draining;
  const auto hash = CellMap::hash_of(urn.text);
  auto* there = partition.cells.find(urn.text, hash);
  if (there && !there->is_closed()) return {Where::here, Ref<Cell>::share(there)};
  const auto* type = types_.find(urn);
  if (!type) return {Where::unknown_type, {}};
  if (!urn.child.empty() && !is_member(*type, urn.child)) return {Where::not_alive, {}};
  // A fixed one is made when its partition opens, and not again once it has stopped itself.
  if (!type->keyed) return {draining ? Where::leaving : Where::not_alive, {}};
  // A closed cell has ended its object, so the next one may be made.
  if (there) (void)partition.cells.erase(*there);
  return {Where::here, make(partition, *type, urn.text, number, false)};
}

Ref<Cell> Registry::make(Partition& partition, const ActorType& type, std::string_view text,
                         std::uint32_t number, bool at_once) {
  const auto urn = proto::parse_urn(text);
  CONCLIB_ASSERT(urn.has_value());
  auto cell = Cell::make(type, *urn, {.partition = number, .at_once = at_once});
  if (partition.state == State::draining) cell->set_draining();
  partition.cells.insert(cell);
  return cell;
}

Ref<Cell> Registry::find(std::string_view urn) {
  const auto hash = CellMap::hash_of(urn);
  const auto look = [&](auto& place) -> Ref<Cell> {
    const std::lock_guard lock(place.mutex);
    auto* there = place.cells.find(urn, hash);
    return there && !there->is_closed() ? Ref<Cell>::share(there) : Ref<Cell>();
  };
  return is_anonymous(urn) ? look(stripe_of(hash)) : look(at(urn));
}

std::vector<Ref<Cell>> Registry::find_all(const proto::Urn& urn) {
  std::vector<Ref<Cell>> found;
  const auto add = [&](Ref<Cell> cell) {
    if (cell) found.push_back(std::move(cell));
  };
  const auto* type = types_.find(urn);
  if (!type || !is_pool(*type) || !urn.child.empty()) {
    add(find(urn.text));
    return found;
  }
  for (std::uint32_t i = 0; i < type->pool_size; ++i) add(find(member_urn(urn.text, i)));
  return found;
}

bool Registry::serves(std::string_view urn) {
  if (is_anonymous(urn)) return true;
  auto& partition = at(urn);
  const std::lock_guard lock(partition.mutex);
  return partition.state != State::closed;
}

bool Registry::add(const Ref<Cell>& cell, bool is_fresh) {
  const auto hash = cell->urn_hash();
  if (is_fresh) {
    auto& stripe = stripe_of(hash);
    const std::lock_guard lock(stripe.mutex);
    stripe.cells.insert(cell);
    return true;
  }
  const auto enter = [&](auto& place) {
    const std::lock_guard lock(place.mutex);
    auto* there = place.cells.find(cell->urn(), hash);
    if (there && !there->is_closed()) return false;
    if (there) (void)place.cells.erase(*there);
    place.cells.insert(cell);
    return true;
  };
  return is_anonymous(cell->urn()) ? enter(stripe_of(hash)) : enter(at(cell->partition()));
}

std::vector<Ref<Cell>> Registry::live() {
  struct Live {
    std::uint64_t order;
    Ref<Cell> cell;
  };
  std::vector<Live> found;
  const auto gather = [&](auto& place) {
    const std::lock_guard lock(place.mutex);
    place.cells.for_each([&](Cell& cell) {
      // One that has not started yet comes last.
      if (cell.is_alive()) found.push_back({cell.started() - 1, Ref<Cell>::share(&cell)});
    });
  };
  for (auto& partition : partitions_) gather(partition);
  for (auto& stripe : anonymous_) gather(stripe);
  std::sort(found.begin(), found.end(), [](const Live& a, const Live& b) {
    return a.order != b.order ? a.order < b.order : a.cell->urn() < b.cell->urn();
  });
  std::vector<Ref<Cell>> all;
  all.reserve(found.size());
  for (auto& live : found) all.push_back(std::move(live.cell));
  return all;
}

void Registry::make_fixed(Partition& partition, const ActorType& type, std::uint32_t number,
                          std::vector<Ref<Cell>>& made) {
  if (!is_pool(type)) {
    made.push_back(make(partition, type, type.urn, number, true));
    return;
  }
  for (std::uint32_t i = 0; i < type.pool_size; ++i) {
    made.push_back(make(partition, type, member_urn(type.urn, i), number, true));
  }
}

void Registry::open(std::uint32_t number) {
  auto& partition = at(number);
  std::vector<Ref<Cell>> fixed;
  {
    const std::lock_guard lock(partition.mutex);
    CONCLIB_ASSERT(partition.state == State::closed && partition.cells.empty());
    partition.state = State::open;
    for (const auto& type : types_.all()) {
      const bool here = !type->urn.empty() && !type->keyed &&
                        proto::partition_of(type->urn, partitions()) == number;
      if (here) make_fixed(partition, *type, number, fixed);
    }
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
    std::vector<Cell*> closed;
    partition.cells.for_each([&](Cell& cell) {
      if (cell.is_closed()) {
        closed.push_back(&cell);
      } else {
        cell.set_draining();
        ending.push_back(Ref<Cell>::share(&cell));
      }
    });
    for (auto* cell : closed) (void)partition.cells.erase(*cell);
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
  if (is_anonymous(cell.urn())) {
    auto& stripe = stripe_of(cell.urn_hash());
    // The last reference to it goes without the lock.
    Ref<Cell> removed;
    const std::lock_guard lock(stripe.mutex);
    removed = stripe.cells.erase(cell);
    return;
  }
  auto& partition = at(cell.partition());
  std::function<void()> drained;
  Ref<Cell> removed;
  {
    const std::lock_guard lock(partition.mutex);
    const bool fixed = !cell.type().keyed && !cell.parent();
    if (fixed && partition.state == State::open) return;
    removed = partition.cells.erase(cell);
    if (partition.state != State::draining || !partition.cells.empty()) return;
    partition.state = State::closed;
    drained = std::move(partition.drained);
  }
  drained();
}

std::vector<Ref<Cell>> Registry::take_all() {
  std::vector<Ref<Cell>> all;
  const auto take = [&](auto& place) {
    const std::lock_guard lock(place.mutex);
    place.cells.for_each([&](Cell& cell) { all.push_back(Ref<Cell>::share(&cell)); });
    place.cells.clear();
  };
  for (auto& partition : partitions_) {
    take(partition);
    partition.state = State::closed;
  }
  for (auto& stripe : anonymous_) take(stripe);
  return all;
}

}  // namespace conclib::runtime

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include <conclib/actor.hpp>

namespace counter {

struct Add {
  std::int64_t by = 1;
  CONCLIB_MESSAGE(Add, by)
};

struct Read {
  CONCLIB_MESSAGE(Read)
};

struct Total {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Total, value)
};

class Counter final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "counter/{name}";

  Counter() {
    on(&Counter::add);
    on(&Counter::read);
  }

  Total add(const Add& message) {
    // Unsigned, so that a total at its end wraps around instead of being undefined.
    total_ += static_cast<std::uint64_t>(message.by);
    return read({});
  }

  Total read(const Read& /*message*/) { return {static_cast<std::int64_t>(total_)}; }

 private:
  std::uint64_t total_ = 0;
};

}  // namespace counter

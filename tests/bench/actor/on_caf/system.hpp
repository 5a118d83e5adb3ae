// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include <caf/all.hpp>

#include "tests/bench/actor/finish_line.hpp"
#include "tests/bench/actor/workload.hpp"

namespace conclib::bench::on_caf {

/// An actor system with a pool of so many threads. The destructor waits for all actors to end.
class System {
 public:
  explicit System(const Workload& workload) : config_(workload.threads), system_(config_) {
    if (system_.scheduler().num_workers() != workload.threads) {
      throw std::runtime_error("CAF did not take the number of threads");
    }
  }
  [[nodiscard]] caf::actor_system& operator*() { return system_; }
  [[nodiscard]] caf::actor_system* operator->() { return &system_; }

 private:
  struct Config : caf::actor_system_config {
    explicit Config(std::size_t threads) { set("scheduler.max-threads", threads); }
  };

  Config config_;
  caf::actor_system system_;
};

/// Messages with one number, and some with nothing in them.
template <int kind>
struct Number {
  std::int64_t value = 0;

  template <typename Inspector>
  friend typename Inspector::result_type inspect(Inspector& inspector, Number& number) {
    return inspector(caf::meta::type_name("number"), number.value);
  }
};
using Ball = Number<0>;
using Item = Number<1>;
using Produce = Number<2>;
using Question = Number<3>;
using Answer = Number<4>;
using Poke = Number<5>;
using Sum = Number<6>;
using Flush = Number<7>;
using Seen = Number<8>;

}  // namespace conclib::bench::on_caf

// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "conclib/actor.hpp"
#include "daemon/runtime/runtime.hpp"
#include "daemon/runtime/system_clock.hpp"
#include "tests/bench/actor/finish_line.hpp"
#include "tests/bench/actor/workload.hpp"

namespace conclib::bench::on_conclib {

/// A worker's runtime without a queue: actor classes as a plugin brings them, on the C table, and a
/// thread in place of the loop. All URNs belong to it.
///
/// Threading: one thread makes and uses it. The destructor ends all actors.
class BenchRuntime {
 public:
  explicit BenchRuntime(const Workload& workload);
  ~BenchRuntime();
  BenchRuntime(const BenchRuntime&) = delete;
  BenchRuntime& operator=(const BenchRuntime&) = delete;

  /// Adds actor classes; before start(). `stage` is what they have as `shared<Stage*>()`, and
  /// outlives this.
  template <typename... Actors, typename Stage>
  void add(Stage& stage) {
    auto box = std::make_shared<detail::SharedBox<Stage*>>();
    box->value = &stage;
    (add_type(detail::ActorTypeOf<Actors>::table, box.get()), ...);
    shared_.push_back(std::move(box));
  }
  void start();

  /// Delivers the message as one that comes out of the queue: with a root id and a deadline, which
  /// all that it causes inherits.
  template <MessageStruct M>
  void tell(std::string_view urn, const M& message) {
    deliver(urn, M::conclib_type_name(), encode(message));
  }

  /// Throws unless so many messages were turns of a mailbox, none of which failed.
  void expect_handled(std::uint64_t messages);

 private:
  class CountedRandom;
  class Loop;

  void add_type(const conclib_actor_type& type, void* plugin_data);
  void deliver(std::string_view urn, std::string_view type, const std::string& body);

  std::vector<std::shared_ptr<void>> shared_;  // each known here by its address alone
  conclib_host host_{};
  log::Log log_;
  std::unique_ptr<runtime::SystemClock> clock_;
  std::unique_ptr<CountedRandom> random_;
  std::unique_ptr<Loop> loop_;
  runtime::RuntimeOptions options_;
  std::optional<runtime::Runtime> runtime_;
  std::uint64_t sequence_ = 0;
};

}  // namespace conclib::bench::on_conclib

// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/envelope.hpp"
#include "proto/partition.hpp"
#include "tests/conformance/threaded_worker.hpp"

namespace conclib::conformance {

/// Two workers that share the partitions, with a queue between them that loses nothing: what leaves
/// one is decoded from its envelope by the other, and so is the reply.
///
/// Threading: as ThreadedWorker.
class TwoWorkers {
 public:
  TwoWorkers() : left(options()), right(options()) {}

  /// Adds actor classes to both, as all live workers have the same types.
  template <typename... Actors, typename Stage>
  void add_sharing(Stage& stage) {
    left.add_sharing<Actors...>(stage);
    right.add_sharing<Actors...>(stage);
  }
  void start() {
    connect(left, right);
    connect(right, left);
    left.start({0, 1});
    right.start({2, 3});
  }

  /// The n-th URN of this type that lives there.
  [[nodiscard]] static std::string on_left(std::string_view type, int n = 0) {
    return urn_in(type, 0, n);
  }
  [[nodiscard]] static std::string on_right(std::string_view type, int n = 0) {
    return urn_in(type, 2, n);
  }

  ThreadedWorker left;
  ThreadedWorker right;

 private:
  static runtime::RuntimeOptions options() {
    auto options = ThreadedWorker::options_of(2);
    options.unknown_types_outside = true;
    return options;
  }

  static std::string urn_in(std::string_view type, std::uint32_t first, int n) {
    for (int key = 0;; ++key) {
      auto urn = std::string(type).append("/").append(std::to_string(key));
      const bool there = proto::partition_of(urn, options().partitions) / 2 == first / 2;
      if (there && n-- == 0) return urn;
    }
  }

  static void connect(ThreadedWorker& from, ThreadedWorker& to) {
    from.route([&](runtime::OutboundMessage message) -> proto::Result<void> {
      to.take(message, [&from, id = message.id](const Answer& answer) {
        from.post([&from, id, answer] {
          from.runtime().deliver_reply(id, static_cast<proto::Status>(answer.status), answer.type,
                                       answer.body, answer.text);
        });
      });
      return {};
    });
  }
};

}  // namespace conclib::conformance

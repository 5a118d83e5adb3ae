// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "conclib/actor.hpp"
#include "tests/unit/plugin/fake_host.hpp"

namespace conclib::testing {

/// An actor of class T that has been created, on a host of its own, under the URN `urn`.
template <typename T>
struct ActorStage {
  explicit ActorStage(std::string key = "")
      : actor(conclib::detail::ActorTypeOf<T>::table, host.table, host.handle, "urn",
              std::move(key)) {
    REQUIRE(actor.create() == CONCLIB_OK);
  }

  template <typename M>
  conclib_status tell(M message) {
    return actor.receive(conclib::detail::payload_of(message), nullptr);
  }
  template <typename M>
  conclib_status ask(M message, conclib_reply_to& reply) {
    return actor.receive(conclib::detail::payload_of(message), &reply);
  }
  /// Answers the n-th ask of the actor.
  template <typename M>
  void reply(std::size_t ask, M message) {
    auto payload = conclib::detail::payload_of(message);
    actor.reply(ask, CONCLIB_OK, "", &payload);
  }
  [[nodiscard]] T& object() { return *static_cast<T*>(static_cast<Actor*>(actor.object())); }

  FakeHost host;
  FakeActor actor;
};

/// What was answered, of an ask that succeeded.
template <typename M>
M answer_of(const conclib_reply_to& reply) {
  REQUIRE(reply.status == CONCLIB_OK);
  REQUIRE(reply.answered);
  return conclib::decode<M>(reply.body);
}

}  // namespace conclib::testing

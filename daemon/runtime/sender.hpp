// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/runtime/core.hpp"
#include "daemon/runtime/message.hpp"

namespace conclib::runtime {

class Turn;

/// Finds the way of the messages that actors send: into a mailbox of this worker or outside.
/// Threading: belongs to one thread, on the turn of the sending actor.
/// Limit: it remembers `places` receivers, and keeps their cells (not their objects) in memory.
class Sender {
 public:
  Sender(Core& core, Turn& turn, Counters& counters);

  /// Sends a tell, or an ask, which is consumed if it is sent. Takes over the object of the message
  /// in any case. BAD_ARGUMENT, ACTOR_NOT_FOUND, NO_ACTOR, OVERLOADED: not sent.
  [[nodiscard]] proto::Result<void> send(Cell& from, const conclib_outgoing& message,
                                         PendingAsk* ask);
  /// Sends an ask through the queue, wherever its receiver lives.
  [[nodiscard]] proto::Result<void> ask_outside(const Cell& from, std::string_view urn,
                                                Payload payload, PendingAsk* ask) {
    return send_outside(from, urn, std::move(payload), ask);
  }
  /// A number that no other message of this runtime has.
  [[nodiscard]] std::uint64_t next_number() { return ++number_; }
  void forget();

 private:
  static constexpr std::size_t places = 256;
  struct Known {
    std::size_t hash = 0;
    Ref<Cell> cell;
  };

  /// The receiver; null: outside. It stays valid until the next call.
  [[nodiscard]] proto::Result<Cell*> find(Cell& from, std::string_view urn, bool is_ask);
  /// The receiver behind a reference, which may live anew under its URN.
  [[nodiscard]] proto::Result<Cell*> find(Cell& from, Cell& to, bool is_ask);
  /// Makes an awaited ask an edge of the wait graph. DEADLOCK.
  [[nodiscard]] proto::Result<void> await(Cell& from, Cell& to, PendingAsk& ask);
  [[nodiscard]] proto::Result<void> refuse_full(const Cell& from, const Cell& to,
                                                const Letter& letter);
  [[nodiscard]] proto::Result<void> send_outside(const Cell& from, std::string_view urn,
                                                 Payload payload, PendingAsk* ask);

  Core& core_;
  Turn& turn_;
  Counters& counters_;
  std::uint64_t number_;
  std::string storage_;
  std::array<Known, places> known_;
};

}  // namespace conclib::runtime

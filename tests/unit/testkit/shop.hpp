// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "conclib/actor.hpp"

/// The actors under test.
namespace shop {

struct Add {
  std::int64_t by = 1;
  CONCLIB_MESSAGE(Add, by)
};

struct Total {
  std::int64_t value = 0;
  CONCLIB_MESSAGE(Total, value)
};

struct Mail {
  std::string to;
  CONCLIB_MESSAGE(Mail, to)
};

struct Receipt {
  std::string number;
  CONCLIB_MESSAGE(Receipt, number)
};

struct Fail {
  CONCLIB_MESSAGE(Fail)
};

struct Order {
  std::string to;
  CONCLIB_MESSAGE(Order, to)
};

struct Forward {
  std::string to;
  std::int64_t hops = 0;
  CONCLIB_MESSAGE(Forward, to, hops)
};

class Counter final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "counter/{name}";

  Counter() {
    on(&Counter::add);
    on(&Counter::fail);
  }
  Total add(const Add& message) {
    counter("added").add();
    total_ += message.by;
    if (total_ > settings().number("limit", 1000)) throw conclib::Rejected("it is full");
    return {total_};
  }
  Total fail(const Fail&) { throw std::runtime_error("it broke"); }

 private:
  std::int64_t total_ = 0;
};

/// Has a mailer confirm each order, and answers with what that says.
class Desk final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "desk";

  Desk() {
    on(&Desk::order);
    on(&Desk::add);
  }
  void order(const Order& message) {
    auto asker = std::make_shared<conclib::Deferred<Receipt>>(defer<Receipt>());
    ask<Receipt>("mailer", Mail{message.to}, std::chrono::seconds(2),
                 [asker](conclib::AskResult<Receipt> answer) {
                   if (answer.ok()) {
                     asker->respond(answer.value());
                   } else {
                     asker->fail("no mail: " + answer.text());
                   }
                 });
  }
  void add(const Add& message) { tell("ledger", message); }
};

/// Passes a message on along a ring of relays.
class Relay final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "relay/{n}";

  Relay() { on(&Relay::forward); }
  void forward(const Forward& message) {
    if (message.hops > 0) tell(message.to, Forward{message.to, message.hops - 1});
  }
};

}  // namespace shop

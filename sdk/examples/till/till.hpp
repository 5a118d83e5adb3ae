// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <conclib/actor.hpp>

namespace till {

using namespace std::chrono_literals;

struct Sale {
  std::string article;
  std::int64_t cents = 0;
  CONCLIB_MESSAGE(Sale, article, cents)
};
struct Receipt {
  std::int64_t number = 0;
  CONCLIB_MESSAGE(Receipt, number)
};
/// What the bank is asked, and what it answers.
struct Debit {
  std::int64_t cents = 0;
  CONCLIB_MESSAGE(Debit, cents)
};
struct Debited {
  bool accepted = false;
  CONCLIB_MESSAGE(Debited, accepted)
};
/// Every now and then.
struct Report {
  CONCLIB_MESSAGE(Report)
};

/// Keeps the sales of one till: its child, which ends with it.
class Journal final : public conclib::Actor {
 public:
  explicit Journal(std::string till) : till_(std::move(till)) {
    on(&Journal::add);
    on(&Journal::report);
  }

  void add(const Sale& sale) { cents_ += sale.cents; }
  void report(const Report& /*report*/) { log().info(till_, " has taken ", cents_, " cents"); }

 private:
  std::string till_;
  std::int64_t cents_ = 0;
};

class Till final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "till/{shop}";
  static constexpr conclib::Supervision supervision{.restarts_max = 5, .restarts_within = 1min};
  static constexpr auto passivate_after = 10min;

  Till() {
    on(&Till::sell);
    on(&Till::report);
  }

  void on_start() override {
    journal_ = spawn<Journal>({.name = "journal"}, std::string(key()));
    every(1h, Report{}, {.first = conclib::FirstTick::after_interval});
  }

  /// A coroutine: while it waits for the bank it holds no thread, and the till takes no other sale.
  conclib::Task<Receipt> sell(Sale sale) {
    const auto answer = co_await ask<Debited>("bank", Debit{sale.cents}, 2s);
    if (!answer.accepted) throw conclib::Rejected("the bank refused " + sale.article);
    tell(journal_, std::move(sale));
    co_return Receipt{++number_};
  }

  void report(const Report& report) { tell(journal_, report); }

 private:
  conclib::ActorRef journal_;
  std::int64_t number_ = 0;
};

}  // namespace till

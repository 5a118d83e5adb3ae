// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/runtime/mailbox.hpp"

using namespace conclib::runtime;
using Pushed = Mailbox::Pushed;

namespace {

constexpr MailboxLimits unbounded{.messages_max = mailbox_messages_limit};

/// A message that the test owns, so none may be left in a mailbox.
struct Numbered : Message {
  explicit Numbered(std::uint64_t of_number = 0, MessageKind of_kind = MessageKind::letter,
                    std::uint32_t bytes = 100)
      : Message(of_kind, bytes), number(of_number) {}
  std::uint64_t number;
};

/// The number of a popped message; 0: there is none.
std::uint64_t number_of(const Message* message) {
  return message ? static_cast<const Numbered*>(message)->number : 0;
}

std::vector<std::uint64_t> pop_all(Mailbox& mailbox, bool responses_only = false) {
  std::vector<std::uint64_t> numbers;
  while (const auto* message = mailbox.pop(responses_only)) numbers.push_back(number_of(message));
  return numbers;
}

void empty(Mailbox& mailbox) {
  while (mailbox.pop_control()) continue;
  (void)pop_all(mailbox);
}

std::unique_ptr<Delivery> queued_ask(std::string id) {
  auto queued = std::make_unique<QueuedRequest>();
  queued->bytes = std::move(id);
  queued->request.kind = conclib::proto::Kind::ask;
  queued->request.id = queued->bytes;
  return std::make_unique<Delivery>(std::move(queued), TimePoint{});
}

/// Pops until so many have come, yielding while none is there.
template <typename Take>
void read(Mailbox& mailbox, std::uint64_t messages, Take take) {
  for (std::uint64_t taken = 0; taken < messages;) {
    mailbox.collect();
    auto* message = mailbox.pop();
    if (!message) {
      std::this_thread::yield();
      continue;
    }
    take(*static_cast<Numbered*>(message));
    ++taken;
  }
}

}  // namespace

TEST_CASE("the first push into a resting mailbox asks for scheduling, the next does not") {
  std::array<Numbered, 3> messages;
  Mailbox mailbox(false);
  CHECK(mailbox.push(&messages[0], {}) == Pushed::wake);
  CHECK(mailbox.push(&messages[1], {}) == Pushed::queued);
  CHECK_FALSE(mailbox.try_rest());
  mailbox.collect();
  CHECK(pop_all(mailbox).size() == 2);
  REQUIRE(mailbox.try_rest());
  CHECK(mailbox.push(&messages[2], {}) == Pushed::wake);
  mailbox.collect();
  empty(mailbox);
}

TEST_CASE("messages come out in the order in which they went in, controls first") {
  Numbered first(1), look(2, MessageKind::control), second(3), cancel(4, MessageKind::control),
      third(5);
  Mailbox mailbox(true);
  for (auto* message : {&first, &look, &second}) {
    REQUIRE(mailbox.push(message, {}) == Pushed::queued);
  }
  mailbox.collect();
  for (auto* message : {&cancel, &third}) REQUIRE(mailbox.push(message, {}) == Pushed::queued);
  mailbox.collect();
  CHECK(mailbox.collected() == 3);
  CHECK(mailbox.pop_control() == &look);
  CHECK(mailbox.pop_control() == &cancel);
  CHECK(mailbox.pop_control() == nullptr);
  CHECK_FALSE(mailbox.is_read());
  CHECK(pop_all(mailbox) == std::vector<std::uint64_t>{1, 3, 5});
  CHECK(mailbox.is_read());
  CHECK(mailbox.collected() == 0);
}

TEST_CASE("a full mailbox refuses the push and keeps what it holds") {
  const MailboxLimits limits{.messages_max = 1};
  Numbered first(1), second(2);
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&first, limits) == Pushed::queued);
  CHECK(mailbox.push(&second, limits) == Pushed::full);
  mailbox.collect();
  CHECK(mailbox.push(&second, limits) == Pushed::full);
  CHECK(mailbox.pop() == &first);
  CHECK(mailbox.push(&second, limits) == Pushed::queued);
  mailbox.collect();
  empty(mailbox);
}

TEST_CASE("each request popped makes room for exactly one, however many have passed") {
  constexpr std::uint32_t waiting = 100;
  constexpr std::uint32_t more_than_a_word_counts = (1U << 20) + 1000;
  const MailboxLimits limits{.messages_max = waiting};
  std::deque<Numbered> messages(waiting + 1);
  Mailbox mailbox(true);
  for (std::uint32_t i = 0; i < waiting; ++i) {
    REQUIRE(mailbox.push(&messages[i], limits) == Pushed::queued);
  }
  Message* outside = &messages[waiting];
  bool exact = true;
  for (std::uint32_t i = 0; i < more_than_a_word_counts; ++i) {
    exact = exact && mailbox.push(outside, limits) == Pushed::full;
    mailbox.collect();
    auto* popped = mailbox.pop();
    exact = exact && mailbox.push(outside, limits) == Pushed::queued;
    outside = popped;
  }
  CHECK(exact);
  mailbox.collect();
  CHECK(pop_all(mailbox).size() == waiting);
}

TEST_CASE("the largest bound there is holds, too") {
  const MailboxLimits beyond{.messages_max = 1U << 31};
  std::vector<Numbered> messages(mailbox_messages_limit);
  Numbered another;
  Mailbox mailbox(true);
  const auto is_filled = [&] {
    return std::all_of(messages.begin(), messages.end(),
                       [&](Numbered& message) {
                         return mailbox.push(&message, beyond) == Pushed::queued;
                       }) &&
           mailbox.push(&another, beyond) == Pushed::full;
  };
  CHECK(is_filled());
  mailbox.collect();
  CHECK(pop_all(mailbox).size() == messages.size());
  CHECK(is_filled());
  mailbox.collect();
  empty(mailbox);
}

TEST_CASE("only requests count for the bound, the others pass a full mailbox") {
  const MailboxLimits limits{.messages_max = 2};
  Numbered first(1), second(2), third(3);
  std::deque<Numbered> others;
  for (const auto kind :
       {MessageKind::stop, MessageKind::tick, MessageKind::answer, MessageKind::urgent_tick,
        MessageKind::completion, MessageKind::control}) {
    others.emplace_back(9, kind, 1U << 30);
  }
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&first, limits) == Pushed::queued);
  for (auto& other : others) CHECK(mailbox.push(&other, limits) == Pushed::queued);
  CHECK(mailbox.push(&second, limits) == Pushed::queued);
  CHECK(mailbox.push(&third, limits) == Pushed::full);
  mailbox.collect();
  CHECK(mailbox.push(&third, limits) == Pushed::full);
  empty(mailbox);
}

TEST_CASE("the size tells the requests that wait, collected or not") {
  Numbered first(1), second(2), answer(3, MessageKind::answer), third(4);
  Mailbox mailbox(false);
  CHECK(mailbox.size() == 0);
  for (auto* message : {&first, &second, &answer}) (void)mailbox.push(message, {});
  CHECK(mailbox.size() == 2);
  mailbox.collect();
  (void)mailbox.push(&third, {});
  CHECK(mailbox.pop() == &first);
  CHECK(mailbox.size() == 2);
  mailbox.close();
  CHECK(mailbox.size() == 0);
  empty(mailbox);
}

TEST_CASE("the bytes of large requests are bounded, small ones by their number alone") {
  const MailboxLimits limits{.messages_max = 10, .bytes_max = 10'000};
  Numbered large(1, MessageKind::letter, 6000), larger(2, MessageKind::delivery, 6001);
  Numbered fits(3, MessageKind::letter, 4000), small(4, MessageKind::letter, mailbox_small_bytes);
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&large, limits) == Pushed::queued);
  CHECK(mailbox.push(&larger, limits) == Pushed::full);
  CHECK(mailbox.push(&fits, limits) == Pushed::queued);
  CHECK(mailbox.push(&larger, limits) == Pushed::full);
  CHECK(mailbox.push(&small, limits) == Pushed::queued);
  mailbox.collect();
  REQUIRE(mailbox.pop() == &large);
  CHECK(mailbox.push(&larger, limits) == Pushed::full);
  REQUIRE(mailbox.pop() == &fits);
  CHECK(mailbox.push(&larger, limits) == Pushed::queued);
  mailbox.collect();
  empty(mailbox);
}

TEST_CASE("an empty mailbox takes any one request") {
  const MailboxLimits limits{.messages_max = 10, .bytes_max = 5000};
  Numbered answer(1, MessageKind::answer), huge(2, MessageKind::letter, 1U << 30),
      huger(3, MessageKind::letter, 1U << 31), small(4);
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&answer, limits) == Pushed::queued);
  CHECK(mailbox.push(&huge, limits) == Pushed::queued);
  CHECK(mailbox.push(&huger, limits) == Pushed::full);
  CHECK(mailbox.push(&small, limits) == Pushed::queued);
  mailbox.collect();
  CHECK(mailbox.pop() == &answer);
  CHECK(mailbox.pop() == &huge);
  CHECK(mailbox.push(&huger, limits) == Pushed::full);
  CHECK(mailbox.pop() == &small);
  CHECK(mailbox.push(&huger, limits) == Pushed::queued);
  mailbox.collect();
  empty(mailbox);
}

TEST_CASE("a mailbox closes only when nothing waits, and then refuses everything") {
  Numbered first(1), look(2, MessageKind::control), large(3, MessageKind::letter, 1U << 20);
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&first, {}) == Pushed::queued);
  CHECK_FALSE(mailbox.try_close());
  mailbox.collect();
  CHECK(mailbox.pop() == &first);
  CHECK_FALSE(mailbox.is_closed());
  CHECK(mailbox.try_close());
  CHECK(mailbox.is_closed());
  for (auto* message : {&first, &look, &large}) {
    CHECK(mailbox.push(message, {}) == Pushed::closed);
  }
}

TEST_CASE("what waits when a mailbox is closed by force can still be read") {
  Numbered first(1), second(2), late(3);
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&first, {}) == Pushed::queued);
  mailbox.collect();
  REQUIRE(mailbox.push(&second, {}) == Pushed::queued);
  mailbox.close();
  CHECK(mailbox.push(&late, {}) == Pushed::closed);
  CHECK(pop_all(mailbox) == std::vector<std::uint64_t>{1, 2});
  mailbox.close();
  CHECK(mailbox.is_read());
}

TEST_CASE("a resting mailbox can be closed") {
  Numbered late;
  Mailbox mailbox(false);
  mailbox.close();
  CHECK(mailbox.is_read());
  CHECK(mailbox.push(&late, {}) == Pushed::closed);
}

TEST_CASE("while the actor waits only responses come out, and nothing loses its place") {
  using enum MessageKind;
  Numbered a(1, letter), b(2, answer), c(3, tick), d(4, delivery), e(5, completion), f(6, stop);
  Numbered g(7, urgent_tick), h(8, letter);
  Mailbox mailbox(true);
  for (auto* message : {&a, &b, &c, &d}) REQUIRE(mailbox.push(message, {}) == Pushed::queued);
  mailbox.collect();
  CHECK(mailbox.pop(true) == &b);
  CHECK(mailbox.pop(true) == nullptr);
  for (auto* message : {&e, &f, &g, &h}) REQUIRE(mailbox.push(message, {}) == Pushed::queued);
  mailbox.collect();
  CHECK(mailbox.pop(true) == &e);
  CHECK(mailbox.collected() == 6);
  CHECK(pop_all(mailbox) == std::vector<std::uint64_t>{1, 3, 4, 6, 7, 8});
}

TEST_CASE("the actor may rest while it waits, whatever else stands in the mailbox") {
  Numbered request(1), another(2), answer(3, MessageKind::answer);
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&request, {}) == Pushed::queued);
  mailbox.collect();
  CHECK_FALSE(mailbox.is_read(true));
  CHECK(mailbox.pop(true) == nullptr);
  CHECK(mailbox.is_read(true));
  CHECK_FALSE(mailbox.is_read());
  REQUIRE(mailbox.push(&another, {}) == Pushed::queued);
  CHECK_FALSE(mailbox.try_rest(true));
  mailbox.collect();
  CHECK(mailbox.pop(true) == nullptr);
  REQUIRE(mailbox.try_rest(true));
  CHECK(mailbox.push(&answer, {}) == Pushed::wake);
  mailbox.collect();
  CHECK(mailbox.pop(true) == &answer);
  CHECK(pop_all(mailbox) == std::vector<std::uint64_t>{1, 2});
  CHECK(mailbox.try_rest());
}

TEST_CASE("requests that were passed over still count for the bound") {
  const MailboxLimits limits{.messages_max = 2};
  Numbered first(1), second(2), third(3);
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&first, limits) == Pushed::queued);
  REQUIRE(mailbox.push(&second, limits) == Pushed::queued);
  mailbox.collect();
  CHECK(mailbox.pop(true) == nullptr);
  CHECK(mailbox.push(&third, limits) == Pushed::full);
  CHECK(mailbox.pop() == &first);
  CHECK(mailbox.push(&third, limits) == Pushed::queued);
  mailbox.collect();
  CHECK(pop_all(mailbox) == std::vector<std::uint64_t>{2, 3});
}

TEST_CASE("a long backlog is walked over once, however often the actor waits") {
  constexpr std::uint64_t backlog = 50'000;
  std::deque<Numbered> requests;
  std::deque<Numbered> answers;
  Mailbox mailbox(true);
  for (std::uint64_t i = 1; i <= backlog; ++i) {
    REQUIRE(mailbox.push(&requests.emplace_back(i), unbounded) == Pushed::queued);
  }
  // Walking over it for each answer would take more than a billion steps, so minutes.
  for (std::uint64_t i = 1; i <= backlog; ++i) {
    auto& answer = answers.emplace_back(i, MessageKind::answer);
    REQUIRE(mailbox.push(&answer, unbounded) == Pushed::queued);
    mailbox.collect();
    REQUIRE(mailbox.pop(true) == &answer);
    REQUIRE(mailbox.pop(true) == nullptr);
  }
  CHECK(mailbox.collected() == backlog);
  CHECK(pop_all(mailbox).size() == backlog);
}

TEST_CASE("a queued ask is taken out by its id wherever it stands, which makes room") {
  const MailboxLimits limits{.messages_max = 4};
  Numbered first(1), last(2), another(3);
  const auto early = queued_ask("early");
  const auto late = queued_ask("late");
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(&first, limits) == Pushed::queued);
  REQUIRE(mailbox.push(early.get(), limits) == Pushed::queued);
  mailbox.collect();
  REQUIRE(mailbox.pop(true) == nullptr);
  REQUIRE(mailbox.push(&last, limits) == Pushed::queued);
  REQUIRE(mailbox.push(late.get(), limits) == Pushed::queued);
  mailbox.collect();
  CHECK(mailbox.extract("other") == nullptr);
  CHECK(mailbox.push(&another, limits) == Pushed::full);
  CHECK(mailbox.extract("late") == late.get());
  CHECK(mailbox.extract("late") == nullptr);
  CHECK(mailbox.extract("early") == early.get());
  CHECK(mailbox.collected() == 2);
  CHECK(mailbox.push(&another, limits) == Pushed::queued);
  mailbox.collect();
  CHECK(pop_all(mailbox) == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("pushes from many threads keep the order of each") {
  constexpr std::size_t senders = 4;
  constexpr std::uint64_t each = 20'000;
  std::vector<std::deque<Numbered>> messages(senders);
  Mailbox mailbox(true);
  std::vector<std::thread> threads;
  for (std::size_t sender = 0; sender < senders; ++sender) {
    for (std::uint64_t i = 0; i < each; ++i) messages[sender].emplace_back(sender << 32 | i);
    threads.emplace_back([&mailbox, &mine = messages[sender]] {
      for (auto& message : mine) (void)mailbox.push(&message, unbounded);
    });
  }
  std::array<std::uint64_t, senders> next{};
  bool in_order = true;
  read(mailbox, senders * each, [&](const Numbered& message) {
    in_order = in_order && next[message.number >> 32]++ == (message.number & 0xffffffff);
  });
  for (auto& thread : threads) thread.join();
  CHECK(in_order);
}

TEST_CASE("several threads fill a mailbox up to its bound and not beyond") {
  constexpr std::uint32_t bound = 1000;
  const MailboxLimits limits{.messages_max = bound};
  std::vector<std::deque<Numbered>> messages;
  for (int sender = 0; sender < 4; ++sender) messages.emplace_back(bound);
  std::atomic<std::uint32_t> accepted{0};
  Mailbox mailbox(true);
  std::vector<std::thread> threads;
  for (auto& of_sender : messages) {
    threads.emplace_back([&, &mine = of_sender] {
      for (auto& message : mine) {
        if (mailbox.push(&message, limits) == Pushed::queued) ++accepted;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(accepted == bound);
  mailbox.collect();
  CHECK(pop_all(mailbox).size() == bound);
}

TEST_CASE("the bound holds while it is read, and all get in in the end") {
  constexpr std::uint64_t each = 20'000;
  const MailboxLimits limits{.messages_max = 7};
  std::vector<std::deque<Numbered>> messages;
  for (int sender = 0; sender < 3; ++sender) messages.emplace_back(each);
  Mailbox mailbox(true);
  std::vector<std::thread> threads;
  for (auto& of_sender : messages) {
    threads.emplace_back([&, &mine = of_sender] {
      for (auto& message : mine) {
        while (mailbox.push(&message, limits) == Pushed::full) std::this_thread::yield();
      }
    });
  }
  std::uint32_t most = 0;
  read(mailbox, messages.size() * each,
       [&](const Numbered&) { most = std::max(most, mailbox.collected() + 1); });
  for (auto& thread : threads) thread.join();
  CHECK(most <= limits.messages_max);
}

TEST_CASE("no push is refused while there is room") {
  constexpr std::uint64_t each = 30'000;
  const MailboxLimits room_for_both{.messages_max = 2};
  Numbered own(0), of_other(1);
  std::atomic<std::uint64_t> popped{0};
  std::atomic<std::uint64_t> refused{0};
  Mailbox mailbox(true);
  std::thread other([&] {
    for (std::uint64_t i = 0; i < each; ++i) {
      while (popped.load(std::memory_order_acquire) < i) std::this_thread::yield();
      while (mailbox.push(&of_other, room_for_both) != Pushed::queued) ++refused;
    }
  });
  while (popped.load(std::memory_order_relaxed) < each) {
    while (mailbox.push(&own, room_for_both) != Pushed::queued) ++refused;
    mailbox.collect();
    while (const auto* message = mailbox.pop()) {
      popped.fetch_add(number_of(message), std::memory_order_release);
    }
  }
  other.join();
  CHECK(refused == 0);
}

TEST_CASE("of two requests too large together an empty mailbox takes one") {
  const MailboxLimits limits{.messages_max = 10, .bytes_max = 5000};
  for (int round = 0; round < 500; ++round) {
    Numbered first(1, MessageKind::letter, 9000), second(2, MessageKind::letter, 9000);
    Mailbox mailbox(true);
    std::atomic<int> accepted{0};
    const auto push = [&](Numbered& message) {
      if (mailbox.push(&message, limits) == Pushed::queued) ++accepted;
    };
    std::thread other(push, std::ref(first));
    push(second);
    other.join();
    mailbox.collect();
    CHECK(pop_all(mailbox).size() == 1);
    CHECK(accepted == 1);
  }
}

TEST_CASE("every push that races with the close is either read or refused") {
  constexpr std::size_t each = 2000;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::deque<Numbered>> messages;
    for (int sender = 0; sender < 3; ++sender) messages.emplace_back(each);
    std::atomic<std::size_t> accepted{0};
    std::atomic<bool> reopened{false};
    Mailbox mailbox(true);
    std::vector<std::thread> threads;
    for (auto& of_sender : messages) {
      threads.emplace_back([&, &mine = of_sender] {
        bool closed = false;
        for (auto& message : mine) {
          const auto pushed = mailbox.push(&message, unbounded);
          if (pushed != Pushed::closed) ++accepted;
          if (closed && pushed != Pushed::closed) reopened = true;
          closed = pushed == Pushed::closed;
        }
      });
    }
    std::size_t seen = 0;
    read(mailbox, 100, [&](const Numbered&) { ++seen; });
    mailbox.close();
    seen += pop_all(mailbox).size();
    for (auto& thread : threads) thread.join();
    CHECK(mailbox.is_read());
    CHECK(seen == accepted);
    CHECK_FALSE(reopened);
  }
}

TEST_CASE("whoever wakes a resting actor is the only one, and no message is forgotten") {
  constexpr std::uint64_t each = 20'000;
  std::vector<std::deque<Numbered>> messages;
  for (int sender = 0; sender < 3; ++sender) messages.emplace_back(each);
  std::atomic<bool> scheduled{false};
  std::atomic<bool> twice{false};
  Mailbox mailbox(false);
  std::vector<std::thread> threads;
  for (auto& of_sender : messages) {
    threads.emplace_back([&, &mine = of_sender] {
      for (auto& message : mine) {
        if (mailbox.push(&message, unbounded) != Pushed::wake) continue;
        if (scheduled.exchange(true, std::memory_order_acq_rel)) twice = true;
      }
    });
  }
  for (std::uint64_t taken = 0; taken < messages.size() * each;) {
    if (!scheduled.exchange(false, std::memory_order_acq_rel)) {
      std::this_thread::yield();
      continue;
    }
    do {
      mailbox.collect();
      while (mailbox.pop()) ++taken;
    } while (!mailbox.try_rest());
  }
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(twice);
}

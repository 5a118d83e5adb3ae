// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "daemon/runtime/mailbox.hpp"

using namespace conclib::runtime;
using Pushed = Mailbox::Pushed;

namespace {

Letter* letter(std::uint64_t number = 0, std::string_view body = "\xc0") {
  auto* made = Letter::make(Payload("T", body), "sender", nullptr);
  made->number = number;
  return made;
}

std::unique_ptr<Letter> pop(Mailbox& mailbox, const MailboxLimits& limits) {
  return std::unique_ptr<Letter>(static_cast<Letter*>(mailbox.pop(limits)));
}

}  // namespace

TEST_CASE("the first push into a resting mailbox asks for scheduling, the next does not") {
  Mailbox mailbox(false);
  CHECK(mailbox.push(letter(), {}) == Pushed::wake);
  CHECK(mailbox.push(letter(), {}) == Pushed::queued);
  mailbox.collect();
  CHECK(pop(mailbox, {}));
  CHECK(pop(mailbox, {}));
  REQUIRE(mailbox.try_rest());
  CHECK(mailbox.push(letter(), {}) == Pushed::wake);
}

TEST_CASE("messages come out in the order in which they went in, controls first") {
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(letter(1), {}) == Pushed::queued);
  REQUIRE(mailbox.push(new Control(Control::What::look), {}) == Pushed::queued);
  REQUIRE(mailbox.push(letter(2), {}) == Pushed::queued);
  mailbox.collect();
  REQUIRE(mailbox.push(letter(3), {}) == Pushed::queued);
  mailbox.collect();
  auto* control = mailbox.pop_control();
  REQUIRE(control);
  discard(control);
  for (std::uint64_t number = 1; number <= 3; ++number) {
    CHECK(pop(mailbox, {})->number == number);
  }
}

TEST_CASE("a full mailbox refuses the push and keeps what it holds") {
  const MailboxLimits limits{.messages_max = 1, .bytes_max = 1 << 20};
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(letter(1), limits) == Pushed::queued);
  const std::unique_ptr<Letter> refused(letter(2));
  CHECK(mailbox.push(refused.get(), limits) == Pushed::full);
  mailbox.collect();
  CHECK(pop(mailbox, limits)->number == 1);
  CHECK(mailbox.push(letter(3), limits) == Pushed::queued);
}

TEST_CASE("bytes are bounded too, but an empty mailbox takes any one message") {
  const MailboxLimits limits{.messages_max = 10, .bytes_max = 100};
  const std::string large = std::string("\xc4\xc8") + std::string(200, 'x');
  Mailbox mailbox(true);
  CHECK(mailbox.push(letter(1, large), limits) == Pushed::queued);
  const std::unique_ptr<Letter> refused(letter(2));
  CHECK(mailbox.push(refused.get(), limits) == Pushed::full);
}

TEST_CASE("controls are taken by a full mailbox") {
  const MailboxLimits limits{.messages_max = 1, .bytes_max = 100};
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(letter(), limits) == Pushed::queued);
  CHECK(mailbox.push(new Control(Control::What::look), limits) == Pushed::queued);
}

TEST_CASE("a mailbox closes only when nothing waits, and then refuses everything") {
  Mailbox mailbox(true);
  REQUIRE(mailbox.push(letter(), {}) == Pushed::queued);
  CHECK_FALSE(mailbox.try_close());
  mailbox.collect();
  CHECK(pop(mailbox, {}));
  CHECK(mailbox.try_close());
  const std::unique_ptr<Letter> refused(letter());
  CHECK(mailbox.push(refused.get(), {}) == Pushed::closed);
  CHECK(mailbox.is_closed());
}

TEST_CASE("pushes from many threads keep the order of each") {
  constexpr int senders = 4;
  constexpr std::uint64_t each = 5000;
  const MailboxLimits unbounded{.messages_max = 1U << 20, .bytes_max = std::size_t{1} << 30};
  Mailbox mailbox(true);
  std::vector<std::thread> threads;
  for (int sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&, sender] {
      for (std::uint64_t i = 0; i < each; ++i) {
        (void)mailbox.push(letter(static_cast<std::uint64_t>(sender) << 32 | i), unbounded);
      }
    });
  }
  std::array<std::uint64_t, senders> next{};
  bool in_order = true;
  for (std::uint64_t taken = 0; taken < senders * each;) {
    mailbox.collect();
    const auto message = pop(mailbox, unbounded);
    if (!message) {
      std::this_thread::yield();
      continue;
    }
    in_order = in_order && next[message->number >> 32]++ == (message->number & 0xffffffff);
    ++taken;
  }
  for (auto& thread : threads) thread.join();
  CHECK(in_order);
}

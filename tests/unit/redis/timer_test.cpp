// SPDX-License-Identifier: MIT
#include <memory>
#include <thread>

#include <doctest/doctest.h>
#include <uv.h>

#include "daemon/redis/loop.hpp"

using conclib::redis::Loop;
using conclib::redis::Timer;
using conclib::redis::Wakeup;
using namespace std::chrono_literals;

namespace {

struct Rig {
  Rig() { uv_loop_init(&uv); }
  ~Rig() {
    uv_run(&uv, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&uv) == 0);
  }
  uv_loop_t uv{};
  Loop loop{&uv};
};

}  // namespace

TEST_CASE("a timer calls once, a repeating one until it is stopped") {
  Rig rig;
  int once = 0;
  int often = 0;
  Timer single(rig.loop, [&] { ++once; });
  std::unique_ptr<Timer> repeating;
  repeating = std::make_unique<Timer>(rig.loop, [&] {
    if (++often == 3) repeating->stop();
  });
  single.start(1ms);
  repeating->start(1ms, 1ms);
  CHECK(repeating->is_active());
  uv_run(&rig.uv, UV_RUN_DEFAULT);
  CHECK(once == 1);
  CHECK(often == 3);
}

TEST_CASE("a timer may be destroyed in its own call") {
  Rig rig;
  auto timer = std::unique_ptr<Timer>();
  int calls = 0;
  timer = std::make_unique<Timer>(rig.loop, [&] {
    timer.reset();
    ++calls;
  });
  timer->start(0ms, 1ms);
  uv_run(&rig.uv, UV_RUN_DEFAULT);
  CHECK(calls == 1);
}

TEST_CASE("a wake-up from another thread is called on the loop's") {
  Rig rig;
  bool here = false;
  auto wakeup = std::unique_ptr<Wakeup>();
  wakeup = std::make_unique<Wakeup>(rig.loop, [&] {
    here = rig.loop.is_here();
    wakeup.reset();
  });
  std::thread other([&] { wakeup->wake(); });
  // Joined before the loop turns, for the call destroys what the thread uses.
  other.join();
  uv_run(&rig.uv, UV_RUN_DEFAULT);
  CHECK(here);
}

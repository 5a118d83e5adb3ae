// SPDX-License-Identifier: MIT
#include "tests/bench/floor.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <hiredis/hiredis.h>

#include "daemon/queue/function_library.hpp"
#include "proto/keys.hpp"

namespace conclib::bench {
namespace {

using Words = std::vector<std::string>;

/// Bytes of a request beside its reply key: what an envelope of a small ask has.
constexpr std::size_t padding = 150;
constexpr std::string_view node = "floor";

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;
using Answer = std::unique_ptr<redisReply, FreeReply>;

Context connect(const std::filesystem::path& socket) {
  Context context(redisConnectUnix(socket.c_str()));
  if (context == nullptr || context->err != 0) throw std::runtime_error("cannot connect to Redis");
  return context;
}

void send(redisContext& context, const Words& words) {
  std::vector<const char*> argv;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    argv.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisAppendCommandArgv(&context, static_cast<int>(argv.size()), argv.data(), sizes.data());
}

Answer receive(redisContext& context) {
  void* reply = nullptr;
  if (redisGetReply(&context, &reply) != REDIS_OK) throw std::runtime_error(context.errstr);
  Answer answer(static_cast<redisReply*>(reply));
  if (answer->type == REDIS_REPLY_ERROR) throw std::runtime_error(answer->str);
  return answer;
}

Answer call(redisContext& context, const Words& words) {
  send(context, words);
  return receive(context);
}

std::string_view text_of(const redisReply* reply) {
  return {reply->str, static_cast<std::size_t>(reply->len)};
}

std::span<redisReply*> elements_of(const redisReply* reply) {
  return {reply->element, static_cast<std::size_t>(reply->elements)};
}

class FloorCaller final : public Caller {
 public:
  explicit FloorCaller(const std::filesystem::path& socket)
      : context_(connect(socket)), number_(next_++) {}

  void ask() override {
    const auto partition = (number_ + count_) % floor_partitions;
    const auto key =
        keys_.reply(partition, "floor", std::to_string(number_) + "-" + std::to_string(count_++));
    send(*context_, {"XADD", keys_.queue(partition), "NOMKSTREAM", "*", "e",
                     key + "\n" + std::string(padding, 'x')});
    send(*context_, {"BLPOP", key, "5"});
    if (receive(*context_)->type != REDIS_REPLY_STRING) throw std::runtime_error("not taken");
    const auto reply = receive(*context_);
    if (reply->type != REDIS_REPLY_ARRAY) throw std::runtime_error("no reply within 5 s");
  }

 private:
  static inline std::atomic<unsigned> next_{0};
  proto::Keys keys_{"floor"};
  Context context_;
  unsigned number_;
  unsigned count_ = 0;
};

}  // namespace

std::unique_ptr<Caller> make_floor_caller(const std::filesystem::path& socket) {
  return std::make_unique<FloorCaller>(socket);
}

void serve_floor(const std::filesystem::path& socket) {
  const proto::Keys keys("floor");
  const auto reader = connect(socket);
  const auto finisher = connect(socket);
  const queue::FunctionLibrary library;
  call(*finisher, {"FUNCTION", "LOAD", "REPLACE", library.text()});
  std::array<std::string, floor_partitions> epochs;
  std::array<std::string, floor_partitions> cursors;
  Words read{"XREAD", "COUNT", "128", "BLOCK", "1000", "STREAMS"};
  for (unsigned p = 0; p < floor_partitions; ++p) {
    const auto owned =
        call(*finisher, {"FCALL", library.function(queue::Function::acquire), "2", keys.owner(p),
                         keys.queue(p), std::string(node), "600000", "run", "0", "0", "0", "0"});
    epochs[p] = text_of(owned->element[1]);
    cursors[p] = "0";
    read.push_back(keys.queue(p));
  }
  const std::string payload(60, 'y');
  unsigned unread = 0;  // answers to finishes, read when the next requests have come
  for (;;) {
    auto words = read;
    words.insert(words.end(), cursors.begin(), cursors.end());
    const auto streams = call(*reader, words);
    for (; unread > 0; --unread) receive(*finisher);
    if (streams->type != REDIS_REPLY_ARRAY) continue;
    for (const auto* stream : elements_of(streams.get())) {
      const auto name = text_of(stream->element[0]);
      unsigned p = 0;
      std::from_chars(name.data() + name.find(":", 9) + 1, name.data() + name.size(), p);
      Words finish{"FCALL",
                   library.function(queue::Function::finish),
                   "",
                   keys.owner(p),
                   keys.queue(p),
                   keys.attempts(p),
                   keys.dead(p)};
      Words arguments{std::string(node), epochs[p], "1000"};
      std::size_t index = 0;
      for (const auto* entry : elements_of(stream->element[1])) {
        const auto request = text_of(entry->element[1]->element[1]);
        cursors[p] = text_of(entry->element[0]);
        finish.emplace_back(request.substr(0, request.find('\n')));
        arguments.insert(arguments.end(),
                         {cursors[p], std::to_string(++index), "35000", payload, "", "", "0"});
      }
      finish[2] = std::to_string(finish.size() - 3);
      finish.insert(finish.end(), arguments.begin(), arguments.end());
      send(*finisher, finish);
      ++unread;
    }
    for (int done = 0; done == 0;) redisBufferWrite(finisher.get(), &done);
  }
}

}  // namespace conclib::bench

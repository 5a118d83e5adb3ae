// SPDX-License-Identifier: MIT
#include "conclib/conclib.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "proto/status.hpp"
#include "proto/urn.hpp"
#include "sdk/src/client.hpp"

using conclib::proto::Error;
using conclib::proto::fail;
using conclib::proto::Result;
using conclib::proto::Status;
using conclib::sdk::Answer;
using conclib::sdk::Client;
using conclib::sdk::ClientOptions;
using conclib::sdk::Message;
using conclib::sdk::Milliseconds;

struct conclib_client {
  std::unique_ptr<Client> client;
};

namespace {

/// A reply with what its views point into.
struct OwnedReply : conclib_reply {
  conclib::sdk::RedisReply redis_reply;
  std::string text_or_body;
};

/// What conclib_client_ask returns when there is no memory even for a reply.
constexpr char no_memory_text[] = "out of memory";
constexpr conclib_reply no_memory = {sizeof(conclib_reply),
                                     CONCLIB_INTERNAL,
                                     {nullptr, 0},
                                     {nullptr, 0},
                                     {no_memory_text, sizeof(no_memory_text) - 1}};

/// The caller's struct, which may be of an older or a newer header than ours.
template <typename T>
T copy_known(const T* given) {
  T copy{};
  if (given != nullptr) std::memcpy(&copy, given, std::min(given->size, sizeof(T)));
  return copy;
}

std::string_view view(conclib_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

Message to_message(const conclib_request& request) {
  Message message;
  message.urn = view(request.urn);
  message.type = view(request.type);
  message.body = view({static_cast<const char*>(request.body.data), request.body.size});
  message.timeout = Milliseconds(request.timeout_ms);
  message.reply_type = view(request.reply_type);
  message.trace_parent = view(request.trace_parent);
  message.trace_state = view(request.trace_state);
  return message;
}

/// Runs what may throw; nothing but a Result leaves it.
template <typename Function>
auto guarded(Function function) noexcept -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return tl::unexpected(Error{Status::internal, no_memory_text});
  } catch (const std::exception& exception) {
    return tl::unexpected(Error{Status::internal, exception.what()});
  } catch (...) {
    return tl::unexpected(Error{Status::internal, "an unknown exception"});
  }
}

conclib_status report(const Error& error, conclib_error* target) {
  const auto status = static_cast<conclib_status>(error.code);
  if (target == nullptr || target->size < sizeof(conclib_error)) return status;
  target->status = status;
  // Cut between characters: back to a byte that does not continue one.
  auto size = std::min(error.text.size(), sizeof(target->text) - 1);
  while (size < error.text.size() && size > 0 &&
         (static_cast<unsigned char>(error.text[size]) & 0xC0U) == 0x80U) {
    --size;
  }
  std::memcpy(target->text, error.text.data(), size);
  target->text[size] = '\0';
  return status;
}

conclib_reply* to_reply(Result<Answer> answer) noexcept {
  auto* const reply = new (std::nothrow) OwnedReply{};
  if (reply == nullptr) return const_cast<conclib_reply*>(&no_memory);
  reply->size = sizeof(conclib_reply);
  if (answer) {
    reply->redis_reply = std::move(answer->reply);
    reply->type = {answer->type.data(), answer->type.size()};
    reply->body = {answer->body.data(), answer->body.size()};
    return reply;
  }
  reply->status = static_cast<conclib_status>(answer.error().code);
  reply->text_or_body = std::move(answer.error().text);
  reply->text = {reply->text_or_body.c_str(), reply->text_or_body.size()};
  return reply;
}

Result<std::unique_ptr<Client>> open_client(const conclib_client_options& given) {
  ClientOptions options;
  options.url = view(given.url);
  if (given.app.size != 0) options.app = view(given.app);
  if (given.connect_timeout_ms != 0) {
    options.connect_timeout = Milliseconds(given.connect_timeout_ms);
  }
  if (given.default_timeout_ms != 0) {
    options.default_timeout = Milliseconds(given.default_timeout_ms);
  }
  return Client::open(options);
}

}  // namespace

extern "C" {

conclib_status conclib_client_open(const conclib_client_options* options, conclib_client** client,
                                   conclib_error* error) {
  *client = nullptr;
  auto opened = guarded([&]() -> Result<conclib_client*> {
    return open_client(copy_known(options)).map([](std::unique_ptr<Client> made) {
      return new conclib_client{std::move(made)};
    });
  });
  if (!opened) return report(opened.error(), error);
  *client = *opened;
  return CONCLIB_OK;
}

void conclib_client_close(conclib_client* client) { delete client; }

conclib_reply* conclib_client_ask(conclib_client* client, const conclib_request* request) {
  return to_reply(guarded([&] { return client->client->ask(to_message(copy_known(request))); }));
}

conclib_status conclib_client_tell(conclib_client* client, const conclib_request* request,
                                   conclib_receipt* receipt, conclib_error* error) {
  const auto id = guarded([&] { return client->client->tell(to_message(copy_known(request))); });
  if (!id) return report(id.error(), error);
  if (receipt != nullptr && receipt->size >= sizeof(conclib_receipt)) {
    const auto size = std::min(id->size(), sizeof(receipt->id) - 1);
    std::memcpy(receipt->id, id->data(), size);
    receipt->id[size] = '\0';
  }
  return CONCLIB_OK;
}

conclib_reply* conclib_client_status(conclib_client* client) {
  auto document = guarded([&] { return client->client->status(); });
  if (!document) return to_reply(tl::unexpected(std::move(document.error())));
  auto* const reply = to_reply(Answer{});
  if (reply == &no_memory) return reply;
  auto* const owned = static_cast<OwnedReply*>(reply);
  owned->text_or_body = std::move(*document);
  owned->body = {owned->text_or_body.data(), owned->text_or_body.size()};
  return owned;
}

void conclib_reply_free(conclib_reply* reply) {
  if (reply != &no_memory) delete static_cast<OwnedReply*>(reply);
}

const char* conclib_status_name(int status) {
  return conclib::proto::status_name(static_cast<Status>(status)).data();
}

const char* conclib_status_text(int status) {
  return conclib::proto::status_text(static_cast<Status>(status)).data();
}

const char* conclib_version(void) { return CONCLIB_VERSION; }

}  // extern "C"

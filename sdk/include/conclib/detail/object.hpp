// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: messages as objects that cross the C border, and back.
#pragma once

#include <cstddef>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "conclib/detail/visibility.hpp"
#include "conclib/message.hpp"
#include "conclib/plugin.h"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

[[nodiscard]] constexpr conclib_str c_str_of(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

[[nodiscard]] constexpr std::string_view view_of(conclib_str text) noexcept {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

[[nodiscard]] inline std::string_view view_of(conclib_bytes bytes) noexcept {
  return bytes.size == 0 ? std::string_view()
                         : std::string_view(static_cast<const char*>(bytes.data), bytes.size);
}

[[nodiscard]] constexpr std::string_view sentence_of(conclib_status status) noexcept {
  switch (status) {
#define CONCLIB_STATUS_SENTENCE(NAME, name, number, text) \
  case CONCLIB_##NAME:                                    \
    return text;
    CONCLIB_STATUS_TABLE(CONCLIB_STATUS_SENTENCE)
#undef CONCLIB_STATUS_SENTENCE
  }
  return "a failure that this plugin does not know";
}

/// Throws the failure of a call of the host; `text` is what the host said, if it said something.
[[noreturn]] inline void throw_failure(conclib_status status, const std::string& doing,
                                       std::string_view text) {
  throw Error(status, doing + ": " + std::string(text.empty() ? sentence_of(status) : text));
}

/// The type table of a message. Its address tells this type of this plugin from all others.
template <Message T>
struct ObjectTypeOf {
  static constexpr std::size_t by_value_align_max = 16;
  /// Whether it travels by value: is moved into memory of the host. Others live on the heap.
  static constexpr bool by_value =
      alignof(T) <= by_value_align_max && std::is_nothrow_move_constructible_v<T>;

  static conclib_status encode(const void* object, const conclib_writer* writer) noexcept {
    try {
      const auto bytes = conclib::encode(*static_cast<const T*>(object));
      writer->write(writer->target, bytes.data(), bytes.size());
      return CONCLIB_OK;
    } catch (...) {
      return CONCLIB_BAD_ARGUMENT;
    }
  }
  static void destroy(void* object) noexcept { delete static_cast<T*>(object); }
  static void move(void* to, void* from) noexcept {
    ::new (to) T(std::move(*static_cast<T*>(from)));
  }
  static void destruct(void* object) noexcept { static_cast<T*>(object)->~T(); }

  [[nodiscard]] static constexpr conclib_object_type describe() {
    conclib_object_type type{};
    type.size = sizeof(conclib_object_type);
    type.name = c_str_of(MessageName<T>::value);
    type.encode = &encode;
    type.destroy = &destroy;
    if constexpr (by_value) {
      type.object_size = sizeof(T);
      type.object_align = alignof(T);
      type.move = &move;
      type.destruct = &destruct;
    }
    return type;
  }

  static constexpr conclib_object_type table = describe();
};

/// A payload of the message, from which a call of the host moves. It is for that one call: a
/// message that does not travel by value is owned by the payload from here on.
template <Message T>
[[nodiscard]] conclib_payload payload_of(T& message) {
  const auto& table = ObjectTypeOf<T>::table;
  if constexpr (ObjectTypeOf<T>::by_value) {
    return {table.name, {nullptr, 0}, &message, &table};
  } else {
    return {table.name, {nullptr, 0}, new T(std::move(message)), &table};
  }
}

/// The bytes of a payload that holds an object of another type than the one wanted.
[[nodiscard]] inline std::string encoded(const conclib_payload& payload) {
  std::string bytes;
  const conclib_writer writer{&bytes, [](void* target, const void* piece, std::size_t size) {
                                static_cast<std::string*>(target)->append(
                                    static_cast<const char*>(piece), size);
                              }};
  const auto status = payload.object_type->encode(payload.object, &writer);
  if (status != CONCLIB_OK) throw DecodeError("the message could not be encoded by its sender");
  return bytes;
}

/// The object in a payload if it is one of T, else null.
template <Message T>
[[nodiscard]] T* object_in(const conclib_payload& payload) noexcept {
  const bool is_ours = payload.object != nullptr && payload.object_type == &ObjectTypeOf<T>::table;
  return is_ours ? static_cast<T*>(payload.object) : nullptr;
}

/// The message in a payload that holds no object of T. Throws DecodeError.
template <Message T>
[[nodiscard]] T decode_payload(const conclib_payload& payload) {
  if (payload.object != nullptr) return decode<T>(encoded(payload));
  return decode<T>(view_of(payload.body));
}

template <Message T>
[[nodiscard]] bool names_type(const conclib_payload& payload) noexcept {
  return view_of(payload.type) == MessageName<T>::value;
}

}  // namespace detail
}  // namespace conclib

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "conclib/plugin.h"
#include "proto/result.hpp"

namespace conclib::runtime {

[[nodiscard]] inline std::string_view view_of(conclib_str text) {
  return text.data ? std::string_view(text.data, text.size) : std::string_view();
}
[[nodiscard]] inline conclib_str str_of(std::string_view text) {
  return {text.data(), text.size()};
}

/// The size of a struct of the C border up to one of its fields. What a field needs is never looked
/// up by sizeof, which grows with the next version of the header.
#define CONCLIB_SIZE_UP_TO(Struct, field) (offsetof(Struct, field) + sizeof(Struct::field))

/// Whether objects of this type are moved from memory to memory, and not handed over.
[[nodiscard]] inline bool travels_by_value(const conclib_object_type& type) {
  return type.size >= CONCLIB_SIZE_UP_TO(conclib_object_type, destruct) && type.move;
}

/// The content of a message: an object of a plugin, or encoded bytes, which it only points to.
///
/// An object that is handed over is owned. One that travels by value is first only pointed to, in
/// the memory of the plugin that sends it; move_object() makes one of its own of it in memory that
/// the caller has for it, in which it is ended with the payload.
/// Threading: as a value. The object is destroyed on the thread that destroys the payload.
class Payload {
 public:
  Payload() = default;
  /// Encoded; both stay where they are.
  Payload(std::string_view type, std::string_view body) : content_{.type = type, .body = body} {}
  /// What a plugin passed.
  explicit Payload(const conclib_payload& given) {
    if (given.object) {
      content_.holds_object = true;
      content_.object = {given.object, given.object_type};
      content_.type = view_of(given.object_type ? given.object_type->name : given.type);
      content_.owned = !given.object_type || !travels_by_value(*given.object_type);
    } else {
      content_.type = view_of(given.type);
      const auto& body = given.body;
      if (body.data)
        content_.body = std::string_view(static_cast<const char*>(body.data), body.size);
    }
  }
  Payload(Payload&& other) noexcept { swap(other); }
  Payload& operator=(Payload&& other) noexcept {
    Payload taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Payload() {
    if (is_object() && content_.owned) end_object();
  }

  [[nodiscard]] std::string_view type() const { return content_.type; }
  [[nodiscard]] std::string_view body() const {
    return content_.holds_object ? std::string_view() : content_.body;
  }
  [[nodiscard]] bool is_object() const { return content_.holds_object && content_.object.object; }

  /// Bytes that move_object() needs, aligned to 16; 0: there is nothing to move.
  [[nodiscard]] std::size_t bytes_to_move() const {
    return is_object() && !content_.owned ? content_.object.type->object_size : 0;
  }
  /// Moves the object to `place`, which outlives the payload.
  void move_object(void* place) {
    content_.object.type->move(place, content_.object.object);
    content_.object.object = place;
    content_.owned = true;
  }

  /// As a plugin gets it. An object that was handed over is the callee's to keep: pass what is left
  /// to take_back.
  [[nodiscard]] conclib_payload lend() const {
    const auto bytes = body();
    return {.type = str_of(content_.type),
            .body = {bytes.data(), bytes.size()},
            .object = content_.holds_object ? content_.object.object : nullptr,
            .object_type = content_.holds_object ? content_.object.type : nullptr};
  }
  void take_back(const conclib_payload& lent) {
    if (is_object() && !travels_by_value(*content_.object.type))
      content_.object.object = lent.object;
  }

  /// Whether it can be sent: the type's name, a whole object type, and encoded bytes that are one
  /// msgpack value. BAD_ARGUMENT.
  [[nodiscard]] proto::Result<void> check() const;
  /// Replaces an object by its encoding, which is written to `storage`. BAD_ARGUMENT; the object is
  /// done with in any case.
  [[nodiscard]] proto::Result<void> encode(std::string& storage);

 private:
  struct Object {
    void* object;
    const conclib_object_type* type;
  };

  void swap(Payload& other) noexcept { std::swap(content_, other.content_); }
  void end_object();

  /// Small, for it is a part of each message: bytes and object share their place.
  struct Content {
    std::string_view type{};
    union {
      std::string_view body{};
      Object object;
    };
    bool holds_object = false;
    bool owned = true;
  };
  Content content_;
};

}  // namespace conclib::runtime

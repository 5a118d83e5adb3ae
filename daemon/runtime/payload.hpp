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
  Payload(std::string_view type, std::string_view body) : type_(type), body_(body) {}
  /// What a plugin passed.
  explicit Payload(const conclib_payload& given)
      : type_(given.object && given.object_type ? view_of(given.object_type->name)
                                                : view_of(given.type)),
        body_(given.body.data
                  ? std::string_view(static_cast<const char*>(given.body.data), given.body.size)
                  : std::string_view()),
        object_(given.object),
        object_type_(given.object_type),
        owned_(!given.object_type || !travels_by_value(*given.object_type)) {}
  Payload(Payload&& other) noexcept { swap(other); }
  Payload& operator=(Payload&& other) noexcept {
    Payload taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Payload() {
    if (object_ && owned_) end_object();
  }

  [[nodiscard]] std::string_view type() const { return type_; }
  [[nodiscard]] std::string_view body() const { return body_; }
  [[nodiscard]] bool is_object() const { return object_ != nullptr; }

  /// Bytes that move_object() needs, aligned to 16; 0: there is nothing to move.
  [[nodiscard]] std::size_t bytes_to_move() const {
    return object_ && !owned_ ? object_type_->object_size : 0;
  }
  /// Moves the object to `place`, which outlives the payload.
  void move_object(void* place) {
    object_type_->move(place, object_);
    object_ = place;
    owned_ = true;
  }

  /// As a plugin gets it. An object that was handed over is the callee's to keep: pass what is left
  /// to take_back.
  [[nodiscard]] conclib_payload lend() const {
    return {.type = str_of(type_),
            .body = {body_.data(), body_.size()},
            .object = object_,
            .object_type = object_type_};
  }
  void take_back(const conclib_payload& lent) {
    if (object_ && !travels_by_value(*object_type_)) object_ = lent.object;
  }

  /// Whether it can be sent: the type's name, a whole object type, and encoded bytes that are one
  /// msgpack value. BAD_ARGUMENT.
  [[nodiscard]] proto::Result<void> check() const;
  /// Replaces an object by its encoding, which is written to `storage`. BAD_ARGUMENT; the object is
  /// done with in any case.
  [[nodiscard]] proto::Result<void> encode(std::string& storage);

 private:
  void swap(Payload& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(body_, other.body_);
    std::swap(object_, other.object_);
    std::swap(object_type_, other.object_type_);
    std::swap(owned_, other.owned_);
  }
  void end_object();

  std::string_view type_;
  std::string_view body_;
  void* object_ = nullptr;
  const conclib_object_type* object_type_ = nullptr;
  bool owned_ = true;
};

}  // namespace conclib::runtime

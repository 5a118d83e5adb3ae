// SPDX-License-Identifier: MIT
#pragma once

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

/// The content of a message: an object of a plugin, which it owns, or encoded bytes, which it only
/// points to.
/// Threading: as a value. The object is destroyed on the thread that destroys the payload.
class Payload {
 public:
  Payload() = default;
  /// Encoded; both stay where they are.
  Payload(std::string_view type, std::string_view body) : type_(type), body_(body) {}
  /// Takes over the object of what a plugin passed, if there is one.
  explicit Payload(const conclib_payload& given)
      : type_(given.object && given.object_type ? view_of(given.object_type->name)
                                                : view_of(given.type)),
        body_(given.body.data
                  ? std::string_view(static_cast<const char*>(given.body.data), given.body.size)
                  : std::string_view()),
        object_(given.object),
        object_type_(given.object_type) {}
  Payload(Payload&& other) noexcept { swap(other); }
  Payload& operator=(Payload&& other) noexcept {
    Payload taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Payload();

  [[nodiscard]] std::string_view type() const { return type_; }
  [[nodiscard]] std::string_view body() const { return body_; }
  [[nodiscard]] bool is_object() const { return object_ != nullptr; }

  /// As a plugin gets it. The object is the callee's to keep: pass what is left to take_back.
  [[nodiscard]] conclib_payload lend();
  void take_back(const conclib_payload& lent) { object_ = lent.object; }

  /// Whether it can be sent: the type's name, a whole object type, and encoded bytes that are one
  /// msgpack value. BAD_ARGUMENT.
  [[nodiscard]] proto::Result<void> check() const;
  /// Replaces an object by its encoding, which is written to `storage`. BAD_ARGUMENT; the object is
  /// destroyed in any case.
  [[nodiscard]] proto::Result<void> encode(std::string& storage);

 private:
  void swap(Payload& other) noexcept;

  std::string_view type_;
  std::string_view body_;
  void* object_ = nullptr;
  const conclib_object_type* object_type_ = nullptr;
};

}  // namespace conclib::runtime

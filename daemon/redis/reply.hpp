// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

struct redisReply;

namespace conclib::redis {

/// What a command was answered with, read-only. Valid, with all that it gives out, only within the
/// callback that receives it.
class Reply {
 public:
  enum class Kind : std::uint8_t {
    lost,  ///< The connection ended first: whether the command ran is not known.
    error,
    nil,
    text,
    integer,
    array,
  };

  /// A reply that never came; `why` is what text() says.
  [[nodiscard]] static Reply lost(std::string_view why) { return Reply(nullptr, why); }
  explicit Reply(const redisReply& reply) : reply_(&reply) {}

  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool is_lost() const { return kind() == Kind::lost; }
  [[nodiscard]] bool is_error() const { return kind() == Kind::error; }
  [[nodiscard]] bool is_nil() const { return kind() == Kind::nil; }
  [[nodiscard]] bool is_array() const { return kind() == Kind::array; }
  /// Neither lost nor an error.
  [[nodiscard]] bool is_good() const { return !is_lost() && !is_error(); }

  /// A text, a status, or what is wrong; empty for other kinds.
  [[nodiscard]] std::string_view text() const;
  /// An integer, or a text that is one in decimal; 0 otherwise.
  [[nodiscard]] std::int64_t integer() const;
  /// Elements of an array; 0 for other kinds.
  [[nodiscard]] std::size_t size() const;
  /// An element of an array; beyond its end a nil.
  [[nodiscard]] Reply operator[](std::size_t index) const;

 private:
  Reply(const redisReply* reply, std::string_view why) : reply_(reply), why_(why) {}

  const redisReply* reply_ = nullptr;
  std::string_view why_;
  bool nothing_ = false;
};

}  // namespace conclib::redis

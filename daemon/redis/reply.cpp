// SPDX-License-Identifier: MIT
#include "daemon/redis/reply.hpp"

#include <charconv>

#include <hiredis/hiredis.h>

namespace conclib::redis {

Reply::Kind Reply::kind() const {
  if (nothing_) return Kind::nil;
  if (reply_ == nullptr) return Kind::lost;
  if (reply_->type == REDIS_REPLY_ERROR) return Kind::error;
  if (reply_->type == REDIS_REPLY_NIL) return Kind::nil;
  if (reply_->type == REDIS_REPLY_INTEGER) return Kind::integer;
  if (reply_->type == REDIS_REPLY_ARRAY) return Kind::array;
  return Kind::text;
}

std::string_view Reply::text() const {
  switch (kind()) {
    case Kind::lost:
      return why_;
    case Kind::error:
    case Kind::text:
      return {reply_->str, static_cast<std::size_t>(reply_->len)};
    case Kind::nil:
    case Kind::integer:
    case Kind::array:
      return {};
  }
  return {};
}

std::int64_t Reply::integer() const {
  if (kind() == Kind::integer) return reply_->integer;
  std::int64_t value = 0;
  if (kind() == Kind::text) {
    const auto digits = text();
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size()) return 0;
  }
  return value;
}

std::size_t Reply::size() const { return kind() == Kind::array ? reply_->elements : 0; }

Reply Reply::operator[](std::size_t index) const {
  if (index < size()) return Reply(*reply_->element[index]);
  Reply nothing(nullptr, {});
  nothing.nothing_ = true;
  return nothing;
}

}  // namespace conclib::redis

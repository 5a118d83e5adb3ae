// SPDX-License-Identifier: MIT
#include "daemon/runtime/payload.hpp"

#include <cstddef>

#include <fmt/core.h>

#include "proto/limits.hpp"
#include "proto/scan.hpp"
#include "proto/urn.hpp"

namespace conclib::runtime {
namespace {

using proto::fail;
using proto::Status;

/// What an object type has had since ABI 1.0.
constexpr std::size_t object_type_size_min = offsetof(conclib_object_type, object_size);
constexpr std::size_t object_align_max = 16;

bool is_complete(const conclib_object_type& type) {
  if (type.size < object_type_size_min || !type.encode) return false;
  if (!travels_by_value(type)) return type.destroy != nullptr;
  return type.destruct && type.object_size > 0 && type.object_align <= object_align_max;
}

void append(void* target, const void* from, size_t size) {
  if (size > 0) static_cast<std::string*>(target)->append(static_cast<const char*>(from), size);
}

}  // namespace

void Payload::end_object() {
  const auto* type = content_.object.type;
  if (!type) return;
  if (travels_by_value(*type)) {
    type->destruct(content_.object.object);
  } else if (type->destroy) {
    type->destroy(content_.object.object);
  }
}

proto::Result<void> Payload::check() const {
  if (content_.type.empty() || content_.type.size() > proto::limits::type_bytes_max) {
    return fail(Status::bad_argument,
                fmt::format("the name of a message type has 1 to {} bytes, not {}",
                            proto::limits::type_bytes_max, content_.type.size()));
  }
  if (is_object()) {
    const auto* object_type = content_.object.type;
    if (object_type && is_complete(*object_type)) return {};
    return fail(Status::bad_argument,
                fmt::format("the object of {} has no complete object type", content_.type));
  }
  if (!proto::is_utf8(content_.type)) {
    return fail(Status::bad_argument, "the name of a message type is not UTF-8");
  }
  if (content_.body.empty()) return {};
  if (auto checked = proto::check_value(content_.body); !checked) {
    return fail(Status::bad_argument,
                fmt::format("the body of {}: {}", content_.type, checked.error().text));
  }
  return {};
}

proto::Result<void> Payload::encode(std::string& storage) {
  if (!is_object()) return {};
  Payload object(std::move(*this));
  storage.clear();
  const conclib_writer writer{.target = &storage, .write = append};
  conclib_status status = CONCLIB_INTERNAL;
  try {
    status = object.content_.object.type->encode(object.content_.object.object, &writer);
  } catch (...) {
    return fail(Status::bad_argument, fmt::format("encoding {} threw", object.type()));
  }
  if (status != CONCLIB_OK) {
    return fail(Status::bad_argument, fmt::format("{} cannot be encoded: {}", object.type(),
                                                  proto::status_name(proto::Status(status))));
  }
  // The name is static data of the plugin, so it outlives the object.
  *this = Payload(object.type(), storage);
  return check();
}

}  // namespace conclib::runtime

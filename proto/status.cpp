// SPDX-License-Identifier: MIT
#include "proto/status.hpp"

namespace conclib::proto {
namespace {

constexpr std::string_view class_name(Status status) {
  switch (status_class(status)) {
    case StatusClass::ok:
      return "OK";
    case StatusClass::never_ran:
      return "NEVER_RAN";
    case StatusClass::ran_and_failed:
      return "RAN_AND_FAILED";
    case StatusClass::unknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

constexpr std::string_view class_text(Status status) {
  switch (status_class(status)) {
    case StatusClass::ok:
      return "success";
    case StatusClass::never_ran:
      return "the message never ran, for a reason that this version does not know";
    case StatusClass::ran_and_failed:
      return "the message ran and failed, for a reason that this version does not know";
    case StatusClass::unknown:
      return "it is not known whether the message ran";
  }
  return "it is not known whether the message ran";
}

}  // namespace

std::string_view status_name(Status status) {
  switch (static_cast<std::uint16_t>(status)) {
#define CONCLIB_STATUS_NAME(NAME, name, number, text) \
  case number:                                        \
    return #NAME;
    CONCLIB_STATUS_TABLE(CONCLIB_STATUS_NAME)
#undef CONCLIB_STATUS_NAME
  }
  return class_name(status);
}

std::string_view status_text(Status status) {
  switch (static_cast<std::uint16_t>(status)) {
#define CONCLIB_STATUS_SENTENCE(NAME, name, number, text) \
  case number:                                            \
    return text;
    CONCLIB_STATUS_TABLE(CONCLIB_STATUS_SENTENCE)
#undef CONCLIB_STATUS_SENTENCE
  }
  return class_text(status);
}

}  // namespace conclib::proto

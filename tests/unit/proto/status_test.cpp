// SPDX-License-Identifier: MIT
#include "proto/status.hpp"

#include <doctest/doctest.h>

using namespace conclib::proto;

TEST_CASE("every status of the table has its class, name and text") {
#define CHECK_STATUS(NAME, name, number, text) \
  CHECK(status_name(Status::name) == #NAME);   \
  CHECK(status_text(Status::name) == text);    \
  CHECK(static_cast<int>(status_class(Status::name)) == static_cast<int>((number) / 100));
  CONCLIB_STATUS_TABLE(CHECK_STATUS)
#undef CHECK_STATUS
}

TEST_CASE("a number from a newer daemon is known by its class") {
  CHECK(status_class(static_cast<Status>(199)) == StatusClass::never_ran);
  CHECK(status_name(static_cast<Status>(199)) == "NEVER_RAN");
  CHECK(status_name(static_cast<Status>(299)) == "RAN_AND_FAILED");
  CHECK(status_class(static_cast<Status>(399)) == StatusClass::unknown);
  CHECK(status_class(static_cast<Status>(4000)) == StatusClass::unknown);
  CHECK(status_class(static_cast<Status>(7)) == StatusClass::unknown);
}

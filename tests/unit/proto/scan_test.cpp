// SPDX-License-Identifier: MIT
#include "proto/scan.hpp"

#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <msgpack.hpp>

#include "proto/limits.hpp"

using namespace conclib::proto;
using namespace std::string_literals;

namespace {

std::string nested_arrays(std::size_t depth) { return std::string(depth, '\x91') + "\x01"; }

}  // namespace

TEST_CASE("one value of every msgpack type is well-formed") {
  for (const auto& bytes : {
           "\x00"s,
           "\x7f"s,
           "\xe0"s,
           "\xff"s,
           "\xc0"s,
           "\xc2"s,
           "\xc3"s,
           "\xc4\x02\xff\x00"s,
           "\xc5\x00\x01\xff"s,
           "\xc6\x00\x00\x00\x01\xff"s,
           "\xc7\x01\x05\xff"s,
           "\xc8\x00\x01\x05\xff"s,
           "\xc9\x00\x00\x00\x01\x05\xff"s,
           "\xca\x00\x00\x00\x00"s,
           "\xcb\x00\x00\x00\x00\x00\x00\x00\x00"s,
           "\xcc\xff"s,
           "\xcd\xff\xff"s,
           "\xce\xff\xff\xff\xff"s,
           "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s,
           "\xd0\x80"s,
           "\xd1\x80\x00"s,
           "\xd2\x80\x00\x00\x00"s,
           "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s,
           "\xd4\x05\x01"s,
           "\xd5\x05\x01\x02"s,
           "\xd6\x05\x01\x02\x03\x04"s,
           "\xd7\x05\x01\x02\x03\x04\x05\x06\x07\x08"s,
           "\xd8\x05"s + std::string(16, 'x'),
           "\xa3"
           "abc"s,
           "\xd9\x03"
           "abc"s,
           "\xda\x00\x03"
           "abc"s,
           "\xdb\x00\x00\x00\x03"
           "abc"s,
           "\x92\x01\x02"s,
           "\xdc\x00\x01\x01"s,
           "\xdd\x00\x00\x00\x01\x01"s,
           "\x81\xa1k\x01"s,
           "\xde\x00\x01\xa1k\x01"s,
           "\xdf\x00\x00\x00\x01\xa1k\x01"s,
       }) {
    CAPTURE(static_cast<unsigned>(static_cast<unsigned char>(bytes[0])));
    CHECK(check_value(bytes).has_value());
  }
}

TEST_CASE("a value that is cut anywhere is refused") {
  std::stringstream stream;
  msgpack::packer<std::stringstream> packer(stream);
  packer.pack_map(2);
  packer.pack("text"s);
  packer.pack(std::vector<std::string>{"a", "bc"});
  packer.pack("numbers"s);
  packer.pack(std::vector<double>{1.5, -2.5});
  const auto bytes = stream.str();
  REQUIRE(check_value(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(check_value(std::string_view(bytes).substr(0, size)));
  }
}

TEST_CASE("a head that announces more than there is costs nothing and is refused") {
  for (const auto& bytes :
       {"\xdd\xff\xff\xff\xff"s, "\xdf\xff\xff\xff\xff"s, "\xdb\xff\xff\xff\xff"s,
        "\xc6\xff\xff\xff\xff"s, "\xc9\xff\xff\xff\xff\x01"s}) {
    const auto result = check_value(bytes);
    REQUIRE_FALSE(result);
    CHECK(result.error().text.find("announces more") != std::string::npos);
  }
}

TEST_CASE("nesting is allowed up to its limit and refused beyond") {
  CHECK(check_value(nested_arrays(limits::depth_max)));
  CHECK_FALSE(check_value(nested_arrays(limits::depth_max + 1)));
}

TEST_CASE("bytes behind the value and the byte that is never used are refused") {
  CHECK_FALSE(check_value("\x01\x02"));
  CHECK_FALSE(check_value("\xc1"));
  CHECK_FALSE(check_value(""));
}

TEST_CASE("value() skips exactly one value") {
  Scanner scanner("\x92\x81\xa1k\x90\x02\x05");
  const auto value = scanner.value();
  REQUIRE(value);
  CHECK(value->size() == 6);
  CHECK(scanner.unsigned_integer().value() == 5);
  CHECK(scanner.at_end());
}

TEST_CASE("typed reads refuse another type and a negative number") {
  CHECK_FALSE(Scanner("\x01").text());
  CHECK_FALSE(Scanner("\xa1z").map());
  CHECK_FALSE(Scanner("\xa1z").array());
  CHECK_FALSE(Scanner("\xff").unsigned_integer());
  CHECK_FALSE(Scanner("\xd0\x80").unsigned_integer());
  CHECK(Scanner("\xd0\x7f").unsigned_integer().value() == 127);
  CHECK_FALSE(Scanner("\xa1\xff").text());
  CHECK(Scanner("\xa1\xff").binary().value() == "\xff");
}

// SPDX-License-Identifier: MIT
#include "conclib/message.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace {

struct Empty {
  CONCLIB_MESSAGE(Empty)
};

struct Item {
  std::string name;
  std::uint32_t count = 1;
  CONCLIB_MESSAGE(Item, name, count)
};

struct Order {
  std::int64_t number = -1;
  double price = 0.5;
  bool is_paid = false;
  std::string note = "none";
  Item first;
  std::vector<Item> items;
  std::optional<Item> gift;
  std::optional<int> discount;
  std::map<std::string, Item> by_name;
  std::vector<std::uint8_t> bytes;
  CONCLIB_MESSAGE(Order, number, price, is_paid, note, first, items, gift, discount, by_name, bytes)
};

struct Wide {
  int a = 0, b = 1, c = 2, d = 3, e = 4, f = 5, g = 6, h = 7, i = 8, j = 9, k = 10, l = 11, m = 12,
      n = 13, o = 14, p = 15, q = 16, r = 17, s = 18, t = 19, u = 20, v = 21, w = 22, x = 23,
      y = 24, z = 25, aa = 26, bb = 27, cc = 28, dd = 29, ee = 30, ff = 31;
  CONCLIB_MESSAGE(Wide, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y,
                  z, aa, bb, cc, dd, ee, ff)
};

template <typename T>
std::string refusal(std::string_view bytes) {
  try {
    static_cast<void>(conclib::decode<T>(bytes));
  } catch (const conclib::DecodeError& error) {
    CHECK(error.status() == CONCLIB_BAD_ARGUMENT);
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

std::string map_of_one(const std::string& name, const std::string& value) {
  return "\x81" + std::string(1, static_cast<char>(0xa0 + name.size())) + name + value;
}

}  // namespace

TEST_CASE("a message knows the name of its type") {
  CHECK(Item::conclib_type_name() == "Item");
  CHECK(Empty::conclib_type_name() == "Empty");
}

TEST_CASE("a message travels as a map from field name to value") {
  CHECK(conclib::encode(Item{"ab", 5}) == std::string("\x82\xa4name\xa2"
                                                      "ab\xa5"
                                                      "count\x05"));
  CHECK(conclib::encode(Empty{}) == "\x80");
}

TEST_CASE("every kind of field comes back as it went") {
  const Order sent{7,
                   2.25,
                   true,
                   "n",
                   {"first", 1},
                   {{"a", 1}, {"b", 2}},
                   Item{"g", 3},
                   std::nullopt,
                   {{"k", {"v", 4}}},
                   {0, 255}};
  const auto got = conclib::decode<Order>(conclib::encode(sent));
  CHECK(got.number == 7);
  CHECK(got.price == 2.25);
  CHECK(got.is_paid);
  CHECK(got.note == "n");
  CHECK(got.first.name == "first");
  REQUIRE(got.items.size() == 2);
  CHECK(got.items[1].count == 2);
  REQUIRE(got.gift.has_value());
  CHECK(got.gift->count == 3);
  CHECK(!got.discount.has_value());
  CHECK(got.by_name.at("k").count == 4);
  CHECK(got.bytes == std::vector<std::uint8_t>{0, 255});
}

TEST_CASE("a message may have many fields") {
  Wide sent;
  sent.ff = 99;
  const auto got = conclib::decode<Wide>(conclib::encode(sent));
  CHECK(got.ff == 99);
  CHECK(got.r == 17);
}

TEST_CASE("messages go in containers and alone beside plain values") {
  const std::vector<Item> sent = {{"a", 1}, {"b", 2}};
  CHECK(conclib::decode<std::vector<Item>>(conclib::encode(sent))[1].name == "b");
  CHECK(conclib::decode<int>(conclib::encode(-5)) == -5);
  CHECK(conclib::decode<std::string>(conclib::encode(std::string("x"))) == "x");
}

TEST_CASE("missing fields keep their defaults and unknown ones are ignored") {
  CHECK(conclib::decode<Order>("\x80").note == "none");
  CHECK(conclib::decode<Item>(map_of_one("count", "\x09")).count == 9);
  CHECK(conclib::decode<Item>(map_of_one("count", "\x09")).name.empty());
  CHECK(conclib::decode<Item>(map_of_one("colour", "\x93\x01\x02\x03")).count == 1);
  CHECK(conclib::decode<Item>(std::string("\x82\x01\x02\xa5") + "count\x08").count == 8);
  CHECK(conclib::decode<Empty>(map_of_one("x", "\x01")).conclib_type_name() == "Empty");
}

TEST_CASE("no bytes at all are an empty map") { CHECK(conclib::decode<Item>("").count == 1); }

TEST_CASE("a field of a wrong kind is refused with the names of message and field") {
  CHECK(refusal<Item>(map_of_one("count", "\xa1x")) ==
        "message Item: field \"count\" does not fit, found a str");
  CHECK(contains(refusal<Item>(map_of_one("name", "\x01")), "\"name\""));
  CHECK(contains(refusal<Item>(map_of_one("count", "\xc0")), "found nil"));
  CHECK(contains(refusal<Item>(map_of_one("count", "\xff")), "\"count\""));
  CHECK(contains(refusal<Item>(map_of_one("count", std::string("\xcf\0\0\0\1\0\0\0\0", 9))),
                 "\"count\""));
  CHECK(contains(refusal<Order>(map_of_one("is_paid", "\x01")), "\"is_paid\""));
}

TEST_CASE("a wrong field of a nested message is named with the message in which it stands") {
  const auto item = map_of_one("count", "\xa1x");
  CHECK(contains(refusal<Order>(map_of_one("first", item)), "message Item: field \"count\""));
  CHECK(contains(refusal<Order>(map_of_one("items", "\x91" + item)), "message Item"));
  CHECK(contains(refusal<Order>(map_of_one("items", "\x01")), "message Order: field \"items\""));
}

TEST_CASE("what is no map is no message") {
  CHECK(contains(refusal<Item>("\x01"), "message Item: expected a map"));
  CHECK(contains(refusal<Empty>("\x90"), "found an array"));
  CHECK(contains(refusal<int>("\xa1x"), "found a str"));
}

TEST_CASE("malformed bytes are refused without a large allocation") {
  CHECK(contains(refusal<Item>("\xc1"), "not valid msgpack"));
  CHECK(contains(refusal<Item>("\x81"), "not valid msgpack"));
  CHECK(contains(refusal<Item>("\x80\x80"), "bytes follow"));
  CHECK(contains(refusal<Item>("\xdd\xff\xff\xff\xff"), "not valid msgpack"));
  CHECK(contains(refusal<Item>("\xdf\xff\xff\xff\xff"), "not valid msgpack"));
  CHECK(contains(refusal<Item>(std::string(100, '\x91') + '\x01'), "not valid msgpack"));
}

TEST_CASE("a message may be declared inside a function") {
  struct Local {
    int x = 3;
    CONCLIB_MESSAGE(Local, x)
  };
  CHECK(conclib::decode<Local>(conclib::encode(Local{4})).x == 4);
}

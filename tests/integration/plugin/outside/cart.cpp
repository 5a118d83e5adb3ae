// SPDX-License-Identifier: MIT
#include <map>
#include <string>

#include <conclib/actor.hpp>

struct Put {
  std::string item;
  std::int64_t count = 1;
  CONCLIB_MESSAGE(Put, item, count)
};

struct Content {
  std::map<std::string, std::int64_t> items;
  CONCLIB_MESSAGE(Content, items)
};

class Cart final : public conclib::Actor {
 public:
  static constexpr std::string_view urn = "cart/{id}";
  Cart() { on(&Cart::put); }
  Content put(const Put& message) {
    items_[message.item] += message.count;
    return {items_};
  }

 private:
  std::map<std::string, std::int64_t> items_;
};

CONCLIB_PLUGIN("cart", "3.2.1", Cart)

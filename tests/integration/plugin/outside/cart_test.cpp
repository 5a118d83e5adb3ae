// SPDX-License-Identifier: MIT
// The test of a plugin that is linked to it, without a test framework.
#include <map>
#include <string>

#include <conclib/testkit.hpp>

struct Put {
  std::string item;
  std::int64_t count = 1;
  CONCLIB_MESSAGE(Put, item, count)
};

struct Content {
  std::map<std::string, std::int64_t> items;
  CONCLIB_MESSAGE(Content, items)
};

int main() {
  conclib::testkit::Kit kit;
  kit.load(conclib_plugin_table());
  kit.tell("cart/7", Put{"tea", 2});
  const auto content = kit.ask<Content>("cart/7", Put{"tea", 1});
  return content.items.at("tea") == 3 && kit.failures().empty() ? 0 : 1;
}

// SPDX-License-Identifier: MIT
#include "proto/keys.hpp"

#include "proto/limits.hpp"
#include "proto/urn.hpp"

namespace conclib::proto {

Keys::Keys(std::string_view name) : name_(name) {}

std::string Keys::meta() const { return "conclib:" + name_ + ":meta"; }

std::string Keys::nodes() const { return "conclib:" + name_ + ":nodes"; }

std::string Keys::control(std::string_view node) const {
  return "conclib:" + name_ + ":ctl:" + std::string(node);
}

std::string Keys::in_partition(std::uint32_t partition, std::string_view rest) const {
  std::string key = "conclib:{";
  key += name_;
  key += ':';
  key += std::to_string(partition);
  key += "}:";
  key += rest;
  return key;
}

std::string Keys::queue(std::uint32_t partition) const { return in_partition(partition, "q"); }

std::string Keys::owner(std::uint32_t partition) const { return in_partition(partition, "own"); }

std::string Keys::attempts(std::uint32_t partition) const { return in_partition(partition, "att"); }

std::string Keys::dead(std::uint32_t partition) const { return in_partition(partition, "dead"); }

std::string Keys::reply_prefix(std::uint32_t partition) const {
  return in_partition(partition, "r:");
}

std::string Keys::reply(std::uint32_t partition, std::string_view app, std::string_view id) const {
  return reply_prefix(partition) + std::string(app) + ":a" + std::string(id);
}

std::string Keys::inbox(std::uint32_t partition, std::string_view app, std::string_view id) const {
  return reply_prefix(partition) + std::string(app) + ":i" + std::string(id);
}

bool is_reply_key(std::string_view key, std::string_view prefix) {
  if (key.size() > limits::reply_key_bytes_max || key.substr(0, prefix.size()) != prefix) {
    return false;
  }
  const auto rest = key.substr(prefix.size());
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos || !is_name(rest.substr(0, colon))) return false;
  const auto id = rest.substr(colon + 1);
  return id.size() >= 2 && (id.front() == 'a' || id.front() == 'i') && is_name(id.substr(1));
}

ReplyKeyKind reply_key_kind(std::string_view key) {
  const auto id = key.substr(key.rfind(':') + 1);
  return id.front() == 'i' ? ReplyKeyKind::inbox : ReplyKeyKind::one_ask;
}

}  // namespace conclib::proto

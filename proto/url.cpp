// SPDX-License-Identifier: MIT
#include "proto/url.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include "proto/urn.hpp"

namespace conclib::proto {
namespace {

constexpr std::size_t socket_path_bytes_max = 107;  // sockaddr_un holds 108 with the final NUL

tl::unexpected<Error> invalid(const std::string& why) {
  return fail(Status::bad_argument, "the Redis URL is not valid: " + why);
}

/// Splits at the first `separator`; without one, everything is in the first half.
std::pair<std::string_view, std::string_view> split(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

Result<std::string> decode(std::string_view text, const std::string& part) {
  std::string result;
  while (!text.empty()) {
    char c = text.front();
    std::size_t length = 1;
    if (c == '%') {
      unsigned value = 0;
      const auto digits = text.substr(1, 2);
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
      if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2 || value == 0) {
        return invalid("a '%' in " + part + " is not followed by two hex digits (or is %00)");
      }
      c = static_cast<char>(value);
      length = 3;
    }
    result += c;
    text.remove_prefix(length);
  }
  return result;
}

std::string encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain = "-._~/";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
        plain.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += '%';
      result += digits[byte >> 4U];
      result += digits[byte & 15U];
    }
  }
  return result;
}

/// A whole number from `low` to `high`.
template <typename T>
bool read_number(std::string_view text, T low, T high, T& number) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high) {
    return false;
  }
  number = value;
  return true;
}

Result<void> read_db(std::string_view text, RedisUrl& url) {
  if (read_number(text, 0, std::numeric_limits<int>::max(), url.db)) return {};
  return invalid("the database \"" + std::string(text) + "\" is not a number");
}

Result<void> read_login(std::string_view text, RedisUrl& url) {
  const auto [user, password] = split(text, ':');
  auto decoded_user = decode(user, "the user");
  if (!decoded_user) return tl::unexpected(decoded_user.error());
  auto decoded_password = decode(password, "the password");
  if (!decoded_password) return tl::unexpected(decoded_password.error());
  if (decoded_password->empty()) {
    return invalid("the login before the '@' has no password; write user:password@ or :password@");
  }
  url.user = std::move(*decoded_user);
  url.password = std::move(*decoded_password);
  return {};
}

Result<void> read_address(std::string_view text, RedisUrl& url) {
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return invalid("the '[' of the IPv6 address is not closed");
    url.host = text.substr(1, end - 1);
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') {
      return invalid("only a ':' and a port may follow the ']' of the IPv6 address");
    }
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
  } else {
    const auto [host, rest] = split(text, ':');
    url.host = host;
    has_port = host.size() != text.size();
    port = rest;
    if (port.find(':') != std::string_view::npos) {
      return invalid("an IPv6 address must stand in brackets, as in redis://[::1]:6379");
    }
  }
  if (url.host.empty()) return invalid("the host is missing");
  if (has_port && !read_number<std::uint16_t>(port, 1, 65535, url.port)) {
    return invalid("the port \"" + std::string(port) + "\" is not a number from 1 to 65535");
  }
  return {};
}

Result<void> read_query(std::string_view query, RedisUrl& url) {
  while (!query.empty()) {
    const auto [parameter, rest] = split(query, '&');
    query = rest;
    const auto [name, raw] = split(parameter, '=');
    auto value = decode(raw, "the query");
    if (!value) return tl::unexpected(value.error());
    if (name == "ns") {
      if (!is_name(*value)) {
        return invalid("the namespace \"" + *value + "\" is not 1 to 64 of A-Z a-z 0-9 _ -");
      }
      url.name_space = std::move(*value);
    } else if (name == "db" && url.is_unix) {
      if (auto result = read_db(*value, url); !result) return result;
    } else {
      return invalid("unknown parameter \"" + std::string(name) + "\" in the query");
    }
  }
  return {};
}

Result<void> read_socket_path(std::string_view text, RedisUrl& url) {
  auto path = decode(text, "the path");
  if (!path) return tl::unexpected(path.error());
  if (path->size() < 2) return invalid("the path of the socket is missing");
  if (path->size() > socket_path_bytes_max) {
    return invalid("the path of the socket is longer than " +
                   std::to_string(socket_path_bytes_max) + " bytes");
  }
  url.path = std::move(*path);
  return {};
}

}  // namespace

Result<RedisUrl> parse_redis_url(std::string_view text) {
  constexpr std::string_view separator = "://";
  const auto colon = text.find(separator);
  const auto scheme = colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  RedisUrl url;
  url.is_unix = scheme == "unix";
  if (scheme == "rediss") return invalid("TLS (rediss://) is not supported");
  if (!url.is_unix && scheme != "redis") {
    return invalid("it must begin with unix:///path or redis://host");
  }
  if (text.find('#') != std::string_view::npos) return invalid("a '#' must be written as %23");

  const auto [location, query] = split(text.substr(colon + separator.size()), '?');
  const auto slash = std::min(location.find('/'), location.size());
  auto authority = location.substr(0, slash);
  const auto path = location.substr(slash);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (auto result = read_login(authority.substr(0, at), url); !result) {
      return tl::unexpected(result.error());
    }
    authority.remove_prefix(at + 1);
  } else if (!authority.empty() && text.find('@') != std::string_view::npos) {
    // Else the pieces of a password would be shown as those of something else.
    return invalid("a '/' or '?' in the user or password must be written as %2F or %3F");
  }
  if (url.is_unix) {
    if (!authority.empty()) return invalid("a unix socket has no host; write unix:///path");
    if (auto result = read_socket_path(path, url); !result) return tl::unexpected(result.error());
  } else {
    if (auto result = read_address(authority, url); !result) return tl::unexpected(result.error());
    if (path.size() > 1) {
      if (auto result = read_db(path.substr(1), url); !result) {
        return tl::unexpected(result.error());
      }
    }
  }
  if (auto result = read_query(query, url); !result) return tl::unexpected(result.error());
  return url;
}

std::string RedisUrl::printable() const {
  std::string result = is_unix ? "unix://" : "redis://";
  if (!password.empty()) result += encode(user) + ":***@";
  if (is_unix) {
    result += encode(path);
  } else {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    result += (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    result += "/" + std::to_string(db);
  }
  result += "?ns=" + name_space;
  if (is_unix && db != 0) result += "&db=" + std::to_string(db);
  return result;
}

}  // namespace conclib::proto

// SPDX-License-Identifier: MIT
/// Messages as C++ structs, for actors and callers alike. Needs msgpack-cxx and nothing else.
///
///     struct Add {
///       std::int64_t by = 1;
///       CONCLIB_MESSAGE(Add, by)
///     };
///     std::string bytes = conclib::encode(Add{5});
///     Add add = conclib::decode<Add>(bytes);
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "conclib/detail/visibility.hpp"
#include "conclib/status.h"

#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif
#include <msgpack.hpp>

/// Makes a message of the struct in which it stands. `Type` is its name on the wire; the fields
/// (any number, also none) travel as a msgpack map from name to value. A field may be anything that
/// msgpack-cxx converts: integers, floats, bools, std::string, other messages, and std::optional,
/// std::vector, std::map and their like of those. When a message is read, fields that the struct
/// does not have are ignored, and those that are missing keep what the struct was made with. The
/// struct stays an aggregate.
#define CONCLIB_MESSAGE(Type, ...)                                                              \
  static constexpr ::std::string_view conclib_type_name() noexcept { return #Type; }            \
  static constexpr ::std::string_view conclib_field_list() noexcept { return "" #__VA_ARGS__; } \
  auto conclib_fields() noexcept { return ::std::tie(__VA_ARGS__); }                            \
  auto conclib_fields() const noexcept { return ::std::tie(__VA_ARGS__); }

// Hidden: statics of templates and inline functions are else merged across the process, also
// between plugins whose messages only happen to have the same name.
namespace CONCLIB_HIDDEN conclib {

/// What every exception of conclib is: a status and one line that says what went wrong.
class Error : public std::runtime_error {
 public:
  Error(conclib_status status, const std::string& text)
      : std::runtime_error(text), status_(status) {}
  [[nodiscard]] conclib_status status() const noexcept { return status_; }

 private:
  conclib_status status_;
};

/// Bytes that are not the message that they should be. Its status is CONCLIB_BAD_ARGUMENT; the
/// text names the message type and the field.
class DecodeError : public Error {
 public:
  explicit DecodeError(const std::string& text) : Error(CONCLIB_BAD_ARGUMENT, text) {}
};

/// A struct with CONCLIB_MESSAGE in it.
template <typename T>
concept MessageStruct = requires {
  { T::conclib_type_name() } -> std::convertible_to<std::string_view>;
  { T::conclib_field_list() } -> std::convertible_to<std::string_view>;
};

namespace detail {

/// The name of T on the wire; nothing: T is no message.
template <typename T>
struct MessageName {};
template <MessageStruct T>
struct MessageName<T> {
  static constexpr std::string_view value = T::conclib_type_name();
};
template <>
struct MessageName<bool> {
  static constexpr std::string_view value = "bool";
};
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
         !std::same_as<T, char16_t> && !std::same_as<T, char32_t>) struct MessageName<T> {
  static constexpr std::string_view value = "int";
};
template <std::floating_point T>
struct MessageName<T> {
  static constexpr std::string_view value = "float";
};
template <>
struct MessageName<std::string> {
  static constexpr std::string_view value = "str";
};
// msgpack-cxx packs vectors of characters as binary data, which is no list.
template <typename T>
requires(!std::same_as<T, char> &&
         !std::same_as<T, unsigned char>) struct MessageName<std::vector<T>> {
  static constexpr std::string_view value = "list";
};
template <typename T>
struct MessageName<std::map<std::string, T>> {
  static constexpr std::string_view value = "map";
};

}  // namespace detail

/// What can be told, asked and answered: a struct with CONCLIB_MESSAGE in it, or a plain value: a
/// bool, an integer, a float, a std::string, a std::vector of what a field may be, or a std::map
/// from std::string to that. On the wire a plain value's type is called bool, int, float, str, list
/// or map.
template <typename T>
concept Message = requires {
  { detail::MessageName<T>::value } -> std::convertible_to<std::string_view>;
};

/// A message made of its first fields, in order: `make<Add>(5)`.
template <Message T, typename... Fields>
[[nodiscard]] T make(Fields&&... fields) {
  return T{std::forward<Fields>(fields)...};
}

namespace detail {

template <MessageStruct T>
inline constexpr std::size_t field_count =
    std::tuple_size_v<decltype(std::declval<T&>().conclib_fields())>;

/// Takes "a, b, c" apart.
template <std::size_t count>
constexpr std::array<std::string_view, count> split_names(std::string_view list) {
  std::array<std::string_view, count> names{};
  for (auto& name : names) {
    const auto comma = list.find(',');
    name = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    name.remove_prefix(name.find_first_not_of(' '));
    name = name.substr(0, name.find(' '));
  }
  return names;
}

// GCC does not take the namespace's visibility over to variable templates.
template <MessageStruct T>
CONCLIB_HIDDEN inline constexpr auto field_names =
    split_names<field_count<T>>(T::conclib_field_list());

/// Calls `visit(name, field)` for each field.
template <MessageStruct T, typename Self, typename Visit>
void each_field(Self& self, const Visit& visit) {
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    [[maybe_unused]] auto fields = self.conclib_fields();
    (visit(field_names<T>[i], std::get<i>(fields)), ...);
  }
  (std::make_index_sequence<field_count<T>>{});
}

[[nodiscard]] inline std::string kind_of(const msgpack::object& object) {
  switch (object.type) {
    case msgpack::type::NIL:
      return "nil";
    case msgpack::type::BOOLEAN:
      return "a bool";
    case msgpack::type::POSITIVE_INTEGER:
    case msgpack::type::NEGATIVE_INTEGER:
      return "an integer";
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
      return "a float";
    case msgpack::type::STR:
      return "a str";
    case msgpack::type::BIN:
      return "a bin";
    case msgpack::type::ARRAY:
      return "an array";
    case msgpack::type::MAP:
      return "a map";
    case msgpack::type::EXT:
      return "an ext";
  }
  return "of an unknown kind";
}

template <MessageStruct T, typename Packer>
void write_fields(Packer& packer, const T& message) {
  packer.pack_map(static_cast<std::uint32_t>(field_count<T>));
  each_field<T>(message, [&](std::string_view name, const auto& field) {
    packer.pack_str(static_cast<std::uint32_t>(name.size()));
    packer.pack_str_body(name.data(), static_cast<std::uint32_t>(name.size()));
    packer.pack(field);
  });
}

template <MessageStruct T>
[[noreturn]] void misfit(const std::string& what) {
  throw DecodeError("message " + std::string(T::conclib_type_name()) + ": " + what);
}

template <MessageStruct T>
void read_fields(const msgpack::object& object, T& message) {
  if (object.type != msgpack::type::MAP) {
    misfit<T>("expected a map from field name to value, found " + kind_of(object));
  }
  const auto* const end = object.via.map.ptr + object.via.map.size;
  for (const auto* pair = object.via.map.ptr; pair != end; ++pair) {
    if (pair->key.type != msgpack::type::STR) continue;
    const std::string_view key(pair->key.via.str.ptr, pair->key.via.str.size);
    each_field<T>(message, [&](std::string_view name, auto& field) {
      if (name != key) return;
      try {
        pair->val.convert(field);
      } catch (const msgpack::type_error&) {
        misfit<T>("field \"" + std::string(name) + "\" does not fit, found " + kind_of(pair->val));
      }
    });
  }
}

struct StringSink {
  std::string bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};

[[nodiscard]] inline msgpack::object unpack(msgpack::zone& zone, std::string_view bytes) {
  // No container or text can have more elements than there are bytes.
  const auto most = bytes.size();
  constexpr std::size_t depth_max = 64;
  const msgpack::unpack_limit limit(most, most, most, most, most, depth_max);
  std::size_t used = 0;
  try {
    const auto object = msgpack::unpack(
        zone, bytes.data(), bytes.size(), used,
        [](msgpack::type::object_type, std::size_t, void*) { return true; }, nullptr, limit);
    if (used == bytes.size()) return object;
  } catch (const msgpack::unpack_error& error) {
    throw DecodeError(std::string("not valid msgpack: ") + error.what());
  }
  throw DecodeError("not valid msgpack: bytes follow the value");
}

}  // namespace detail

/// Writes a message, or any value that msgpack-cxx packs, into a sink with the member
/// `write(const char*, std::size_t)`.
template <typename Sink, typename T>
void encode_to(Sink& sink, const T& value) {
  msgpack::packer<Sink>(sink).pack(value);
}

/// A message, or any value that msgpack-cxx packs, as one msgpack value.
template <typename T>
[[nodiscard]] std::string encode(const T& value) {
  detail::StringSink sink;
  encode_to(sink, value);
  return std::move(sink.bytes);
}

/// Reads one msgpack value; no bytes at all are an empty map. Throws DecodeError.
template <typename T>
[[nodiscard]] T decode(std::string_view bytes) {
  msgpack::zone zone;
  const auto object = detail::unpack(zone, bytes.empty() ? std::string_view("\x80") : bytes);
  T value{};
  try {
    object.convert(value);
  } catch (const msgpack::type_error&) {
    throw DecodeError("the value does not fit, found " + detail::kind_of(object));
  }
  return value;
}

}  // namespace conclib

namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {

  template <typename T>
  struct pack<T, std::enable_if_t<conclib::MessageStruct<T>>> {
    template <typename Stream>
    msgpack::packer<Stream>& operator()(msgpack::packer<Stream>& packer, const T& message) const {
      conclib::detail::write_fields(packer, message);
      return packer;
    }
  };

  template <typename T>
  struct convert<T, std::enable_if_t<conclib::MessageStruct<T>>> {
    const msgpack::object& operator()(const msgpack::object& object, T& message) const {
      conclib::detail::read_fields(object, message);
      return object;
    }
  };

  }  // namespace adaptor
}
}  // namespace msgpack

// SPDX-License-Identifier: MIT
/// Plumbing of conclib/actor.hpp: what classes are called and from which ones they derive.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include <cxxabi.h>

#include "conclib/detail/visibility.hpp"

namespace CONCLIB_HIDDEN conclib {
namespace detail {

/// What follows the last `::` that stands in no bracket: `Cart` of `shop::Cart`.
[[nodiscard]] constexpr std::string_view last_component(std::string_view name) {
  constexpr std::string_view opening = "<({[";
  constexpr std::string_view closing = ">)}]";
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (opening.find(name[at]) != std::string_view::npos) ++depth;
    if (closing.find(name[at]) != std::string_view::npos) --depth;
    if (depth == 0 && name[at] == ':') begin = at + 1;
  }
  return name.substr(begin);
}

/// The name of T without its namespaces, at compile time.
template <typename T>
[[nodiscard]] constexpr std::string_view class_name_of() {
  // "... [with T = shop::Cart; ...]" of GCC, "... [T = shop::Cart]" of Clang.
  std::string_view name = __PRETTY_FUNCTION__;
  constexpr std::string_view before = "T = ";
  name.remove_prefix(name.find(before) + before.size());
  const auto end = name.find(';');
  return last_component(name.substr(0, end == std::string_view::npos ? name.rfind(']') : end));
}

[[nodiscard]] inline std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : name;
}

/// Adds what the class and its bases are called: mangled, in full, and the last component of that.
inline void add_names(const std::type_info& type, std::vector<std::string>& names) {
  auto full = demangled(type.name());
  names.emplace_back(type.name());
  names.emplace_back(last_component(full));
  names.push_back(std::move(full));
  if (const auto* const one = dynamic_cast<const abi::__si_class_type_info*>(&type)) {
    add_names(*one->__base_type, names);
  }
  if (const auto* const many = dynamic_cast<const abi::__vmi_class_type_info*>(&type)) {
    const auto* const bases = many->__base_info;
    std::for_each(bases, bases + many->__base_count,
                  [&](const auto& base) { add_names(*base.__base_type, names); });
  }
}

[[nodiscard]] inline std::vector<std::string> names_of(const std::type_info& type) {
  std::vector<std::string> names;
  add_names(type, names);
  return names;
}

/// What the exception that is being handled says. In a catch block only.
[[nodiscard]] inline std::string exception_text() noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& error) {
      return error.what();
    }
  } catch (...) {
    const auto* const type = abi::__cxa_current_exception_type();
    if (type == nullptr) return "an exception of another language";
    return "an exception of type " + demangled(type->name());
  }
}

}  // namespace detail
}  // namespace conclib

// SPDX-License-Identifier: MIT
#include "daemon/queue/function_library.hpp"

#include <fmt/format.h>

#include "proto/limits.hpp"
#include "proto/partition.hpp"

namespace conclib::queue {
namespace {

std::string_view short_name(Function function) {
  switch (function) {
    case Function::ensure_meta:
      return "ensure_meta";
    case Function::acquire:
      return "acquire";
    case Function::renew:
      return "renew";
    case Function::release:
      return "release";
    case Function::finish:
      return "finish";
    case Function::push:
      return "push";
    case Function::announce:
      return "announce";
  }
  return "unknown";
}

}  // namespace

FunctionLibrary::FunctionLibrary()
    : name_(fmt::format("conclib_{}_{:08x}", proto::limits::protocol_version,
                        proto::crc32(functions_source))) {
  constexpr std::string_view word = "LIBRARY";
  text_ = "#!lua name=" + name_ + "\n" + std::string(functions_source);
  for (auto at = text_.find(word); at != std::string::npos; at = text_.find(word, at)) {
    text_.replace(at, word.size(), name_);
  }
}

std::string FunctionLibrary::function(Function function) const {
  return name_ + "_" + std::string(short_name(function));
}

bool is_function_missing(std::string_view error) {
  return error.find("Function not found") != std::string_view::npos;
}

}  // namespace conclib::queue

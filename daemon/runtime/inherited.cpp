// SPDX-License-Identifier: MIT
#include "daemon/runtime/inherited.hpp"

#include "proto/scan.hpp"

namespace conclib::runtime {
namespace {

void append_byte(std::string& out, std::size_t byte) { out.push_back(static_cast<char>(byte)); }

}  // namespace

Origin::Origin(const QueuedRequest& queued)
    : root(queued.request.root.empty() ? queued.request.id : queued.request.root),
      trace_parent(queued.request.trace_parent),
      trace_state(queued.request.trace_state),
      cause(queued.at) {}

Ref<const Chain> Chain::decode(std::string_view encoded) {
  proto::Scanner scanner(encoded);
  const auto length = scanner.array();
  if (!length || *length == 0) return {};
  auto* chain = new Chain;
  chain->length = *length;
  chain->elements = encoded.substr(encoded.size() - scanner.left());
  return Ref<const Chain>::adopt(chain);
}

Ref<const Chain> Chain::extend(const Chain* up, std::string_view urn) {
  auto* chain = new Chain;
  if (up) {
    chain->length = up->length;
    chain->elements = up->elements;
  }
  ++chain->length;
  // A URN has at most 255 bytes, so fixstr and str 8 are enough.
  if (urn.size() < 32) {
    append_byte(chain->elements, 0xa0 | urn.size());
  } else {
    append_byte(chain->elements, 0xd9);
    append_byte(chain->elements, urn.size());
  }
  chain->elements.append(urn);
  return Ref<const Chain>::adopt(chain);
}

bool Chain::names(std::string_view urn) const {
  proto::Scanner scanner(elements);
  while (!scanner.at_end()) {
    const auto waiting = scanner.text();
    if (!waiting) return false;
    if (*waiting == urn) return true;
  }
  return false;
}

std::string Chain::text_from(std::string_view urn) const {
  std::string all;
  proto::Scanner scanner(elements);
  while (!scanner.at_end()) {
    const auto waiting = scanner.text();
    if (!waiting) break;
    if (all.empty() && *waiting != urn) continue;
    if (!all.empty()) all += " -> ";
    all += *waiting;
  }
  return all;
}

std::string Chain::encode() const {
  std::string encoded;
  encoded.reserve(elements.size() + 3);
  if (length < 16) {
    append_byte(encoded, 0x90 | length);
  } else {
    append_byte(encoded, 0xdc);
    append_byte(encoded, length >> 8);
    append_byte(encoded, length & 0xff);
  }
  return encoded.append(elements);
}

}  // namespace conclib::runtime

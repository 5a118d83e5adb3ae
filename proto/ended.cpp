// SPDX-License-Identifier: MIT
#include "proto/ended.hpp"

#include <cstdint>

#include <msgpack.hpp>

#include "proto/scan.hpp"

namespace conclib::proto {

std::string encode_ended(const Ended& ended) {
  msgpack::sbuffer buffer;
  msgpack::packer<msgpack::sbuffer> packer(buffer);
  packer.pack_map(2);
  packer.pack(std::string_view("status"));
  packer.pack(static_cast<std::uint32_t>(ended.status));
  packer.pack(std::string_view("text"));
  packer.pack(std::string_view(ended.text));
  return {buffer.data(), buffer.size()};
}

Result<Ended> decode_ended(std::string_view bytes) {
  const auto refused = [](std::string_view why) {
    return fail(Status::bad_reply, "the end of an actor cannot be read: " + std::string(why));
  };
  if (auto checked = check_value(bytes); !checked) return refused(checked.error().text);
  try {
    const auto handle = msgpack::unpack(bytes.data(), bytes.size());
    const auto& map = handle.get();
    if (map.type != msgpack::type::MAP) return refused("it is no map");
    Ended ended;
    for (std::uint32_t i = 0; i < map.via.map.size; ++i) {
      const auto& [key, value] = map.via.map.ptr[i];
      if (key.type != msgpack::type::STR) continue;
      const auto name = key.as<std::string_view>();
      if (name == "status") {
        // A number that this program does not know keeps its class.
        ended.status = static_cast<Status>(value.as<std::uint16_t>());
      }
      if (name == "text") ended.text = value.as<std::string>();
    }
    return ended;
  } catch (const std::exception& error) {
    return refused(error.what());
  }
}

}  // namespace conclib::proto

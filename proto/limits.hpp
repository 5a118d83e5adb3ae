// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// Bounds of the wire format. All are part of the protocol (PROTOCOL.md) except where said.
namespace conclib::proto::limits {

inline constexpr std::uint64_t protocol_version = 1;

inline constexpr std::size_t urn_bytes_max = 255;
inline constexpr std::size_t type_bytes_max = 255;
inline constexpr std::size_t id_bytes_max = 64;
inline constexpr std::size_t name_bytes_max = 64;  ///< Namespace and app.
inline constexpr std::size_t reply_key_bytes_max = 255;
inline constexpr std::size_t trace_bytes_max = 512;
inline constexpr std::size_t chain_length_max = 64;
inline constexpr std::size_t envelope_fields_max = 64;
inline constexpr std::uint32_t depth_max = 64;
/// An envelope as a whole, request or reply.
inline constexpr std::size_t envelope_bytes_max = std::size_t{1} << 20;

inline constexpr std::uint32_t partitions_default = 16;
inline constexpr std::uint32_t partitions_max = 1024;

/// The longest time to live of an ask; a multiplexed client's inbox outlives it (see below).
inline constexpr std::uint64_t ask_ttl_ms_max = 24ULL * 3600 * 1000;
/// The longest time to live of a tell.
inline constexpr std::uint64_t tell_ttl_ms_max = 30ULL * 24 * 3600 * 1000;
inline constexpr std::uint64_t tell_ttl_ms_default = 3600ULL * 1000;
/// A reply to one ask is kept for the time left and this long.
inline constexpr std::uint64_t reply_grace_ms = 30'000;
/// An inbox is kept this long after the last reply into it.
inline constexpr std::uint64_t inbox_ttl_ms = ask_ttl_ms_max + reply_grace_ms;

/// Messages that may wait for one actor: what a mailbox can count.
inline constexpr std::uint32_t mailbox_messages_max = 1'000'000;

}  // namespace conclib::proto::limits

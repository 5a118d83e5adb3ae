// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace conclib::proto {

/// The names of a namespace's keys in Redis. Those of one partition share a Cluster hash tag.
class Keys {
 public:
  /// `name` is a valid namespace (see is_name).
  explicit Keys(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string meta() const;                             // conclib:<ns>:meta
  [[nodiscard]] std::string nodes() const;                            // conclib:<ns>:nodes
  [[nodiscard]] std::string control(std::string_view node) const;     // conclib:<ns>:ctl:<node>
  [[nodiscard]] std::string queue(std::uint32_t partition) const;     // conclib:{<ns>:<p>}:q
  [[nodiscard]] std::string owner(std::uint32_t partition) const;     // conclib:{<ns>:<p>}:own
  [[nodiscard]] std::string attempts(std::uint32_t partition) const;  // conclib:{<ns>:<p>}:att
  [[nodiscard]] std::string dead(std::uint32_t partition) const;      // conclib:{<ns>:<p>}:dead
  /// conclib:{<ns>:<p>}:r: — what every reply key of the partition begins with.
  [[nodiscard]] std::string reply_prefix(std::uint32_t partition) const;
  /// The reply to one ask: conclib:{<ns>:<p>}:r:<app>:a<id>
  [[nodiscard]] std::string reply(std::uint32_t partition, std::string_view app,
                                  std::string_view id) const;
  /// The inbox of a multiplexed client: conclib:{<ns>:<p>}:r:<app>:i<id>
  [[nodiscard]] std::string inbox(std::uint32_t partition, std::string_view app,
                                  std::string_view id) const;

 private:
  [[nodiscard]] std::string in_partition(std::uint32_t partition, std::string_view rest) const;

  std::string name_;
};

/// What a reply key is for; the letter before its id tells.
enum class ReplyKeyKind { one_ask, inbox };

/// Whether `key` lies in the reply space that begins with `prefix` (Keys::reply_prefix), as
/// `<app>:a<id>` or `<app>:i<id>` with an app as in is_name and an id of 1 to 64 of `A-Z a-z 0-9 _
/// -`. Only into such a key is a reply ever written.
[[nodiscard]] bool is_reply_key(std::string_view key, std::string_view prefix);

/// The kind of a key that is_reply_key accepts.
[[nodiscard]] ReplyKeyKind reply_key_kind(std::string_view key);

}  // namespace conclib::proto

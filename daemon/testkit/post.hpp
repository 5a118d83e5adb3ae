// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/runtime/ports.hpp"

namespace conclib::testkit {

/// How an ask ended.
struct Reply {
  proto::Status status = proto::Status::ok;
  std::string type;  ///< When status is ok,
  std::string body;  ///< one msgpack value.
  std::string text;  ///< When it is not.
};

/// A message of an actor for somebody whom the kit does not run.
struct Letter {
  std::string to;
  std::string from;
  std::string type;
  std::string body;
  std::uint64_t ask = 0;  ///< Its number; 0: a tell.
  std::string id;         ///< Of the ask, for the runtime.
};

/// Called with a letter between turns; true: it has taken the letter.
using Listener = std::function<bool(const Letter&)>;

/// The messages that leave the actors of a kit: those on their way, those that probes have got, and
/// those to nobody the kit knows.
/// Threading: the kit's.
class Post {
 public:
  void add_probe(std::string_view urn, Listener listener);

  /// A message is on its way.
  void send(runtime::OutboundMessage message);
  [[nodiscard]] bool has_mail() const { return !on_way_.empty(); }
  /// Takes the oldest one that is on its way; there is one.
  [[nodiscard]] Letter collect();
  /// Brings a letter to its probe. Returns an ask that nobody takes.
  [[nodiscard]] std::optional<Letter> deliver(Letter letter);

  /// Takes the oldest letter of a probe.
  [[nodiscard]] std::optional<Letter> take(std::string_view probe);
  /// The id of an ask that has not been answered, which counts as answered from now on.
  [[nodiscard]] std::optional<std::string> settle(std::uint64_t ask);
  /// Letters to nobody the kit knows.
  [[nodiscard]] const std::vector<Letter>& strays() const { return strays_; }
  /// Asks that probes have not answered.
  [[nodiscard]] std::vector<Letter> unanswered() const;

 private:
  struct Probe {
    Listener listener;
    std::deque<Letter> letters;
  };

  std::uint64_t asks_made_ = 0;
  std::deque<Letter> on_way_;
  std::map<std::string, Probe, std::less<>> probes_;
  std::map<std::uint64_t, Letter> unanswered_;
  std::vector<Letter> strays_;
};

}  // namespace conclib::testkit

// SPDX-License-Identifier: MIT
#include "sdk/cli/status_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "sdk/cli/duration.hpp"

namespace conclib::cli {

using nlohmann::json;

namespace {

constexpr std::uint64_t dead_after_leases = 3;  // PROTOCOL.md, section 11

std::uint64_t number(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_integer()) return 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, found->get<std::int64_t>()));
}

std::string text(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

json list(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_array() ? *found : json::array();
}

bool is_alive(const json& node) {
  return number(node, "age_ms") <= dead_after_leases * number(node, "lease") &&
         number(node, "lease") != 0;
}

std::string short_id(const std::string& id) { return id.substr(0, 8); }

/// 0-3,7 for a set of numbers.
std::string ranges(const std::set<std::uint64_t>& numbers) {
  std::string result;
  for (auto at = numbers.begin(); at != numbers.end();) {
    const auto first = *at;
    auto last = first;
    while (++at != numbers.end() && *at == last + 1) last = *at;
    if (!result.empty()) result += ',';
    result += std::to_string(first);
    if (last != first) result += '-' + std::to_string(last);
  }
  return result.empty() ? "-" : result;
}

std::string time_text(std::uint64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  std::array<char, 32> buffer{};
  ::gmtime_r(&seconds, &parts);
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

using Row = std::vector<std::string>;

/// Columns as wide as their widest cell; the first row is the head.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string result;
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += ' ' + row[i] + std::string(widths[i] - row[i].size() + 1, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + '\n';
  }
  return result;
}

/// What an operator should look at, one line each.
std::vector<std::string> problems(const json& status) {
  std::vector<std::string> result;
  std::set<std::uint64_t> ownerless;
  std::uint64_t dead = 0;
  for (const auto& partition : list(status, "partitions")) {
    const bool is_served =
        !text(partition, "node").empty() && number(partition, "lease_left_ms") != 0;
    if (!is_served) ownerless.insert(number(partition, "partition"));
    dead += number(partition, "dead");
  }
  if (!has_live_node(status)) {
    auto seen = number(status, "last_seen_ms");
    const auto now = number(status, "now_ms");
    for (const auto& node : list(status, "nodes")) {
      seen = std::max(seen, number(node, "heartbeat"));
    }
    result.push_back("no node is alive" + (seen == 0
                                               ? ""
                                               : "; the last one was seen " +
                                                     short_duration(std::max(now, seen) - seen) +
                                                     " ago (" + time_text(seen) + ")"));
  }
  if (!ownerless.empty()) result.push_back("partitions that no node serves: " + ranges(ownerless));
  for (const auto& node : list(status, "nodes")) {
    if (is_alive(node)) continue;
    result.push_back("node " + short_id(text(node, "id")) + " on " + text(node, "host") +
                     " is dead: no heartbeat for " + short_duration(number(node, "age_ms")));
  }
  if (dead != 0) result.push_back(std::to_string(dead) + " dead letters");
  return result;
}

std::string nodes_table(const json& status) {
  auto nodes = list(status, "nodes").get<std::vector<json>>();
  std::sort(nodes.begin(), nodes.end(), [](const json& a, const json& b) {
    const auto key = [](const json& node) {
      return std::tuple(text(node, "host"), number(node, "master"), number(node, "pid"));
    };
    return key(a) < key(b);
  });
  std::vector<Row> rows = {{"NODE", "HOST", "MASTER", "PID", "STATE", "VERSION", "UP", "SEEN",
                            "PARTITIONS", "ACTORS", "IN FLIGHT", "FINISHED"}};
  for (const auto& node : nodes) {
    // From the leases themselves: what a node says of itself is as old as its last heartbeat.
    std::set<std::uint64_t> served;
    for (const auto& partition : list(status, "partitions")) {
      if (text(partition, "node") != text(node, "id")) continue;
      served.insert(number(partition, "partition"));
    }
    const auto stats = node.value("stats", json::object());
    const auto started = number(node, "started");
    const auto now = number(status, "now_ms");
    rows.push_back(
        {short_id(text(node, "id")), text(node, "host"), std::to_string(number(node, "master")),
         std::to_string(number(node, "pid")), is_alive(node) ? text(node, "state") : "DEAD",
         text(node, "version"), short_duration(std::max(now, started) - started),
         short_duration(number(node, "age_ms")) + " ago", ranges(served),
         std::to_string(number(stats, "actors")), std::to_string(number(stats, "in_flight")),
         std::to_string(number(stats, "finished"))});
  }
  return table(rows);
}

std::string partitions_table(const json& status) {
  std::vector<Row> rows = {{"PARTITION", "NODE", "EPOCH", "QUEUED", "DEAD", "LEASE LEFT"}};
  for (const auto& partition : list(status, "partitions")) {
    const auto node = text(partition, "node");
    rows.push_back({std::to_string(number(partition, "partition")),
                    node.empty() ? "-" : short_id(node), std::to_string(number(partition, "epoch")),
                    std::to_string(number(partition, "queued")),
                    std::to_string(number(partition, "dead")),
                    short_duration(number(partition, "lease_left_ms"))});
  }
  return table(rows);
}

std::string plugins_table(const json& status) {
  std::map<std::pair<std::string, std::string>, std::size_t> plugins;
  std::map<std::string, std::size_t> types;
  for (const auto& node : list(status, "nodes")) {
    for (const auto& plugin : list(node, "plugins")) {
      ++plugins[{text(plugin, "name"), text(plugin, "version")}];
    }
    for (const auto& type : list(node, "types")) {
      if (type.is_string()) ++types[type.get<std::string>()];
    }
  }
  std::vector<Row> plugin_rows = {{"PLUGIN", "VERSION", "NODES"}};
  for (const auto& [plugin, count] : plugins) {
    plugin_rows.push_back({plugin.first, plugin.second, std::to_string(count)});
  }
  std::vector<Row> type_rows = {{"ACTOR TYPE", "NODES"}};
  for (const auto& [type, count] : types) type_rows.push_back({type, std::to_string(count)});
  return table(plugin_rows) + '\n' + table(type_rows);
}

}  // namespace

bool has_live_node(const json& status) {
  const auto nodes = list(status, "nodes");
  return std::any_of(nodes.begin(), nodes.end(), is_alive);
}

std::string status_table(const json& status) {
  const auto partitions = list(status, "partitions");
  const auto nodes = list(status, "nodes");
  const auto alive = std::count_if(nodes.begin(), nodes.end(), is_alive);
  std::uint64_t queued = 0;
  for (const auto& partition : partitions) queued += number(partition, "queued");

  std::string result = "namespace " + text(status, "namespace") + " at " + text(status, "url") +
                       "\n" + std::to_string(alive) + " of " + std::to_string(nodes.size()) +
                       " nodes alive, " + std::to_string(partitions.size()) + " partitions, " +
                       std::to_string(queued) + " messages queued\n";
  const auto wrong = problems(status);
  for (const auto& problem : wrong) result += "PROBLEM: " + problem + '\n';
  if (wrong.empty()) result += "OK\n";
  return result + '\n' + nodes_table(status) + '\n' + partitions_table(status) + '\n' +
         plugins_table(status);
}

}  // namespace conclib::cli

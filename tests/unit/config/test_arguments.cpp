// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/unit/config/command.hpp"

using namespace std::chrono_literals;
using namespace conclib::config;
using conclib::config::test::Command;
using conclib::config::test::SettingsFile;

TEST_CASE("without any setting the defaults hold") {
  const auto settings = Command{}.settings();
  CHECK(settings.name_space == "default");
  CHECK(settings.workers == 2);
  CHECK(settings.threads == 2);
  CHECK(settings.partitions == 16);
  CHECK_FALSE(settings.partitions_given);
  CHECK(settings.lease == 10s);
  CHECK(settings.plugin_dir == "/usr/lib/conclib/plugins");
  CHECK(settings.run_dir == "/run/conclib");
  CHECK(settings.state_dir == "/var/lib/conclib");
  CHECK(settings.redis_socket() == "/run/conclib/redis.sock");
  CHECK(settings.embedded_redis());
  CHECK(settings.redis_maxmemory_bytes == 256ULL << 20);
  CHECK(settings.appendfsync == AppendFsync::everysec);
  CHECK(settings.plugin_errors == PluginErrors::refuse);
  CHECK(settings.ask_timeout == 5s);
  CHECK(settings.entry_bytes_max == 1ULL << 20);
}

TEST_CASE("a flag goes before its variable, that before the file, that before the default") {
  const SettingsFile file("lease = \"20s\"\n");
  Command command{{"--config", file.path(), "--lease", "40s"}, {{"CONCLIB_LEASE", "30s"}}};
  CHECK(command.settings().lease == 40s);
  command.arguments.resize(2);
  CHECK(command.settings().lease == 30s);
  command.environment.clear();
  CHECK(command.settings().lease == 20s);
  command.arguments.clear();
  CHECK(command.settings().lease == 10s);
}

TEST_CASE("the URL of the clients says which Redis to use where nothing else does") {
  Command command{{}, {{"CONCLIB_URL", "redis://h?ns=shop"}}};
  CHECK(command.settings().redis_url == "redis://h?ns=shop");
  CHECK(command.settings().name_space == "shop");
  command.arguments = {"--redis-url="};
  CHECK(command.settings().embedded_redis());
  command.arguments = {"--redis-url=redis://other"};
  CHECK(command.settings().redis_url == "redis://other");
  command = {{}, {{"CONCLIB_URL", "http://h"}}};
  CHECK(command.refusal().find("CONCLIB_URL") != std::string::npos);
}

TEST_CASE("a client's URL that names this daemon's own socket leaves Redis embedded") {
  const Command command{{"--run-dir=/r"}, {{"CONCLIB_URL", "unix:///r/redis.sock?ns=shop"}}};
  CHECK(command.settings().embedded_redis());
  CHECK(command.settings().name_space == "shop");
}

TEST_CASE("the settings file can be named by a variable") {
  const SettingsFile file("workers = 7\n");
  CHECK(Command{{}, {{"CONCLIB_CONFIG", file.path()}}}.settings().workers == 7);
}

TEST_CASE("of a flag that stands twice the last one counts") {
  CHECK(Command{{"--workers=3", "--workers=5"}}.settings().workers == 5);
}

TEST_CASE("every setting can be given as flag, as variable and in the file") {
  const Surroundings root{
      .environment = [](const std::string&) { return std::nullopt; }, .user_id = 0, .cores = 2};
  std::vector<std::string> flags;
  std::map<std::string, std::string> variables;
  std::string contents;
  for (const auto& setting : setting_table()) {
    const auto text = setting.default_text(root);
    flags.push_back("--" + std::string(setting.name) + "=" + text);
    variables[setting.variable()] = text;
    contents += std::string(setting.name) + " = \"" + text + "\"\n";
  }
  const SettingsFile file(contents);
  CHECK(Command{flags}.settings().run_dir == "/run/conclib");
  CHECK(Command{{}, variables}.settings().run_dir == "/run/conclib");
  CHECK(Command{{"--config", file.path()}}.settings().run_dir == "/run/conclib");
}

TEST_CASE("a user who is not root gets directories of his own") {
  const Command with_session{
      {}, {{"XDG_RUNTIME_DIR", "/run/user/7"}, {"XDG_STATE_HOME", "/home/x/state"}}, 7};
  CHECK(with_session.settings().run_dir == "/run/user/7/conclib");
  CHECK(with_session.settings().state_dir == "/home/x/state/conclib");
  const Command with_home{{}, {{"HOME", "/home/x"}}, 7};
  CHECK(with_home.settings().run_dir == "/tmp/conclib-7");
  CHECK(with_home.settings().state_dir == "/home/x/.local/state/conclib");
  CHECK(Command{{}, {}, 7}.settings().state_dir == "/tmp/conclib-7/state");
}

TEST_CASE("workers and threads follow the cores unless they are given") {
  CHECK(Command{{}, {}, 0, 64}.settings().workers == 4);
  CHECK(Command{{}, {}, 0, 64}.settings().threads == 16);
  CHECK(Command{{"--workers", "1"}, {}, 0, 8}.settings().threads == 8);
  CHECK(Command{{}, {}, 0, 1}.settings().workers == 1);
  CHECK(Command{{}, {}, 0, 1}.settings().threads == 2);
}

TEST_CASE("a number of partitions that is given is told from the default") {
  const auto settings = Command{{"--partitions", "16"}}.settings();
  CHECK(settings.partitions == 16);
  CHECK(settings.partitions_given);
}

TEST_CASE("a relative directory is taken from where the daemon was started") {
  const auto settings =
      Command{{"--run-dir", "some/run/", "--state-dir", "./x/../state"}}.settings();
  CHECK(settings.run_dir == std::filesystem::current_path() / "some/run");
  CHECK(settings.state_dir == std::filesystem::current_path() / "state");
}

TEST_CASE("a wrong value is refused with its name, its place and what it may be") {
  CHECK(Command{{"--lease", "5x"}}.refusal() ==
        "lease, on the command line: '5x' is not a duration; write it like 500ms, 10s or 1m");
  CHECK(Command{{}, {{"CONCLIB_LEASE", "10ms"}}}.refusal() ==
        "lease, in the environment variable CONCLIB_LEASE: '10ms' is out of range; it can be from "
        "500ms to 1h");
  const SettingsFile file("\nworkers = 0\n");
  CHECK(Command{{"--config", file.path()}}.refusal() ==
        "workers, in " + file.path() + ", line 2: '0' is not a whole number from 1 to 256");
}

TEST_CASE("every setting refuses what it cannot be") {
  struct Wrong {
    const char* name;
    const char* value;
    const char* cure;
  };
  const std::vector<Wrong> table{
      {"namespace", "a b", "take 1 to 64 of A-Z a-z 0-9 _ -"},
      {"workers", "many", "from 1 to 256"},
      {"threads", "0", "from 1 to 256"},
      {"partitions", "1025", "from 1 to 1024"},
      {"lease", "10", "write it like 500ms"},
      {"plugin-dir", "", "name a directory"},
      {"plugin-errors", "ignore", "refuse or skip"},
      {"run-dir", "", "name a directory"},
      {"state-dir", "", "name a directory"},
      {"redis-server", "", "name the program"},
      {"redis-maxmemory", "1mb", "from 8mb"},
      {"appendfsync", "never", "always, everysec or no"},
      {"log-level", "verbose", "debug, info, warn or error"},
      {"drain-timeout", "25h", "from 0ms to 24h"},
      {"ask-timeout", "0s", "from 1ms to 24h"},
      {"handler-limit", "0ms", "from 1ms to 24h"},
      {"passivate-after", "25h", "from 0ms to 24h"},
      {"mailbox-messages", "1000001", "from 1 to"},
      {"window-messages", "1.5", "from 1 to"},
      {"window-bytes", "1kb", "from 64kb to 64gb"},
      {"entry-bytes-max", "2mb", "from 1kb to 1mb"},
      {"redis-eviction", "perhaps", "refuse or accept"},
      {"stall-timeout", "1s", "from 2s to 24h"},
      {"redis-url", "http://localhost", "redis://"},
  };
  CHECK(table.size() == setting_table().size());
  for (const auto& wrong : table) {
    CAPTURE(wrong.name);
    const auto text = Command{{"--" + std::string(wrong.name) + "=" + wrong.value}}.refusal();
    CHECK(text.rfind(std::string(wrong.name) + ", on the command line: ", 0) == 0);
    CHECK_MESSAGE(text.find(wrong.cure) != std::string::npos, text);
  }
}

TEST_CASE("an unknown flag is refused with the nearest that there is") {
  CHECK(Command{{"--leas=5s"}}.refusal() == "the flag --leas is not known; did you mean --lease?");
  CHECK(Command{{"--run_dir", "/x"}}.refusal() ==
        "the flag --run_dir is not known; did you mean --run-dir?");
  CHECK(Command{{"--zzzzzzzzzzz"}}.refusal() ==
        "the flag --zzzzzzzzzzz is not known; --help lists all");
  CHECK(Command{{"start"}}.refusal() == "'start' is not known; see --help");
  CHECK(Command{{"--lease"}}.refusal().find("--lease") != std::string::npos);
}

TEST_CASE("a run directory whose socket would have too long a name is refused") {
  const std::string fits = "/" + std::string(107 - 1 - 11, 'd');
  CHECK(Command{{"--run-dir", fits}}.settings().redis_socket().size() == 107);
  CHECK(Command{{"--run-dir", fits + "d"}}.refusal().find("run-dir: ") == 0);
  CHECK(Command{{"--run-dir", fits + "d", "--redis-url", "redis://h"}}.settings().run_dir ==
        fits + "d");
}

TEST_CASE("the URL of Redis may name the namespace, but not another one") {
  const std::string url = "--redis-url=redis://h?ns=shop";
  CHECK(Command{{url}}.settings().name_space == "shop");
  CHECK(Command{{url, "--namespace=shop"}}.settings().name_space == "shop");
  CHECK(Command{{"--redis-url=redis://h", "--namespace=shop"}}.settings().name_space == "shop");
  CHECK(Command{{url, "--namespace=other"}}.refusal() ==
        "namespace: it is 'other', but redis-url says ns=shop; leave one of them out");
}

TEST_CASE("an empty URL on the command line means the embedded Redis") {
  const Command command{{"--redis-url="}, {{"CONCLIB_REDIS_URL", "redis://h"}}};
  CHECK(command.settings().embedded_redis());
}

TEST_CASE("a window smaller than one message is refused") {
  CHECK(Command{{"--window-bytes", "64kb"}}.refusal().find("window-bytes: ") == 0);
}

TEST_CASE("help and version are printed, and --check only checks") {
  CHECK(Command{{"--version"}}.parse()->text == "conclibd " CONCLIB_VERSION "\n");
  const auto help = Command{{"--help"}}.parse();
  CHECK(help->action == Invocation::Action::print);
  CHECK(help->text.find("Exit codes:") != std::string::npos);
  CHECK(help->text.find("worker-index") == std::string::npos);
  CHECK(Command{{"--check"}}.parse()->action == Invocation::Action::check);
  CHECK(Command{{"--check", "--lease=1"}}.refusal().find("lease, ") == 0);
}

TEST_CASE("a worker learns its seat from the flags of its master") {
  const std::string node(32, 'a');
  const auto invocation = Command{
      {"--lease=2s", "--worker-index=3", "--control-fd=5", "--master-pid=77",
       "--node-id=" + node}}.parse();
  REQUIRE(invocation.has_value());
  REQUIRE(invocation->seat.has_value());
  CHECK(invocation->seat->index == 3);
  CHECK(invocation->seat->control_fd == 5);
  CHECK(invocation->seat->master_pid == 77);
  CHECK(invocation->seat->node_id == node);
  CHECK(invocation->settings.lease == 2s);
  CHECK(Command{{"--worker-index=3"}}.refusal().find("--worker-index is for conclibd itself") == 0);
}

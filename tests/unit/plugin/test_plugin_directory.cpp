// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conclib/message.hpp"
#include "daemon/plugin/plugin_directory.hpp"
#include "tests/unit/plugin/fake_host.hpp"

namespace fs = std::filesystem;

using conclib::plugin::DirectoryOptions;
using conclib::plugin::PluginDirectory;
using conclib::testing::CapturedLog;
using conclib::testing::FakeActor;

namespace {

/// A plugin directory of the test's own, filled from the fixtures.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "conclib-plugins-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::string path(const std::string& file) const { return (path_ / file).string(); }

  void add(const std::string& fixture) const { add(fixture, fixture + ".so"); }
  void add(const std::string& fixture, const std::string& file) const {
    fs::copy_file(fs::path(FIXTURE_DIR) / (fixture + ".so"), path_ / file);
    REQUIRE(::chmod(path(file).c_str(), 0644) == 0);
  }
  void write(const std::string& file, const std::string& bytes) const {
    std::ofstream(path(file), std::ios::binary) << bytes;
    REQUIRE(::chmod(path(file).c_str(), 0644) == 0);
  }

 private:
  fs::path path_;
};

DirectoryOptions options_for(const std::string& directory) {
  return {directory, {}, &conclib::testing::fill_actor_functions};
}

std::unique_ptr<PluginDirectory> loaded(const Folder& folder, const CapturedLog& log) {
  auto plugins = PluginDirectory::load(options_for(folder.path()), log.log());
  REQUIRE(plugins.has_value());
  return std::move(*plugins);
}

/// The text with which the only file of a folder is refused.
std::string refusal(const Folder& folder) {
  const CapturedLog log;
  const auto plugins = loaded(folder, log);
  CHECK(plugins->types().empty());
  REQUIRE(plugins->refusals().size() == 1);
  const auto& refused = plugins->refusals().front();
  CHECK(refused.text.find(folder.path(refused.file)) != std::string::npos);
  CHECK(log.text().find(refused.text) != std::string::npos);
  return refused.text;
}

std::string refusal_of(const std::string& fixture) {
  const Folder folder;
  folder.add(fixture);
  return refusal(folder);
}

std::string abi_text(unsigned minor) {
  return std::to_string(CONCLIB_ABI_MAJOR) + "." + std::to_string(minor);
}

bool has(const std::string& text, const std::string& part) {
  CAPTURE(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("all plugins of a directory are loaded, in the order of their file names") {
  const Folder folder;
  folder.add("good_too");
  folder.add("good");
  folder.write("README", "not a plugin");
  const CapturedLog log;
  const auto plugins = loaded(folder, log);
  CHECK(plugins->refusals().empty());
  const auto report = plugins->report();
  REQUIRE(report.size() == 2);
  CHECK(report[0].name == "misfit");
  CHECK(report[0].version == "1.0.0");
  CHECK(report[0].file == "good.so");
  CHECK(report[0].types == std::vector<std::string>{"misfit", "second/{key}"});
  CHECK(report[1].name == "good_too");
  const auto types = plugins->types();
  REQUIRE(types.size() == 4);
  CHECK(types[0].plugin_name == "misfit");
  CHECK((types[0].type->create != nullptr));
  CHECK(types[0].host == types[3].host);
  CHECK(types[0].plugin != types[3].plugin);
  has(log.text(), "loaded misfit 1.0.0 from good.so: misfit, second/{key}");
}

TEST_CASE("a broken plugin keeps no other from loading") {
  const Folder folder;
  folder.add("wrong_magic", "a.so");
  folder.add("good", "b.so");
  folder.add("load_throws", "c.so");
  folder.add("good_too", "d.so");
  folder.write("e.so",
               "\x7f"
               "ELF");
  const CapturedLog log;
  const auto plugins = loaded(folder, log);
  CHECK(plugins->report().size() == 2);
  REQUIRE(plugins->refusals().size() == 3);
  CHECK(plugins->refusals()[0].file == "a.so");
  CHECK(plugins->refusals()[1].file == "c.so");
  CHECK(plugins->refusals()[2].file == "e.so");
}

TEST_CASE("the host's table is complete") {
  const Folder folder;
  folder.add("good");
  const CapturedLog log;
  const auto plugins = loaded(folder, log);
  const auto& host = *plugins->types().front().host;
  CHECK(host.size == sizeof(conclib_host));
  CHECK(host.abi_major == CONCLIB_ABI_MAJOR);
  CHECK(conclib::plugin::view_of(host.version) == CONCLIB_VERSION);
  CHECK((host.tell != nullptr));
  CHECK((host.last_error != nullptr));
  auto* const plugin = plugins->types().front().plugin;
  CHECK(host.monotonic_ns(plugin) > 0);
  CHECK(host.wall_ms(plugin) > 1'600'000'000'000);
  CHECK(host.counter(plugin, CONCLIB_STR_INIT("No Name")) == nullptr);
}

TEST_CASE("the directory itself must be there and belong to nobody else") {
  const CapturedLog log;
  const auto absent = PluginDirectory::load(options_for("/nonexistent/plugins"), log.log());
  REQUIRE_FALSE(absent.has_value());
  has(absent.error().text, "/nonexistent/plugins: No such file or directory");

  const auto file = PluginDirectory::load(options_for("/dev/null"), log.log());
  REQUIRE_FALSE(file.has_value());
  has(file.error().text, "/dev/null: is no directory");

  const Folder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  const auto open = PluginDirectory::load(options_for(folder.path()), log.log());
  REQUIRE_FALSE(open.has_value());
  has(open.error().text, folder.path() + ": may be written by anybody: chmod o-w");
}

TEST_CASE("an empty directory is a warning") {
  const Folder folder;
  const CapturedLog log;
  const auto plugins = loaded(folder, log);
  CHECK(plugins->types().empty());
  has(log.text(), "<4>test plugin: plugin directory " + folder.path() + " holds no plugin");
}

TEST_CASE("a file that others may write is refused") {
  const Folder folder;
  folder.add("good");
  REQUIRE(::chmod(folder.path("good.so").c_str(), 0666) == 0);
  has(refusal(folder), "may be written by anybody: chmod o-w");
}

TEST_CASE("a file of another user, or one that another group may write, is refused" *
          doctest::skip(::geteuid() != 0)) {
  constexpr uid_t nobody = 65534;
  const Folder folder;
  folder.add("good");
  REQUIRE(::chown(folder.path("good.so").c_str(), nobody, 0) == 0);
  has(refusal(folder), "is owned by user 65534, who may change it");

  REQUIRE(::chown(folder.path("good.so").c_str(), 0, nobody) == 0);
  REQUIRE(::chmod(folder.path("good.so").c_str(), 0664) == 0);
  has(refusal(folder), "may be written by group 65534: chmod g-w");
}

TEST_CASE("a symlink within the directory is followed, one that leads out of it is refused") {
  const Folder folder;
  folder.add("good", "good.so.1");
  fs::create_symlink("good.so.1", folder.path("good.so"));
  const CapturedLog log;
  CHECK(loaded(folder, log)->report().size() == 1);

  const Folder outside;
  fs::create_symlink(folder.path("good.so.1"), outside.path("good.so"));
  has(refusal(outside), "is a symlink that leads out of the directory, to " + folder.path());

  const Folder dangling;
  fs::create_symlink("nowhere", dangling.path("good.so"));
  has(refusal(dangling), "cannot be found: No such file or directory");
}

TEST_CASE("what is no regular file is refused") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.path("pipe.so").c_str(), 0600) == 0);
  has(refusal(folder), "is no regular file");
  const Folder other;
  fs::create_directory(other.path("folder.so"));
  has(refusal(other), "is no regular file");
}

TEST_CASE("what is no shared object for this machine is refused before it is mapped") {
  const Folder text;
  text.write("text.so", "#!/bin/sh\necho hello\n");
  has(refusal(text), "is no shared object (not an ELF file)");

  const Folder empty;
  empty.write("empty.so", "");
  has(refusal(empty), "is no shared object (not an ELF file)");

  std::ifstream in(std::string(FIXTURE_DIR) + "/good.so", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  REQUIRE(bytes.size() > 4096);
  const Folder cut;
  cut.write("cut.so", bytes.substr(0, 4096));
  has(refusal(cut), "is cut short: copy it again");

  constexpr std::size_t machine_at = 18;
  bytes[machine_at] = 0x03;  // i386
  const Folder foreign;
  foreign.write("foreign.so", bytes);
  has(refusal(foreign), "is built for another architecture (ELF machine 3, this daemon is");
}

TEST_CASE("a library that is no plugin or cannot be linked is refused") {
  has(refusal_of("no_table"), "exports no function conclib_plugin_table");
  has(refusal_of("null_table"), "its conclib_plugin_table returned null");
  has(refusal_of("unresolved"), "undefined symbol: conclib_test_nobody_has_this");
}

TEST_CASE("a plugin of another ABI is refused") {
  const auto today = abi_text(CONCLIB_ABI_MINOR);
  has(refusal_of("wrong_magic"), "wrong magic number");
  has(refusal_of("wrong_major"), "is built for plugin ABI 2." + std::to_string(CONCLIB_ABI_MINOR) +
                                     ", this daemon has " + today + ": upgrade");
  has(refusal_of("newer_minor"), "is built for plugin ABI " + abi_text(CONCLIB_ABI_MINOR + 1) +
                                     ", this daemon has " + today + ": upgrade");
  has(refusal_of("small_table"), "has a plugin table of 40 bytes");
  has(refusal_of("small_type"), "actor type 0 has a table of 24 bytes");
}

TEST_CASE("a plugin whose table is wrong is refused") {
  has(refusal_of("bad_name"), "calls itself \"Bad Name\"");
  has(refusal_of("bad_version"), "has no version");
  has(refusal_of("bad_urn"), "actor type 0 has the URN \"cart/42\"");
  has(refusal_of("twice_urn"), "has the actor type \"misfit\", which this plugin itself has");
  has(refusal_of("no_receive"), "lacks one of the functions create, receive and destroy");
  has(refusal_of("no_types"), "has no actor types");
  has(refusal_of("unknown_flag"),
      "has flags that ABI " + abi_text(CONCLIB_ABI_MINOR) + " does not know");
}

TEST_CASE("a plugin whose load fails is refused with what it says") {
  has(refusal_of("load_fails"), "its load failed: the database is asleep");
  has(refusal_of("load_mute"), "its load failed: it did not say why");
}

TEST_CASE("an exception that a plugin lets out in its load is its refusal") {
  has(refusal_of("load_throws"), "its load failed: thrown by load");
  has(refusal_of("table_throws"), "conclib_plugin_table threw: an exception that is no std::");
}

TEST_CASE("the second plugin of a name, or with an actor type of another, is refused") {
  const Folder folder;
  folder.add("good", "a.so");
  folder.add("good", "b.so");
  folder.add("same_type", "c.so");
  const CapturedLog log;
  const auto plugins = loaded(folder, log);
  CHECK(plugins->report().size() == 1);
  REQUIRE(plugins->refusals().size() == 2);
  has(plugins->refusals()[0].text, "is named \"misfit\" as a.so is: remove one of them");
  has(plugins->refusals()[1].text, "has the actor type \"misfit\", which a.so has already");
}

TEST_CASE("what plugins share is made at load and ends at unload, the last plugin first") {
  const Folder folder;
  folder.add("sharing_a");
  folder.add("sharing_b");
  const auto journal = folder.path("journal");
  auto options = options_for(folder.path());
  options.settings["sharing_a"] = {{"journal", journal}, {"size", "7"}};
  options.settings["sharing_b"] = {{"journal", journal}};
  options.settings["nobody"] = {};
  const CapturedLog log;
  auto plugins = PluginDirectory::load(options, log.log());
  REQUIRE(plugins.has_value());
  has(log.text(), "plugin.sharing_a: a pool of 7");
  has(log.text(), "<4>test plugin: [plugin.nobody] in the configuration: no plugin of this name");
  const auto report = (*plugins)->report();
  REQUIRE(report.size() == 2);
  CHECK(report[0].numbers.front() == std::pair<std::string, std::uint64_t>("pools", 1));

  const auto type = (*plugins)->types().front();
  FakeActor swimmer(*type.type, *type.host, *type.plugin, "sharing_a/x", "x", type.plugin_data);
  REQUIRE(swimmer.create() == CONCLIB_OK);
  conclib_reply_to reply;
  CHECK(swimmer.receive("Size", "", &reply) == CONCLIB_OK);
  CHECK(reply.body == std::string("\x81\xa5value\x07", 8));
  swimmer.destroy();

  (*plugins)->unload();
  (*plugins)->unload();
  std::ifstream in(journal);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  CHECK(text == "sharing_a made\nsharing_b made\nsharing_b destroyed\nsharing_a destroyed\n");
}

TEST_CASE("a plugin's own complaint about its settings reaches the operator") {
  const Folder folder;
  folder.add("sharing_a");
  auto options = options_for(folder.path());
  options.settings["sharing_a"] = {{"size", "many"}};
  const CapturedLog log;
  const auto plugins = PluginDirectory::load(options, log.log());
  REQUIRE(plugins.has_value());
  REQUIRE((*plugins)->refusals().size() == 1);
  has((*plugins)->refusals()[0].text,
      "its load failed: setting size = \"many\": an integer is needed");
}

TEST_CASE("two plugins with other messages and actors of the same names keep them apart") {
  const Folder folder;
  folder.add("adder_one");
  folder.add("adder_two");
  const CapturedLog log;
  const auto plugins = loaded(folder, log);
  const auto types = plugins->types();
  REQUIRE(types.size() == 2);
  CHECK(types[0].type != types[1].type);
  conclib_reply_to one;
  conclib_reply_to two;
  FakeActor first(*types[0].type, *types[0].host, *types[0].plugin, "adder_one");
  FakeActor second(*types[1].type, *types[1].host, *types[1].plugin, "adder_two");
  REQUIRE(first.create() == CONCLIB_OK);
  REQUIRE(second.create() == CONCLIB_OK);
  REQUIRE(first.receive("Add", "", &one) == CONCLIB_OK);
  REQUIRE(second.receive("Add", "", &two) == CONCLIB_OK);
  CHECK(one.object_type != two.object_type);
  CHECK(one.body ==
        "\x81\xa2"
        "by\x01");
  CHECK(two.body == "\x82\xa4name\xa6nobody\xa4tags\x91\xa4none");
}

TEST_CASE("the examples are plugins that answer") {
  const CapturedLog log;
  const auto plugins = PluginDirectory::load(options_for(EXAMPLE_DIR), log.log());
  REQUIRE(plugins.has_value());
  const auto answer = [&](const std::string& plugin, const std::string& type,
                          const std::string& body) {
    for (const auto& spec : (*plugins)->types()) {
      if (spec.plugin_name != plugin) continue;
      FakeActor actor(*spec.type, *spec.host, *spec.plugin, plugin + "/k", "k");
      REQUIRE(actor.create() == CONCLIB_OK);
      conclib_reply_to reply;
      CHECK(actor.receive(type, body, &reply) == CONCLIB_OK);
      CHECK(actor.receive("Nonsense", "", nullptr) == CONCLIB_UNEXPECTED_MESSAGE);
      return reply.type + " " + reply.body;
    }
    return std::string("no such plugin");
  };
  CHECK(answer("counter", "Add",
               "\x81\xa2"
               "by\x05") == "Total \x81\xa5value\x05");
  CHECK(answer("echo", "Echo", "\x81\xa4text\xa2hi") == "Echo \x81\xa4text\xa2hi");
  CHECK(answer("example", "ExampleReqMessage", "") == "ExampleRespMessage \x80");
  CHECK(answer("c_greeter", "Hello", "") == std::string("Greeting \x82\xa4text\xa5hello\xa5"
                                                        "count\xcf\0\0\0\0\0\0\0\1",
                                                        36));
}

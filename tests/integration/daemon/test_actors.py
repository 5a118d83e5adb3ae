#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Actors of plugins answer the command line tool, and each other, through a real daemon."""
import json
import shutil
import subprocess
import tempfile
import unittest

from conclib_daemon import BUILD, Daemon, eventually


def reply_of(test, finished):
    test.assertEqual(finished.returncode, 0, finished.stderr)
    return json.loads(finished.stdout)


class ExamplesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon("--workers", "2", "--lease", "2s")
        cls.daemon.wait_shared_by(2)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def test_the_example_actor_answers(self):
        self.assertEqual(reply_of(self, self.daemon.cli("ask", "example_actor", "ExampleReqMessage")),
                         {})

    def test_the_example_actor_answers_c_and_cpp(self):
        for program in ("origin_c", "origin_cpp"):
            asked = subprocess.run([str(BUILD / "bin" / program), self.daemon.url],
                                   capture_output=True, text=True, timeout=60)
            self.assertEqual(asked.returncode, 0, asked.stderr)
            self.assertEqual(asked.stdout, "ExampleRespMessage\n")

    def test_an_actor_written_in_c_answers(self):
        got = reply_of(self, self.daemon.cli("ask", "greeter", "Hello"))
        self.assertEqual(got["text"], "hello")
        self.assertGreaterEqual(got["count"], 1)

    def test_a_counter_keeps_its_total_and_counters_are_apart(self):
        for total in (1, 2, 3):
            got = reply_of(self, self.daemon.cli("ask", "counter/kept", "Add", '{"by": 1}'))
            self.assertEqual(got, {"value": total})
        got = reply_of(self, self.daemon.cli("ask", "counter/other", "Add", '{"by": 5}'))
        self.assertEqual(got, {"value": 5})

    def test_a_tell_is_handled_and_gives_its_entry_as_receipt(self):
        told = self.daemon.cli("tell", "counter/told", "Add", '{"by": 7}')
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertRegex(told.stdout, r"\d+-\d+")
        # One sender's messages to one actor keep their order, so the tell was handled before.
        got = reply_of(self, self.daemon.cli("ask", "counter/told", "Add", '{"by": 0}'))
        self.assertEqual(got, {"value": 7})

    def test_an_unknown_message_is_told_and_the_actor_lives_on(self):
        asked = self.daemon.cli("ask", "counter/alive", "Substract", "{}")
        self.assertEqual(asked.returncode, 2)
        self.assertIn("UNEXPECTED_MESSAGE", asked.stderr)
        self.assertIn("counter/alive", asked.stderr)
        self.assertIn("Substract", asked.stderr)
        reply_of(self, self.daemon.cli("ask", "counter/alive", "Add", '{"by": 1}'))

    def test_an_unknown_actor_is_told_at_once(self):
        asked = self.daemon.cli("ask", "nobody/x", "Add", "{}")
        self.assertEqual(asked.returncode, 2)
        self.assertIn("NO_ACTOR", asked.stderr)
        self.assertIn("nobody/x", asked.stderr)

    def test_a_field_of_a_wrong_type_is_refused_by_name(self):
        asked = self.daemon.cli("ask", "counter/x", "Add", '{"by": "much"}')
        self.assertEqual(asked.returncode, 2)
        self.assertIn("by", asked.stderr)

    def test_json_that_is_nested_too_deeply_is_refused(self):
        deep = '{"text": ' + "[" * 100000 + "]" * 100000 + "}"
        asked = subprocess.run([str(BUILD / "bin/conclib"), "--url", self.daemon.url, "ask",
                                "echo/deep", "Echo", "-"], input=deep, capture_output=True,
                               text=True, timeout=60)
        self.assertEqual(asked.returncode, 1, asked.stderr)
        self.assertIn("nested", asked.stderr)

    def test_a_reply_that_cannot_be_written_is_no_success(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            asked = subprocess.run([str(BUILD / "bin/conclib"), "--url", self.daemon.url, "ask",
                                    "example_actor", "ExampleReqMessage"], stdout=full,
                                   stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(asked.returncode, 1)
        self.assertIn("output", asked.stderr)

    def test_status_shows_nodes_partitions_and_plugins(self):
        status = self.daemon.status()
        self.assertEqual(len(status["nodes"]), 2)
        self.assertEqual(len(status["partitions"]), 16)
        plugins = {plugin["name"] for node in status["nodes"] for plugin in node["plugins"]}
        self.assertTrue({"counter", "echo", "example"} <= plugins, plugins)
        table = self.daemon.cli("status").stdout
        self.assertIn("counter/{name}", table)


class RelayTest(unittest.TestCase):
    """Which worker an actor lives on is decided by its name: 40 names meet both."""

    @classmethod
    def setUpClass(cls):
        cls.plugins = tempfile.TemporaryDirectory(prefix="conclib-plugins-")
        for plugin in ("plugins/echo.so", "plugins/counter.so", "test_plugins/relay.so"):
            shutil.copy(BUILD / plugin, cls.plugins.name)
        cls.daemon = Daemon("--workers", "2", "--lease", "2s", plugin_dir=cls.plugins.name)
        cls.daemon.wait_shared_by(2)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.plugins.cleanup()

    def test_actors_ask_actors_on_any_worker(self):
        for i in range(40):
            body = json.dumps({"urn": f"echo/{i}", "text": f"text {i}"})
            got = reply_of(self, self.daemon.cli("ask", "relay/one", "Relay", body))
            self.assertEqual(got, {"text": f"text {i}"})

    def test_a_log_line_of_an_actor_names_plugin_actor_and_message(self):
        body = json.dumps({"urn": "echo/logged", "text": ""})
        reply_of(self, self.daemon.cli("ask", "relay/loud", "Relay", body))
        self.assertRegex(self.daemon.log(),
                         r"plugin\.relay: relay/loud \[[0-9a-f]{32}\]: relaying to echo/logged")

    def test_actors_tell_actors_on_any_worker(self):
        for i in range(20):
            body = json.dumps({"urn": f"counter/{i}"})
            reply_of(self, self.daemon.cli("ask", "relay/one", "Bump", body))
        for i in range(20):
            eventually(lambda: reply_of(self, self.daemon.cli(
                "ask", f"counter/{i}", "Add", '{"by": 0}')) == {"value": 1}, f"counter/{i} counts")

    def test_an_actor_hears_why_its_ask_failed(self):
        asked = self.daemon.cli("ask", "relay/one", "Relay", '{"urn": "nobody", "text": ""}')
        self.assertEqual(asked.returncode, 3, asked.stderr)
        self.assertIn("nobody", asked.stderr)


if __name__ == "__main__":
    unittest.main()

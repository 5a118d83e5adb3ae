#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How a daemon starts and what is said when it cannot, or when there is none."""
import json
import pathlib
import tempfile
import unittest

from conclib_daemon import Daemon, Redis, free_port


class StartTest(unittest.TestCase):
    def test_a_plugin_that_cannot_be_loaded_ends_the_start_and_is_named(self):
        with tempfile.TemporaryDirectory(prefix="conclib-plugins-") as folder:
            pathlib.Path(folder, "broken.so").write_text("no library\n", encoding="utf-8")
            daemon = Daemon(plugin_dir=folder, wait=False)
            self.assertEqual(daemon.process.wait(60), 65)
            daemon.stop()
        errors = [line for line in daemon.last_log.splitlines() if "master" in line and
                  " error " in line]
        self.assertEqual(len(errors), 1, daemon.last_log)
        self.assertIn("broken.so", errors[0])
        self.assertNotIn("assertion", daemon.last_log)

    def test_closed_standard_descriptors_are_not_taken_for_something_else(self):
        with Redis() as redis, Daemon(redis=redis, closed=True) as daemon:
            self.assertEqual(daemon.cli("ask", "echo/x", "Echo").returncode, 0)
            self.assertEqual(daemon.stop(), 0)


class DownTest(unittest.TestCase):
    def test_a_time_out_says_that_no_node_is_alive_and_since_when(self):
        with Redis() as redis:
            with Daemon(redis=redis, namespace="down") as daemon:
                self.assertEqual(daemon.cli("ask", "echo/x", "Echo").returncode, 0)
                self.assertEqual(daemon.stop(), 0)
                asked = daemon.cli("ask", "echo/x", "Echo", "--timeout", "500ms")
                self.assertEqual(asked.returncode, 5)
                self.assertIn("NO_NODE", asked.stderr)
                self.assertRegex(asked.stderr, r"last .*ago")

    def test_a_namespace_that_nobody_ever_served_is_told_at_once(self):
        with Redis() as redis, Daemon(redis=redis) as daemon:
            daemon.url = daemon.url.replace("ns=test", "ns=never")
            asked = daemon.cli("ask", "echo/x", "Echo", "--timeout", "30s", timeout=10)
            self.assertEqual(asked.returncode, 5)
            self.assertIn("NO_DAEMON", asked.stderr)


class TcpTest(unittest.TestCase):
    def test_daemon_and_client_use_a_redis_on_tcp_with_a_password_and_a_database(self):
        port = free_port()
        with Redis("--port", str(port), "--bind", "127.0.0.1", "--requirepass", "s3cr/t"):
            url = f"redis://:s3cr%2Ft@127.0.0.1:{port}/2"
            with Daemon(redis_url=url) as daemon:
                asked = daemon.cli("ask", "counter/x", "Add", '{"by": 2}')
                self.assertEqual(json.loads(asked.stdout), {"value": 2}, asked.stderr)
                self.assertNotIn("s3cr", daemon.log())
                daemon.url = daemon.url.replace("s3cr", "wrong")
                asked = daemon.cli("ask", "counter/x", "Add")
                self.assertNotEqual(asked.returncode, 0)
                self.assertIn("password", asked.stderr)
                self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()

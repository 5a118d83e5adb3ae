# SPDX-License-Identifier: MIT
"""The package against a real conclibd with the example plugins."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import conclib
from processes import alive, descendants, eventually

HERE = pathlib.Path(__file__).resolve().parent


class ExampleReqMessage(conclib.ActorMessage):
    pass


class ExampleRespMessage(conclib.ActorMessage):
    pass


class Add(conclib.ActorMessage):
    by: int = 1


class Read(conclib.ActorMessage):
    pass


class Total(conclib.ActorMessage):
    value: int = 0


class Echo(conclib.ActorMessage):
    text: str = ""


class Subtract(conclib.ActorMessage):
    by: int = 1


class Usage(unittest.TestCase):
    def test_the_usage_that_users_know_works_as_it_stands(self):
        with tempfile.TemporaryDirectory(prefix="cl-") as folder:
            run = subprocess.run([sys.executable, str(HERE / "origin_usage.py")],
                                 env={**os.environ, "TMPDIR": folder}, capture_output=True,
                                 text=True, check=False, timeout=60)
            self.assertEqual((run.returncode, run.stdout), (0, "ExampleRespMessage\n"), run.stderr)
            self.assertEqual(os.listdir(folder), [])

    def test_shutdown_leaves_no_process_behind(self):
        with tempfile.TemporaryDirectory(prefix="cl-") as folder:
            config = conclib.DefaultConfig(run_dir=folder)
            redis_daemon = conclib.start_redis(config=config)
            proxy = conclib.start_proxy(config=config)
            pids = [redis_daemon.pid, proxy.pid, *descendants(proxy.pid)]
            self.assertGreaterEqual(len(pids), 3)
            redis_daemon.shutdown()
            self.assertFalse(any(map(alive, pids)))

    def test_without_start_redis_the_daemon_brings_its_own(self):
        with tempfile.TemporaryDirectory(prefix="cl-") as folder:
            config = conclib.DefaultConfig(run_dir=folder)
            with conclib.start_proxy(config=config) as proxy:
                pids = [proxy.pid, *descendants(proxy.pid)]
                with conclib.ProxyClient(config=config) as client:
                    client.ask_actor("example_actor", ExampleReqMessage(), ExampleRespMessage)
            self.assertFalse(any(map(alive, pids)))


class Daemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="cl-")
        cls.addClassCleanup(folder.cleanup)
        cls.config = conclib.DefaultConfig(run_dir=folder.name, workers=2, timeout=20)
        cls.redis = conclib.start_redis(config=cls.config)
        cls.addClassCleanup(cls.redis.shutdown)
        cls.proxy = conclib.start_proxy(config=cls.config)
        cls.client = conclib.ProxyClient(config=cls.config)
        cls.addClassCleanup(cls.client.close)
        # A counter has no state to take along when its partition moves to a worker that came later.
        assert eventually(cls.shared_out, 30), cls.client.status()

    @classmethod
    def shared_out(cls):
        """Whether both nodes say that they have a share, and all of them the whole."""
        status = cls.client.status()
        shares = [node["partitions"] for node in status["nodes"]]
        return len(shares) == 2 and all(shares) and \
            sorted(sum(shares, [])) == list(range(len(status["partitions"])))

    def add(self, name, by, client=None):
        return (client or self.client).ask_actor("counter/" + name, Add(by=by), Total).value

    def test_the_example_actor_answers(self):
        answer = self.client.ask_actor("example_actor", ExampleReqMessage(),
                                       response_type=ExampleRespMessage)
        self.assertIs(type(answer), ExampleRespMessage)

    def test_a_counter_keeps_its_total(self):
        self.assertEqual([self.add("kept", by) for by in (5, -2, 0, 1 << 40)],
                         [5, 3, 3, 3 + (1 << 40)])

    def test_texts_come_back_as_they_went(self):
        for text in ("", "hello", "größe 大 \U0001F600", "\x00\n\"", "x" * 200_000):
            answer = self.client.ask_actor("echo/texts", Echo(text=text), response_type=Echo)
            self.assertEqual(answer, Echo(text=text))

    def test_a_tell_runs(self):
        for _ in range(20):
            self.client.tell_actor("counter/told", Add(by=3))
        total = self.client.ask_actor("counter/told", Read(), response_type=Total)
        self.assertEqual(total, Total(value=60))

    def test_an_unknown_message_is_told_and_the_actor_lives_on(self):
        self.add("living", 1)
        with self.assertRaises(conclib.UnexpectedMessage) as raised:
            self.client.ask_actor("counter/living", Subtract(), response_type=Total)
        self.assertIn("Subtract", str(raised.exception))
        self.assertEqual(self.add("living", 1), 2)
        with self.assertRaises(conclib.UnexpectedMessage):
            self.client.ask_actor("example_actor", Subtract())

    def test_an_actor_that_nobody_has_is_told(self):
        with self.assertRaises(conclib.NoActor) as raised:
            self.client.ask_actor("nobody/here", Add())
        self.assertIn("nobody/here", str(raised.exception))

    def test_an_answer_of_another_type_is_told(self):
        with self.assertRaises(conclib.WrongType):
            self.client.ask_actor("counter/typed", Add(), response_type=Echo)

    def test_a_field_of_another_type_is_told(self):
        with self.assertRaises(conclib.ConclibError) as raised:
            self.client.ask_actor("counter/typed", ("Add", {"by": "five"}))
        self.assertNotIsInstance(raised.exception, conclib.Unknown)
        self.assertIn("by", str(raised.exception))

    def test_a_message_that_is_too_large_never_runs(self):
        with self.assertRaises(conclib.NeverRan):
            self.client.ask_actor("echo/large", Echo(text="x" * (2 << 20)), response_type=Echo)

    def test_a_daemon_that_hangs_is_a_time_out(self):
        workers = descendants(self.proxy.pid)
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            with self.assertRaises(conclib.Timeout) as raised:
                self.client.ask_actor("counter/hung", Add(), timeout=0.3)
            self.assertLess(time.monotonic() - begun, 3)
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
        self.assertIsInstance(raised.exception, TimeoutError)
        self.assertIsInstance(raised.exception, conclib.Unknown)

    def test_eight_threads_get_their_own_answers(self):
        wrong = []

        def run(thread):
            for i in range(200):
                text = "%d/%d" % (thread, i)
                if self.client.ask_actor("echo/%d" % (i % 5), Echo(text), Echo) != Echo(text):
                    wrong.append(text)
                self.add("threads", 1)

        threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(self.add("threads", 0), 1600)

    def test_a_client_that_is_open_before_a_fork_works_after_it(self):
        self.add("forked", 1)
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                try:
                    for _ in range(50):
                        self.add("forked", 1)
                    os._exit(0)
                except BaseException:
                    os._exit(1)
            children.append(child)
        for _ in range(50):
            self.add("forked", 1)
        for child in children:
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(self.add("forked", 0), 251)

    def test_another_process_finds_the_daemon_by_its_url(self):
        source = ("import conclib\n"
                  "client = conclib.ProxyClient(config=conclib.DefaultConfig())\n"
                  "print(client.ask_actor('counter/elsewhere', ('Add', {'by': 7})))")
        run = subprocess.run([sys.executable, "-c", source],
                             env={**os.environ, "CONCLIB_URL": self.redis.url},
                             capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(run.stdout, "('Total', {'value': 7})\n", run.stderr)

    def test_status_names_nodes_plugins_and_partitions(self):
        status = self.client.status()
        self.assertEqual(len(status["nodes"]), 2)
        plugins = {plugin["name"] for node in status["nodes"] for plugin in node["plugins"]}
        self.assertLessEqual({"example", "counter", "echo"}, plugins)
        self.assertEqual(sorted(p["partition"] for p in status["partitions"]),
                         list(range(len(status["partitions"]))))


class Stopped(unittest.TestCase):
    def test_a_daemon_that_is_down_is_named_as_that(self):
        with tempfile.TemporaryDirectory(prefix="cl-") as folder:
            config = conclib.DefaultConfig(run_dir=folder)
            with conclib.start_redis(config=config), conclib.ProxyClient(config=config) as client:
                with self.assertRaises(conclib.NoDaemon):
                    client.ask_actor("example_actor", ExampleReqMessage())
                conclib.start_proxy(config=config).stop()
                with self.assertRaises(conclib.NoNode) as raised:
                    client.ask_actor("example_actor", ExampleReqMessage(), timeout=0.3)
                self.assertRegex(str(raised.exception), r"\d")
                # What was asked in vain has ended when the next daemon comes, and is not run.
                with conclib.start_proxy(config=config):
                    client.ask_actor("example_actor", ExampleReqMessage(), ExampleRespMessage)

    def test_a_plugin_directory_that_is_missing_stops_the_start_with_its_name(self):
        with tempfile.TemporaryDirectory(prefix="cl-") as folder:
            config = conclib.DefaultConfig(run_dir=folder, plugin_dir=folder + "/plugins-gone")
            with conclib.start_redis(config=config):
                with self.assertRaisesRegex(conclib.StartFailed, "plugins-gone"):
                    conclib.start_proxy(config=config)


if __name__ == "__main__":
    unittest.main()

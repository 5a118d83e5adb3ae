# SPDX-License-Identifier: MIT
"""Starting and stopping private children: a real redis-server, and stand-ins for conclibd."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
import unittest.mock

import conclib
from conclib.client import url_of
from processes import alive, eventually

# Says that it is ready, with a line for its log, and ends on SIGTERM.
READY = """
    import os, signal, socket, sys
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("serving", sys.argv[1:], flush=True)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.sendto(b"STATUS=loading", os.environ["NOTIFY_SOCKET"])
    notify.sendto(b"READY=1\\nSTATUS=up", os.environ["NOTIFY_SOCKET"])
    signal.pause()
"""
REFUSES = """
    import sys
    print("conclibd: the plugin directory is missing", file=sys.stderr)
    sys.exit(65)
"""
UNREADY = READY.replace("READY=1", "READY=0")
STUBBORN = READY.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")


class Processes(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.entered(tempfile.TemporaryDirectory(prefix="cl-")))
        self.config = conclib.DefaultConfig(run_dir=str(self.folder / "run"), start_timeout=10,
                                            plugin_dir=str(self.folder))

    def entered(self, context):
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def program(self, source):
        path = self.folder / "conclibd"
        path.write_text("#!%s\n%s" % (sys.executable, textwrap.dedent(source)))
        path.chmod(0o755)
        self.config.conclibd = str(path)

    def test_redis_answers_as_soon_as_start_redis_returns_and_goes_with_shutdown(self):
        daemon = conclib.start_redis(config=self.config)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / "run" / "redis.sock"))
            connection.sendall(b"PING\r\n")
            self.assertEqual(connection.recv(64), b"+PONG\r\n")
        daemon.shutdown()
        self.assertFalse(alive(daemon.pid))
        daemon.shutdown()

    def test_a_private_directory_goes_with_shutdown_and_comes_again(self):
        for _ in range(2):
            config = conclib.DefaultConfig(url="", run_dir="")
            with conclib.start_redis(config=config) as daemon:
                folder = pathlib.Path(daemon.url[len("unix://"):].split("?")[0]).parent
                self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
                self.assertEqual(url_of(conclib.DefaultConfig()), daemon.url)
            self.assertFalse(folder.exists())

    def test_redis_outlives_the_thread_that_started_it(self):
        started = []
        thread = threading.Thread(
            target=lambda: started.append(conclib.start_redis(config=self.config)))
        thread.start()
        thread.join()
        with started[0] as daemon:
            self.assertFalse(eventually(lambda: not alive(daemon.pid), 0.3))

    def test_a_second_redis_in_the_same_directory_is_refused(self):
        with conclib.start_redis(config=self.config):
            with self.assertRaisesRegex(conclib.StartFailed, "already runs in"):
                conclib.start_redis(config=self.config)

    def test_a_redis_that_cannot_start_says_why(self):
        self.config.redis_server = "/bin/false"
        with self.assertRaisesRegex(conclib.StartFailed, "ended with exit status 1"):
            conclib.start_redis(config=self.config)

    def test_start_redis_refuses_a_configuration_that_names_one(self):
        self.config.url = "unix:///x.sock"
        with self.assertRaisesRegex(conclib.StartFailed, "leave out"):
            conclib.start_redis(config=self.config)

    def test_shutdown_stops_the_proxy_first(self):
        self.program(READY)
        daemon = conclib.start_redis(config=self.config)
        proxy = conclib.start_proxy(config=self.config)
        self.assertTrue(alive(proxy.pid))
        self.assertEqual(proxy.url, daemon.url)
        said = eventually(lambda: proxy.log.read_text())
        self.assertIn("--redis-url", said)
        self.assertIn(daemon.url, said)
        daemon.shutdown()
        self.assertFalse(alive(proxy.pid))
        self.assertFalse(alive(daemon.pid))

    def test_without_a_redis_the_daemon_embeds_one(self):
        self.program(READY)
        with unittest.mock.patch.dict(os.environ):
            os.environ.pop("CONCLIB_URL", None)
            with conclib.start_proxy(config=self.config) as proxy:
                said = eventually(lambda: proxy.log.read_text())
                self.assertNotIn("--redis-url", said)
                self.assertEqual(url_of(self.config), proxy.url)

    def test_a_proxy_that_ends_early_shows_its_last_lines(self):
        self.program(REFUSES)
        with conclib.start_redis(config=self.config):
            with self.assertRaisesRegex(conclib.StartFailed,
                                        "status 65(.|\n)*the plugin directory is missing"):
                conclib.start_proxy(config=self.config)

    def test_a_proxy_that_is_never_ready_is_given_up(self):
        self.program(UNREADY)
        self.config.start_timeout = 0.3
        with conclib.start_redis(config=self.config):
            with self.assertRaisesRegex(conclib.StartFailed, "not ready within 0.3 s"):
                conclib.start_proxy(config=self.config)

    def test_a_proxy_that_does_not_stop_is_killed(self):
        self.program(STUBBORN)
        self.config.stop_timeout = 0.3
        with conclib.start_redis(config=self.config):
            proxy = conclib.start_proxy(config=self.config)
            proxy.stop()
            self.assertFalse(alive(proxy.pid))

    def test_a_forked_child_finds_the_redis_and_stops_nothing(self):
        with conclib.start_redis(config=self.config) as daemon:
            child = os.fork()
            if child == 0:
                found = url_of(self.config) == daemon.url
                daemon.shutdown()
                os._exit(0 if found else 1)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
            self.assertTrue(alive(daemon.pid))

    def test_everything_ends_with_the_program(self):
        for ending in ("", "os.kill(os.getpid(), signal.SIGKILL)", "os.kill(os.getpid(), 15)",
                       "raise RuntimeError", "os._exit(0)"):
            self.program(READY)
            source = ("import conclib, os, signal, sys\n"
                      "config = conclib.DefaultConfig(conclibd=sys.argv[1])\n"
                      "redis_daemon = conclib.start_redis(config=config)\n"
                      "proxy = conclib.start_proxy(config=config)\n"
                      "print(redis_daemon.pid, proxy.pid, flush=True)\n" + ending)
            run = subprocess.run([sys.executable, "-c", source, self.config.conclibd],
                                 env={**os.environ, "TMPDIR": str(self.folder)},
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            pids = [int(pid) for pid in run.stdout.split()]
            with self.subTest(ending):
                self.assertEqual(len(pids), 2)
                self.assertTrue(eventually(lambda: not any(map(alive, pids))))

    def test_ctrl_c_in_the_terminal_reaches_the_program_alone(self):
        with conclib.start_redis(config=self.config) as daemon:
            self.assertNotEqual(os.getsid(daemon.pid), os.getsid(0))
            with self.assertRaises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            self.assertTrue(alive(daemon.pid))


if __name__ == "__main__":
    unittest.main()

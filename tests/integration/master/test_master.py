# SPDX-License-Identifier: MIT
"""The master with real processes and a real redis-server; the workers are stand_in_worker.cpp."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "harness"))
from conclib_daemon import Redis, eventually, processes_of, redis_server

CONCLIBD = os.environ["CONCLIBD"]


class Master:
    """A conclibd in a folder; its journal is what it tells the service manager and its log."""

    def __init__(self, folder, *options, **environment):
        self.folder = folder
        self.run_dir = folder / "run"
        self.socket = self.run_dir / "redis.sock"
        number = time.monotonic_ns()
        self.log_path = folder / f"log-{number}"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listener.setblocking(False)
        self.listener.bind(str(folder / f"notify-{number}"))
        self.messages = []
        clean = {k: v for k, v in os.environ.items()
                 if not k.startswith("CONCLIB_") and k != "JOURNAL_STREAM"}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [CONCLIBD, "--run-dir", str(self.run_dir), "--state-dir", str(folder / "state"),
                 "--workers", "2", *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env={**clean, "NOTIFY_SOCKET": str(folder / f"notify-{number}"), **environment},
                start_new_session=True)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def told(self, message):
        """How often the service manager was told so."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.messages += self.listener.recv(4096).decode().split("\n")
        return sum(line.startswith(message) for line in self.messages)

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log()}")
            return self.told("READY=1")
        eventually(ready, "READY=1")
        return self

    def wait_logged(self, text):
        eventually(lambda: text in self.log(), f"the log says: {text}")

    def card(self, index):
        """What the worker there has left: pid, session, master's pid, node id."""
        with contextlib.suppress(FileNotFoundError):
            pid, session, master, node = (self.run_dir / f"stand-in-{index}").read_text().split()
            return int(pid), int(session), int(master), node
        return None

    def redis_pid(self):
        with contextlib.suppress(OSError):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                if connection.recv(16) == b"+PONG\r\n":
                    return int.from_bytes(
                        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4],
                        sys.byteorder)
        return None

    def redis(self, *words):
        """The raw answer of the embedded Redis to one command."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(f"*{len(words)}\r\n".encode() + b"".join(
                f"${len(word)}\r\n{word}\r\n".encode() for word in words))
            return connection.recv(65536).decode()

    def wait(self):
        return self.process.wait(60)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.wait()


class MasterTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="conclib-master-"))
        self.masters = []

    def tearDown(self):
        for master in self.masters:
            if master.process.poll() is None:
                master.process.kill()
                master.process.wait()
            master.listener.close()
        for pid in processes_of(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder)

    def master(self, *options, **environment):
        self.masters.append(Master(self.folder, *options, **environment))
        return self.masters[-1]

    def check_nothing_left(self):
        eventually(lambda: not processes_of(self.folder), "nothing of it runs", 5)

    def refused(self, master, code):
        """The one line of a start that must fail."""
        self.assertEqual(master.wait(), code, master.log())
        self.check_nothing_left()
        lines = [line for line in master.log().splitlines()
                 if line.startswith("conclibd: ") or " error " in line]
        self.assertEqual(len(lines), 1, master.log())
        return lines[0]


class Serving(MasterTest):
    def test_ready_is_told_once_all_workers_are_ready(self):
        master = self.master(CONCLIB_STAND_IN="late")
        eventually(lambda: master.card(1), "both workers run")
        self.assertEqual(master.told("READY=1"), 0)
        (master.run_dir / "go").touch()
        master.wait_ready()
        self.assertEqual(master.told("STATUS=2 workers serve namespace 'default' at unix:///"), 1)
        self.assertEqual(master.stop(), 0, master.log())
        self.assertEqual(master.told("READY=1"), 1)
        self.assertEqual(master.told("STOPPING=1"), 1)
        self.check_nothing_left()

    def test_a_watchdog_of_the_service_manager_is_fed(self):
        master = self.master(WATCHDOG_USEC="200000").wait_ready()
        before = master.told("WATCHDOG=1")
        eventually(lambda: master.told("WATCHDOG=1") >= before + 5, "WATCHDOG=1 again and again")
        self.assertEqual(master.stop(), 0)

    def test_without_a_watchdog_it_is_silent(self):
        master = self.master().wait_ready()
        self.assertEqual(master.stop(), 0)
        self.assertEqual(master.told("WATCHDOG=1"), 0)

    def test_directories_and_socket_have_their_modes(self):
        os.umask(0o077)
        self.addCleanup(os.umask, 0o022)
        master = self.master().wait_ready()
        mode = {path: stat.S_IMODE((self.folder / path).stat().st_mode)
                for path in ("run", "state", "run/redis.sock")}
        self.assertEqual(mode, {"run": 0o750, "state": 0o700, "run/redis.sock": 0o660})
        self.assertEqual(master.stop(), 0)

    def test_children_have_sessions_of_their_own_and_inherit_only_what_is_theirs(self):
        master = self.master("--workers", "1").wait_ready()
        pid, session, parent, node = master.card(0)
        self.assertEqual(session, pid)
        self.assertEqual(parent, master.process.pid)
        self.assertRegex(node, "^[0-9a-f]{32}$")
        self.assertNotIn(b"NOTIFY_SOCKET", pathlib.Path(f"/proc/{pid}/environ").read_bytes())

        def descriptors(of):
            return [os.readlink(link) for link in pathlib.Path(f"/proc/{of}/fd").iterdir()]

        worker = [name for name in descriptors(pid) if not name.startswith("pipe:")]
        self.assertEqual(sum(name.startswith("socket:") for name in worker), 1, worker)
        self.assertFalse([name for name in worker if ".lock" in name], worker)
        redis = descriptors(master.redis_pid())
        self.assertEqual([name for name in redis if ".lock" in name],
                         [str(self.folder / "state/redis.lock")])
        self.assertFalse([n for n in descriptors(master.process.pid) if "redis.lock" in n])
        self.assertEqual(master.stop(), 0)

    def test_the_embedded_redis_has_the_settings(self):
        master = self.master("--redis-maxmemory", "64mb", "--appendfsync", "always").wait_ready()
        answer = master.redis("CONFIG", "GET", "maxmemory", "maxmemory-policy", "appendonly",
                              "appendfsync")
        for value in ("67108864", "noeviction", "yes", "always"):
            self.assertIn(f"\r\n{value}\r\n", answer)
        self.assertEqual(master.stop(), 0)


class Replacing(MasterTest):
    def test_a_killed_worker_is_replaced_by_a_new_node(self):
        master = self.master().wait_ready()
        before, other = master.card(0), master.card(1)
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: master.card(0) != before, "another worker runs")
        master.wait_logged(f"worker 0 (pid {before[0]}) was killed by signal 9")
        self.assertNotEqual(master.card(0)[3], before[3])
        self.assertEqual(master.card(1), other)
        self.assertEqual(master.stop(), 0)
        self.check_nothing_left()

    def test_a_worker_that_ends_by_itself_is_replaced(self):
        master = self.master().wait_ready()
        before = master.card(0)
        os.kill(before[0], signal.SIGTERM)
        eventually(lambda: master.card(0) != before, "another worker runs")
        master.wait_logged(f"worker 0 (pid {before[0]}) exited with code 0")
        self.assertEqual(master.stop(), 0)

    def test_a_worker_that_stands_still_is_aborted_and_replaced(self):
        master = self.master("--stall-timeout", "2s").wait_ready()
        before = master.card(0)
        os.kill(before[0], signal.SIGSTOP)
        eventually(lambda: master.card(0) != before, "another worker runs")
        master.wait_logged(f"worker 0 (pid {before[0]}) was killed by signal 6")
        self.assertEqual(master.stop(), 0)

    def test_a_killed_redis_is_started_again_and_keeps_its_data(self):
        master = self.master("--appendfsync", "always").wait_ready()
        before = master.redis_pid()
        master.redis("SET", "kept", "yes")
        os.kill(before, signal.SIGKILL)
        eventually(lambda: master.redis_pid() not in (None, before), "another Redis serves")
        self.assertIn("yes", master.redis("GET", "kept"))
        master.wait_logged(f"redis-server (pid {before}) was killed by signal 9")
        self.assertEqual(master.stop(), 0)
        self.check_nothing_left()

    def test_the_redis_that_a_killed_master_left_is_adopted(self):
        first = self.master().wait_ready()
        redis = first.redis_pid()
        first.redis("SET", "kept", "yes")
        first.stop(signal.SIGKILL)
        eventually(lambda: not [pid for pid in processes_of(self.folder) if pid != redis],
                   "the workers of a killed master end")
        second = self.master("--redis-maxmemory", "99mb").wait_ready()
        self.assertEqual(second.redis_pid(), redis)
        second.wait_logged(f"adopted the redis-server (pid {redis})")
        self.assertIn("yes", second.redis("GET", "kept"))
        self.assertIn("\r\n103809024\r\n", second.redis("CONFIG", "GET", "maxmemory"))
        self.assertEqual(second.stop(), 0, second.log())
        self.check_nothing_left()

    def check_workers_end_with_their_master(self, stand_in):
        master = self.master(CONCLIB_STAND_IN=stand_in).wait_ready()
        redis = master.redis_pid()
        master.stop(signal.SIGKILL)
        eventually(lambda: processes_of(self.folder) == [redis], "only Redis is left", 10)

    def test_the_workers_of_a_killed_master_get_sigterm(self):
        self.check_workers_end_with_their_master("blind")

    def test_the_workers_of_a_killed_master_see_their_connection_end(self):
        self.check_workers_end_with_their_master("deaf")

    def test_an_adopted_redis_that_dies_is_followed_by_an_own_one(self):
        first = self.master().wait_ready()
        redis = first.redis_pid()
        first.stop(signal.SIGKILL)
        second = self.master().wait_ready()
        os.kill(redis, signal.SIGKILL)
        eventually(lambda: second.redis_pid() not in (None, redis), "another Redis serves")
        self.assertEqual(second.stop(), 0, second.log())
        self.check_nothing_left()


class Stopping(MasterTest):
    def check_stop_of_the_group(self, how):
        master = self.master().wait_ready()
        os.killpg(master.process.pid, how)
        self.assertEqual(master.wait(), 0, master.log())
        self.check_nothing_left()
        self.assertEqual(master.told("STOPPING=1"), 1)
        self.assertNotIn(" error ", master.log())
        self.assertNotIn(" warn ", master.log())

    def test_sigint_to_the_whole_foreground_group_stops_cleanly(self):
        self.check_stop_of_the_group(signal.SIGINT)

    def test_sigterm_to_the_whole_foreground_group_stops_cleanly(self):
        self.check_stop_of_the_group(signal.SIGTERM)

    def test_what_was_acknowledged_before_a_stop_is_there_after_it(self):
        first = self.master().wait_ready()
        first.redis("SET", "kept", "yes")
        self.assertEqual(first.stop(), 0)
        second = self.master().wait_ready()
        self.assertIn("yes", second.redis("GET", "kept"))
        self.assertEqual(second.stop(), 0)

    def test_a_second_signal_says_what_is_waited_for_and_a_deaf_worker_is_killed(self):
        master = self.master("--drain-timeout", "500ms", CONCLIB_STAND_IN="deaf").wait_ready()
        pid = master.card(0)[0]
        master.process.send_signal(signal.SIGTERM)
        master.wait_logged("SIGTERM: stopping")
        master.process.send_signal(signal.SIGINT)
        master.wait_logged(f"SIGINT: still stopping, waiting for worker 0 (pid {pid})")
        self.assertEqual(master.wait(), 0)
        self.assertIn("the drain time-out has passed: killing", master.log())
        self.check_nothing_left()

    def test_a_stop_before_the_workers_are_ready_is_clean(self):
        master = self.master(CONCLIB_STAND_IN="late")
        eventually(lambda: master.card(1), "both workers run")
        self.assertEqual(master.stop(), 0, master.log())
        self.check_nothing_left()


class Refusing(MasterTest):
    def test_a_second_daemon_names_the_holder(self):
        first = self.master().wait_ready()
        second = self.master()
        self.assertEqual(second.wait(), 67)
        self.assertRegex(second.log(), rf"^conclibd: run-dir: '{re.escape(str(first.run_dir))}' is "
                                       rf"in use by conclibd pid {first.process.pid} since \d{{4}}-")
        self.assertEqual(first.stop(), 0)

    def test_a_second_daemon_on_the_same_state_names_the_holder(self):
        first = self.master().wait_ready()
        second = self.master("--run-dir", str(self.folder / "other"))
        self.assertEqual(second.wait(), 67)
        self.assertIn(f"state-dir: '{self.folder}/state' is in use by redis-server pid "
                      f"{first.redis_pid()} of the conclibd in '{first.run_dir}'", second.log())
        self.assertEqual(first.stop(), 0)

    def test_a_wrong_setting_ends_with_64(self):
        line = self.refused(self.master("--lease", "soon"), 64)
        self.assertIn("lease, on the command line: 'soon' is not a duration", line)

    def test_a_worker_that_cannot_serve_ends_the_start_with_its_code(self):
        self.assertIn("bad.so: no", self.refused(self.master(CONCLIB_STAND_IN="fatal"), 65))

    def test_workers_that_die_again_and_again_end_the_start_with_71(self):
        master = self.master("--workers", "1", CONCLIB_STAND_IN="die")
        self.assertEqual(master.wait(), 71)
        self.assertIn("worker 0 died 5 times before it was ready; the last exited with code 3",
                      master.log())
        self.check_nothing_left()

    def test_a_missing_redis_server_ends_with_66(self):
        line = self.refused(self.master("--redis-server", "/nowhere/redis"), 66)
        self.assertIn("redis-server: '/nowhere/redis' is no program", line)

    def test_a_redis_that_cannot_start_ends_with_66_and_its_last_words(self):
        master = self.master().wait_ready()
        self.assertEqual(master.stop(), 0)
        for part in (self.folder / "state/appendonlydir").glob("*.incr.aof"):
            part.write_bytes(b"this is no append-only file\r\n")
        broken = self.master()
        self.assertEqual(broken.wait(), 66, broken.log())
        self.assertIn("redis.log ends with: ", broken.log())
        self.assertIn("Bad file format", broken.log())

    def test_a_directory_that_cannot_be_used_ends_with_67(self):
        (self.folder / "file").touch()
        line = self.refused(self.master("--run-dir", str(self.folder / "file")), 67)
        self.assertIn("is not a directory", line)
        line = self.refused(self.master("--run-dir", str(self.folder / "file/run")), 67)
        self.assertIn("cannot be made", line)
        (self.folder / "open").mkdir()
        (self.folder / "open").chmod(0o777)
        line = self.refused(self.master("--run-dir", str(self.folder / "open")), 67)
        self.assertIn("may be written by everybody", line)

    def test_check_only_checks(self):
        master = self.master("--check")
        self.assertEqual(master.wait(), 0)
        self.assertFalse(master.run_dir.exists())


class ExternalRedis(MasterTest):
    def on(self, redis, login="", **environment):
        return self.master("--redis-url", f"unix://{login}{redis.socket}", **environment)

    def test_a_right_one_is_used_and_left_alone(self):
        with Redis() as redis:
            master = self.on(redis).wait_ready()
            self.assertIsNone(master.redis_pid())
            self.assertEqual(master.stop(), 0)
            self.check_nothing_left()
            self.assertTrue(redis.answers())

    def test_one_that_may_evict_is_refused_with_the_cure_or_accepted(self):
        with Redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru") as redis:
            line = self.refused(self.on(redis), 66)
            self.assertIn("maxmemory-policy is 'allkeys-lru'; run 'CONFIG SET maxmemory-policy "
                          "noeviction'", line)
            master = self.on(redis, CONCLIB_REDIS_EVICTION="accept").wait_ready()
            self.assertEqual(master.stop(), 0)

    def test_a_wrong_or_missing_password_is_refused_with_the_cure(self):
        with Redis("--requirepass", "right") as redis:
            line = self.refused(self.on(redis, ":wrong@"), 66)
            self.assertIn("correct user and password in redis-url", line)
            self.assertNotIn("wrong@", line)
            line = self.refused(self.on(redis), 66)
            self.assertIn("asks for a password; write redis://user:password@", line)
            master = self.on(redis, ":right@").wait_ready()
            self.assertEqual(master.stop(), 0)

    def test_one_that_cannot_be_reached_is_refused_with_the_cure(self):
        line = self.refused(self.master("--redis-url", f"unix://{self.folder}/none.sock"), 66)
        self.assertIn("cannot be reached: ", line)
        self.assertIn("start it, or correct redis-url", line)

    def test_an_old_one_is_refused_with_the_cure(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.folder / "old.sock"))
        listener.listen()
        master = self.master("--redis-url", f"unix://{self.folder}/old.sock")
        connection, _ = listener.accept()
        with connection:
            self.assertIn(b"PING", connection.recv(4096))
            connection.sendall(b"+PONG\r\n")
            self.assertIn(b"server", connection.recv(4096))
            facts = b"# Server\r\nredis_version:6.2.7\r\n"
            connection.sendall(b"$%d\r\n%s\r\n" % (len(facts), facts))
            line = self.refused(master, 66)
        self.assertIn("is version '6.2.7'; conclib needs Redis 7.0 or newer, upgrade it", line)


if __name__ == "__main__":
    unittest.main()

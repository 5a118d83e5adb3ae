# SPDX-License-Identifier: MIT
"""Starts and stops a real conclibd for tests, in a temporary folder of its own.

The build tree comes from $CONCLIB_BUILD_DIR. Readiness is what a service manager would see: READY=1 on
NOTIFY_SOCKET. Whatever happens, nothing is left running: every process that has the temporary folder
in its command line is gone when stop() returns.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("CONCLIB_BUILD_DIR", "build/release")).resolve()
# Sanitizers make everything several times slower, and so does a busy machine.
PATIENCE = float(os.environ.get("CONCLIB_TEST_PATIENCE", "60"))


def eventually(condition, what, timeout=None):
    """Waits until condition() is true and gives its value; fails with `what` at the deadline."""
    end = time.monotonic() + (timeout or PATIENCE)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen in time: {what}")
        time.sleep(0.02)


def command_line(pid):
    """The command line of a process; empty once it has ended, also as a zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def processes_of(folder):
    """Pids of the live processes that have the folder in their command line."""
    pids = [int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and str(folder) in command_line(pid)]


def redis_server():
    """Program and argv[0] of a redis-server; Debian's redis-tools has it under another name."""
    return shutil.which("redis-server") or shutil.which("redis-check-rdb")


def free_port():
    """A TCP port of the loopback interface that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    """A redis-server on a unix socket in a folder of its own."""

    def __init__(self, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="conclib-redis-"))
        self.socket = self.folder / "redis.sock"
        self.log = self.folder / "redis.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--dir",
                 str(self.folder), "--save", "", *options],
                executable=redis_server(), stdout=log, stderr=subprocess.STDOUT)
        try:
            eventually(self.answers, "redis-server answers")
        except BaseException:
            self.stop()
            raise

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("redis-server ended:\n" + self.log.read_text())
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))
            except OSError:
                return False

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Daemon:
    """A conclibd. With `redis` (a Redis) or `redis_url` it uses that one, else its embedded one.

    `closed`: it is started without standard descriptors, so it has no log.
    """

    def __init__(self, *options, namespace="test", redis=None, redis_url=None, plugin_dir=None,
                 folder=None, wait=True, closed=False):
        self.owns_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="conclib-test-"))
        self.run_dir = self.folder / "run"
        if redis:
            redis_url = f"unix://{redis.socket}"
        self.url = f"{redis_url or f'unix://{self.run_dir}/redis.sock'}?ns={namespace}"
        self.log_path = self.folder / f"conclibd-{time.monotonic_ns()}.log"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify = self.folder / f"notify-{time.monotonic_ns()}.sock"
        self.listener.bind(str(notify))
        self.notified = []
        command = [str(BUILD / "bin/conclibd"), "--namespace", namespace, "--run-dir",
                   str(self.run_dir), "--state-dir", str(self.folder / "state"), "--plugin-dir",
                   str(plugin_dir or BUILD / "plugins")]
        if redis_url:
            command += ["--redis-url", redis_url]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CONCLIB_")}
        command += options
        if closed:
            command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"] + command
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log,
                env=dict(environment, NOTIFY_SOCKET=str(notify)), start_new_session=True)
        if wait:
            try:
                self.wait_ready()
            except BaseException:
                self.stop()
                raise

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def poll_notified(self):
        """All messages to the service manager so far."""
        self.listener.setblocking(False)
        try:
            while True:
                self.notified.append(self.listener.recv(4096).decode())
        except BlockingIOError:
            return self.notified

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"conclibd ended with {self.process.returncode}:\n{self.log()}")
            return any("READY=1" in message for message in self.poll_notified())
        try:
            eventually(ready, "conclibd is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def workers(self):
        """Pids of the workers."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in children if "--worker-index" in command_line(pid)]

    def cli(self, *arguments, timeout=60):
        """Runs the command line tool; gives the finished process."""
        return subprocess.run([str(BUILD / "bin/conclib"), "--url", self.url, *arguments],
                              capture_output=True, text=True, timeout=timeout)

    def status(self):
        """What `conclib status --json` shows."""
        return json.loads(self.cli("status", "--json").stdout)

    def owners(self):
        """Partition -> node, of all partitions that are served."""
        return {row["partition"]: row["node"] for row in self.status()["partitions"] if row["node"]}

    def is_shared_by(self, nodes):
        """Whether every partition is served, and so many nodes share them evenly."""
        owners = self.owners()
        shares = [list(owners.values()).count(node) for node in set(owners.values())]
        return (len(owners) == len(self.status()["partitions"]) and len(shares) == nodes and
                max(shares) - min(shares) <= 1)

    def wait_shared_by(self, nodes):
        """Actors keep what they have in memory only as long as their partition stays."""
        eventually(lambda: self.is_shared_by(nodes), f"{nodes} nodes share the partitions evenly")

    def stop(self, how=signal.SIGTERM):
        """Ends the daemon and gives its exit code; kills what is left of it and complains."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        left = processes_of(self.folder)
        if left:
            try:
                eventually(lambda: not processes_of(self.folder), "children end", 5)
            except AssertionError:
                for pid in processes_of(self.folder):
                    os.kill(pid, signal.SIGKILL)
        self.listener.close()
        log = self.log()
        if self.owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        if code is None:
            raise AssertionError("conclibd did not stop; its log:\n" + log)
        self.last_log = log
        # A worker's own exit code is not ours to see, its last words are.
        for trouble in ("Sanitizer", "runtime error:", "assertion failed"):
            if trouble in log:
                raise AssertionError(f"a process of the daemon says {trouble}:\n{log}")
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.listener._closed:
            self.stop()

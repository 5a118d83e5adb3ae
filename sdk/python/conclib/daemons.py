# SPDX-License-Identifier: MIT
"""A private Redis and a private conclibd for development and tests: started, owned and stopped
here."""

from __future__ import annotations

import os
import pathlib
import socket
import time
from types import TracebackType
from typing import Dict, List, Optional, Type

from . import _locate, _session
from ._child import Child
from .config import DefaultConfig
from .errors import StartFailed

# A child that is not ready is looked at this often, in seconds.
PAUSE = 0.01


class RedisDaemon:
    """A private redis-server, and with it the conclibd that start_proxy put on top.

    Threading: any thread. Also a context manager that ends with shutdown().
    """

    def __init__(self, config: DefaultConfig, session: _session.Session, child: Child) -> None:
        self._config = config
        self._session = session
        self._child = child
        #: For clients in other processes, as $CONCLIB_URL for example.
        self.url: str = config.socket_url(session.socket)

    @property
    def pid(self) -> int:
        return self._child.pid

    def shutdown(self) -> None:
        """Stops the proxy and then Redis, and waits for them. Repeats are harmless; a process that
        was forked from the owner stops nothing. Runs by itself when the program ends."""
        with _session.lock:
            if self._session.redis is self._child and self._session.owner == os.getpid():
                self._session.stop_redis(self._config.stop_timeout)
                _session.end(self._session)

    def __enter__(self) -> "RedisDaemon":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.shutdown()


class Proxy:
    """A private conclibd. Threading: any thread. Also a context manager that ends with stop()."""

    def __init__(self, config: DefaultConfig, session: _session.Session, child: Child,
                 url: str) -> None:
        self._config = config
        self._session = session
        self._child = child
        #: For clients in other processes, as $CONCLIB_URL for example.
        self.url = url

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def log(self) -> pathlib.Path:
        """What conclibd wrote; goes with a private run directory."""
        return self._child.log

    def stop(self) -> None:
        """Stops conclibd and waits for it. Repeats are harmless; a process that was forked from the
        owner stops nothing. Runs by itself when the program ends."""
        with _session.lock:
            if self._session.proxy is self._child and self._session.owner == os.getpid():
                self._session.stop_proxy(self._config.stop_timeout)
                _session.end(self._session)

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.stop()


def start_redis(config: Optional[DefaultConfig] = None) -> RedisDaemon:
    """Starts a private redis-server and returns when it answers.

    It listens on a unix socket in the run directory, keeps nothing on disk and ends with this
    process. StartFailed and NotFound say what is in the way.
    """
    config = config or DefaultConfig()
    if config.url:
        raise StartFailed("the configuration has the url of a Redis that runs already; leave out "
                          "start_redis or the url")
    program = _locate.redis_server(config.redis_server)
    with _session.lock:
        session = _session.begin(config)
        if session.redis is not None or session.embedded:
            raise StartFailed("a Redis of this process already runs in %s" % session.directory)
        path = session.directory / "redis.sock"
        # The name matters: one program is server and tools, by the name that it is started with.
        arguments = ["redis-server", "--port", "0", "--unixsocket", str(path),
                     "--unixsocketperm", "700", "--dir", str(session.directory), "--save", "",
                     "--appendonly", "no", "--maxmemory-policy", "noeviction"]
        try:
            child = Child("redis-server", arguments, session.directory / "redis.log", program)
            try:
                _await_ping(child, str(path), config.start_timeout)
            except BaseException:
                child.stop(config.stop_timeout)
                raise
        except BaseException:
            _session.end(session)
            raise
        session.redis = child
        return RedisDaemon(config, session, child)


def start_proxy(config: Optional[DefaultConfig] = None) -> Proxy:
    """Starts a conclibd with its plugins and returns when it is ready to be asked.

    It serves the Redis of `url`, else that of start_redis, else that of $CONCLIB_URL, else one
    that it embeds. It ends with this process. StartFailed and NotFound say what is in the way.
    """
    config = config or DefaultConfig()
    program = _locate.conclibd(config.conclibd)
    with _session.lock:
        session = _session.begin(config)
        if session.proxy is not None:
            raise StartFailed("a conclibd of this process already runs in %s" % session.directory)
        try:
            url = _redis_of(config, session)
            child = _start_conclibd(config, session, program, url)
        except BaseException:
            _session.end(session)
            raise
        session.proxy = child
        session.embedded = not url
        return Proxy(config, session, child, url or config.socket_url(session.socket))


def _redis_of(config: DefaultConfig, session: _session.Session) -> str:
    """The URL for conclibd; empty when it is to embed its Redis."""
    if config.url:
        return config.named(config.url)
    if session.redis is not None:
        return config.socket_url(session.socket)
    given = os.environ.get("CONCLIB_URL", "")
    return config.named(given) if given else ""


def _start_conclibd(config: DefaultConfig, session: _session.Session, program: str,
                    url: str) -> Child:
    directory = session.directory
    notify = directory / "notify.sock"
    notify.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ready:
        ready.bind(str(notify))
        child = Child("conclibd", [program] + _arguments(config, directory, url),
                      directory / "conclibd.log", environment=_environment(notify))
        try:
            _await_ready(child, ready, config.start_timeout)
        except BaseException:
            child.stop(config.stop_timeout)
            raise
        finally:
            notify.unlink(missing_ok=True)
    return child


def _arguments(config: DefaultConfig, directory: pathlib.Path, url: str) -> List[str]:
    arguments = ["--run-dir", str(directory)]
    if config.state_dir or "CONCLIB_STATE_DIR" not in os.environ:
        arguments += ["--state-dir", config.state_dir or str(directory / "state")]
    plugins = _locate.plugin_dir(config.plugin_dir)
    if plugins:
        arguments += ["--plugin-dir", plugins]
    if url:
        arguments += ["--redis-url", url]
    else:
        arguments += ["--namespace", config.effective_namespace()]
    if config.workers is not None or "CONCLIB_WORKERS" not in os.environ:
        arguments += ["--workers", str(config.workers or 1)]
    if not url:
        arguments += ["--redis-server", _locate.redis_server(config.redis_server)]
    return arguments


def _environment(notify: pathlib.Path) -> Dict[str, str]:
    """Without what concerns this process's own service, or another Redis than the one chosen."""
    strangers = ("WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
                 "CONCLIB_REDIS_URL", "CONCLIB_URL", "CONCLIB_NAMESPACE")
    environment = {name: value for name, value in os.environ.items() if name not in strangers}
    environment["NOTIFY_SOCKET"] = str(notify)
    return environment


def _await_ready(child: Child, ready: socket.socket, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    ready.settimeout(0.1)
    while True:
        try:
            if b"READY=1" in ready.recv(4096).split(b"\n"):
                return
        except socket.timeout:
            pass
        if not child.alive:
            raise child.failure("%s before it was ready" % child.how_it_ended())
        if time.monotonic() > deadline:
            raise child.failure("was not ready within %g s" % seconds)


def _await_ping(child: Child, path: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not _answers_ping(path):
        if child.wait(PAUSE):
            raise child.failure("%s before it was ready" % child.how_it_ended())
        if time.monotonic() > deadline:
            raise child.failure("did not answer within %g s" % seconds)


def _answers_ping(path: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
            connection.settimeout(1.0)
            connection.connect(path)
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False

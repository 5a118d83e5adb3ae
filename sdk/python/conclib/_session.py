# SPDX-License-Identifier: MIT
"""What this process has started, by run directory, so that all its parts find it and it ends
once."""

from __future__ import annotations

import atexit
import os
import pathlib
import shutil
import tempfile
import threading
from typing import Dict, Optional

from ._child import Child
from .config import DefaultConfig
from .errors import StartFailed

# A unix socket's path may have 107 bytes; this is what stands behind the directory's name.
DIRECTORY_BYTES_MAX = 107 - len("/redis.sock")


class Session:
    """A run directory and the children that live in it: a Redis, a conclibd, or both.

    Threading: under `lock` of this module.
    """

    def __init__(self, run_dir: str) -> None:
        self.owner = os.getpid()
        self.private = not run_dir
        self.directory = pathlib.Path(run_dir or private_directory())
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if len(os.fsencode(self.directory)) > DIRECTORY_BYTES_MAX:
            raise StartFailed("run_dir %s is too long for the socket in it; name a shorter "
                              "directory" % self.directory)
        self.redis: Optional[Child] = None
        self.proxy: Optional[Child] = None
        self.embedded = False

    @property
    def socket(self) -> str:
        """Of the Redis that this process started, itself or through conclibd. Empty: none."""
        return str(self.directory / "redis.sock") if self.redis or self.embedded else ""

    @property
    def empty(self) -> bool:
        return self.redis is None and self.proxy is None

    def stop_proxy(self, patience: float) -> None:
        if self.proxy is not None:
            self.proxy.stop(patience)
            self.proxy = None
            self.embedded = False

    def stop_redis(self, patience: float) -> None:
        """Stops the proxy first: it writes what it still has to this Redis."""
        self.stop_proxy(patience)
        if self.redis is not None:
            self.redis.stop(patience)
            self.redis = None


lock = threading.RLock()
_sessions: Dict[str, Session] = {}


def private_directory() -> str:
    """A new directory that only this user may enter, with a short name."""
    directory = tempfile.mkdtemp(prefix="conclib-")
    if len(os.fsencode(directory)) <= DIRECTORY_BYTES_MAX:
        return directory
    os.rmdir(directory)
    return tempfile.mkdtemp(prefix="conclib-", dir="/tmp")


def of(config: DefaultConfig) -> Optional[Session]:
    """What was started with this configuration's run directory."""
    with lock:
        return _sessions.get(config.effective_run_dir())


def begin(config: DefaultConfig) -> Session:
    """The same, made when there is none. One that was inherited in a fork is replaced."""
    with lock:
        key = config.effective_run_dir()
        session = _sessions.get(key)
        if session is None or session.owner != os.getpid():
            session = _sessions[key] = Session(key)
        return session


def end(session: Session) -> None:
    """Forgets a session in which nothing runs any more, with its private directory."""
    with lock:
        if not session.empty:
            return
        for key in [key for key, known in _sessions.items() if known is session]:
            del _sessions[key]
        if session.private and session.owner == os.getpid():
            shutil.rmtree(session.directory, ignore_errors=True)


@atexit.register
def _end_all() -> None:
    with lock:
        for session in list(_sessions.values()):
            if session.owner == os.getpid():
                session.stop_redis(DefaultConfig.stop_timeout)
                end(session)


def _after_fork() -> None:
    global lock
    lock = threading.RLock()


os.register_at_fork(after_in_child=_after_fork)

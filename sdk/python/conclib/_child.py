# SPDX-License-Identifier: MIT
"""A program that runs as long as it is wanted, and no longer than this process."""

from __future__ import annotations

import ctypes
import os
import pathlib
import signal
import subprocess
import threading
from typing import Callable, Dict, List, Optional

from .errors import StartFailed

PR_SET_PDEATHSIG = 1
TAIL_LINES = 12
_prctl = ctypes.CDLL(None).prctl


class Child:
    """Starts a program whose output goes to a file, and stops it.

    A thread of its own starts it, waits for it and so reaps it: the signal that ends it when this
    process dies is tied to the thread that forked it, and a caller's thread may end long before.
    Threading: any thread, of the process that made it.
    """

    def __init__(self, name: str, arguments: List[str], log: pathlib.Path,
                 executable: Optional[str] = None, environment: Optional[Dict[str, str]] = None,
                 on_end: Optional[Callable[[], None]] = None) -> None:
        self.name = name
        self.log = log
        self._arguments = arguments
        self._executable = executable
        self._environment = environment
        self._on_end = on_end
        self._owner = os.getpid()
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._refusal: Optional[BaseException] = None
        self._begun = threading.Event()
        self._ended = threading.Event()
        threading.Thread(target=self._keep, name="conclib-" + name, daemon=True).start()
        self._begun.wait()
        if self._refusal is not None:
            raise StartFailed("%s cannot be run: %s" % (name, self._refusal)) from self._refusal

    @property
    def pid(self) -> int:
        """Of the program; it may have ended."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, after at most so long."""
        return self._ended.wait(seconds)

    def stop(self, patience: float) -> None:
        """SIGTERM, and SIGKILL when that did not help in time. Repeats are harmless."""
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            self._send(signal_number)
            if self._ended.wait(patience):
                return

    def failure(self, what: str) -> StartFailed:
        """What to raise: what happened, and the last lines that the program wrote."""
        return StartFailed("%s %s%s" % (self.name, what, self._tail()))

    def how_it_ended(self) -> str:
        code = self._process.returncode if self._process is not None else None
        if code is None:
            return "has not ended"
        if code < 0:
            return "was killed by signal %d" % -code
        return "ended with exit status %d" % code

    def _keep(self) -> None:
        owner = self._owner

        def die_with_owner() -> None:
            _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != owner:
                os._exit(1)

        try:
            with open(self.log, "ab") as log:
                self._process = subprocess.Popen(
                    self._arguments, executable=self._executable, env=self._environment,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                    # A session of its own, so that Ctrl-C reaches this process alone, which then
                    # stops its children in their order.
                    start_new_session=True, preexec_fn=die_with_owner)
        except (OSError, subprocess.SubprocessError) as error:
            self._refusal = error
            self._ended.set()
            self._begun.set()
            return
        self._begun.set()
        self._process.wait()
        self._ended.set()
        if self._on_end is not None:
            self._on_end()

    def _send(self, signal_number: int) -> None:
        if self._process is not None and self.alive:
            self._process.send_signal(signal_number)

    def _tail(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        if not lines:
            return "; it wrote nothing"
        return "; its last lines were\n  " + "\n  ".join(lines[-TAIL_LINES:])

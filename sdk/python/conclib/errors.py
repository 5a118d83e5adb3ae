# SPDX-License-Identifier: MIT
"""What the exceptions of conclib have in common; one class per status is in `_status.py`."""

from __future__ import annotations

from typing import Any, Optional, Tuple


class ConclibError(Exception):
    """What every exception of conclib is.

    `status` is the number of conclib/status.h, `text` one line that names the thing, the cause and,
    where there is one, the cure.
    """

    status: int = 304
    text: str = ""

    def __init__(self, text: str = "", status: Optional[int] = None) -> None:
        super().__init__(text)
        self.text = text
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> Tuple[Any, ...]:
        return (type(self), (self.text, self.status))


class NeverRan(ConclibError):
    """The message never ran: sending it again is safe."""

    status = 199


class RanAndFailed(ConclibError):
    """The message ran and failed."""

    status = 299


class Unknown(ConclibError):
    """It is not known whether the message ran."""

    status = 300


class NotFound(ConclibError):
    """A file that conclib needs is not there; the text says where it was looked for."""


class StartFailed(ConclibError):
    """redis-server or conclibd did not start; the text ends with its last lines of output."""


def error_for(status: int, text: str) -> ConclibError:
    """The exception of a status; of an unknown number that of its class."""
    from ._status import BY_STATUS

    by_class = {1: NeverRan, 2: RanAndFailed}
    kind = BY_STATUS.get(status) or by_class.get(status // 100, Unknown)
    return kind(text, status)

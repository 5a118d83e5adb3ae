# SPDX-License-Identifier: MIT
"""The C interface of conclib/conclib.h through ctypes. Calls into it release the interpreter
lock."""

from __future__ import annotations

import ctypes
import functools
from ctypes import POINTER, c_char, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from typing import Any

from . import _locate
from .errors import ConclibError


class Text(ctypes.Structure):
    """conclib_str or conclib_bytes that Python gives; keeps its bytes alive."""

    _fields_ = [("data", c_char_p), ("size", c_size_t)]

    @classmethod
    def of(cls, value: bytes) -> "Text":
        return cls(value, len(value)) if value else cls()


class View(ctypes.Structure):
    """conclib_str or conclib_bytes that the library gives."""

    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def copy(self) -> bytes:
        return ctypes.string_at(self.data, self.size) if self.size else b""


class Options(ctypes.Structure):
    """conclib_client_options."""

    _fields_ = [("size", c_size_t), ("url", Text), ("app", Text), ("connect_timeout_ms", c_uint32),
                ("default_timeout_ms", c_uint32)]


class Error(ctypes.Structure):
    """conclib_error."""

    _fields_ = [("size", c_size_t), ("status", c_int), ("text", c_char * 512)]


class Request(ctypes.Structure):
    """conclib_request."""

    _fields_ = [("size", c_size_t), ("urn", Text), ("type", Text), ("body", Text),
                ("timeout_ms", c_uint32), ("reply_type", Text), ("trace_parent", Text),
                ("trace_state", Text)]


class Reply(ctypes.Structure):
    """conclib_reply."""

    _fields_ = [("size", c_size_t), ("status", c_int), ("type", View), ("body", View),
                ("text", View)]


class Receipt(ctypes.Structure):
    """conclib_receipt."""

    _fields_ = [("size", c_size_t), ("id", c_char * 48)]


def sized(kind: Any) -> Any:
    """A struct whose first field says how large it is, as the library wants it."""
    value = kind()
    value.size = ctypes.sizeof(kind)
    return value


@functools.lru_cache(maxsize=None)
def load() -> ctypes.CDLL:
    """The library, found once. NotFound or ConclibError say why not."""
    path = _locate.library()
    try:
        library = ctypes.CDLL(path)
        declare(library)
    except (OSError, AttributeError) as error:
        raise ConclibError("%s cannot be loaded as libconclib: %s" % (path, error)) from error
    return library


def declare(library: ctypes.CDLL) -> None:
    """Tells ctypes the types of the functions."""
    client = c_void_p
    signatures = {
        "conclib_client_open": (c_int, [POINTER(Options), POINTER(client), POINTER(Error)]),
        "conclib_client_close": (None, [client]),
        "conclib_client_ask": (POINTER(Reply), [client, POINTER(Request)]),
        "conclib_client_tell": (c_int, [client, POINTER(Request), POINTER(Receipt),
                                        POINTER(Error)]),
        "conclib_client_status": (POINTER(Reply), [client]),
        "conclib_reply_free": (None, [POINTER(Reply)]),
        "conclib_version": (c_char_p, []),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments

# SPDX-License-Identifier: MIT
"""Asks actors and tells them things, from outside the actor system."""

from __future__ import annotations

import ctypes
import math
import os
from types import TracebackType
from typing import Any, Dict, Optional, Tuple, Type, Union, overload

from . import _library, _session
from ._status import BadArgument, Internal
from .config import DefaultConfig
from .errors import error_for
from .messages import ActorMessage, MessageT, PlainMessage, ResponseType, decode, encode

TIMEOUT_MS_MAX = (1 << 32) - 1


class ProxyClient:
    """A client of one namespace; it connects when it is first used.

    Threading: any thread; each call that runs at the same time has a connection of its own, and the
    interpreter is free while it waits. A call cannot be interrupted: a signal's handler runs when
    it has ended, at the latest at its deadline. After a fork the child may go on using it.
    """

    def __init__(self, config: Optional[DefaultConfig] = None) -> None:
        self._config = config or DefaultConfig()
        self._handles: Dict[str, _Handle] = {}

    @overload
    def ask_actor(self, urn: str, message: Union[ActorMessage, PlainMessage],
                  response_type: Type[MessageT], timeout: Optional[float] = None) -> MessageT: ...

    @overload
    def ask_actor(self, urn: str, message: Union[ActorMessage, PlainMessage],
                  response_type: str, timeout: Optional[float] = None) -> Any: ...

    @overload
    def ask_actor(self, urn: str, message: Union[ActorMessage, PlainMessage],
                  response_type: None = None,
                  timeout: Optional[float] = None) -> Tuple[str, Any]: ...

    def ask_actor(self, urn: str, message: Union[ActorMessage, PlainMessage],
                  response_type: ResponseType = None, timeout: Optional[float] = None) -> Any:
        """Sends a message and waits for the answer, `timeout` seconds at most.

        With a message class as `response_type` the answer is an instance of it; with the name of a
        type it is the answer's value, and without either the pair of type name and value. An
        answer of another type raises WrongType. Every other end is an exception too: NeverRan,
        RanAndFailed or Unknown, and below these one class for each status.
        """
        request, handle = self._request(urn, message, timeout), self._handle()
        if isinstance(response_type, type) and issubclass(response_type, ActorMessage):
            request.reply_type = _text("response_type", response_type.type_name())
        elif isinstance(response_type, str):
            request.reply_type = _text("response_type", response_type)
        elif response_type is not None:
            raise BadArgument("response_type is a subclass of ActorMessage or the name of a type")
        type_name, body = handle.reply("conclib_client_ask", ctypes.byref(request))
        value = decode(body)
        if response_type is None:
            return type_name, value
        return value if isinstance(response_type, str) else response_type.from_map(value)

    def tell_actor(self, urn: str, message: Union[ActorMessage, PlainMessage],
                   timeout: Optional[float] = None) -> str:
        """Sends a message and returns its receipt, the id of its entry, once Redis holds it. It is
        run within `timeout` seconds from now or not at all; one hour when nothing is said."""
        request, receipt = self._request(urn, message, timeout), _library.sized(_library.Receipt)
        handle = self._handle()
        handle.call("conclib_client_tell", ctypes.byref(request), ctypes.byref(receipt))
        return receipt.id.decode()

    def status(self) -> Dict[str, Any]:
        """What is known of the namespace: nodes, partitions, plugins; the keys are described at
        conclib_client_status in conclib/conclib.h."""
        _, body = self._handle().reply("conclib_client_status")
        found: Dict[str, Any] = decode(body)
        return found

    def close(self) -> None:
        """Gives the connections back; calls that still run end first. Used again, it connects
        again."""
        self._handles.clear()

    def __enter__(self) -> "ProxyClient":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def _request(self, urn: str, message: Union[ActorMessage, PlainMessage],
                 timeout: Optional[float]) -> Any:
        type_name, body = encode(message)
        request = _library.sized(_library.Request)
        request.urn = _text("urn", urn)
        request.type = _text("the name of the message type", type_name)
        request.body = _library.Text.of(body)
        if timeout is not None:
            request.timeout_ms = _milliseconds("timeout", timeout)
        return request

    def _handle(self) -> "_Handle":
        handle = self._handles.get("open")
        if handle is None:
            # Two threads may come here at once; the first one's stays. No lock: a fork may hit it.
            handle = self._handles.setdefault("open", _Handle(self._config))
        return handle


class _Handle:
    """An open conclib_client. It closes when nobody refers to it, so never under a running call."""

    def __init__(self, config: DefaultConfig) -> None:
        self._client = ctypes.c_void_p()
        self._library = _library.load()
        self._close = self._library.conclib_client_close
        options, error = _library.sized(_library.Options), _library.sized(_library.Error)
        options.url = _text("url", url_of(config))
        options.app = _text("app", config.app or os.environ.get("CONCLIB_APP", ""))
        options.connect_timeout_ms = _milliseconds("connect_timeout", config.connect_timeout)
        options.default_timeout_ms = _milliseconds("timeout", config.timeout)
        status = self._library.conclib_client_open(
            ctypes.byref(options), ctypes.byref(self._client), ctypes.byref(error))
        _check(status, error)

    def __del__(self) -> None:
        if self._client:
            self._close(self._client)

    def call(self, function: str, *arguments: Any) -> None:
        """Calls what returns a status and explains itself in a conclib_error."""
        error = _library.sized(_library.Error)
        outcome = getattr(self._library, function)
        _check(outcome(self._client, *arguments, ctypes.byref(error)), error)

    def reply(self, function: str, *arguments: Any) -> Tuple[str, bytes]:
        """Calls what returns a conclib_reply; its type and body, or the exception that it means."""
        pointer = getattr(self._library, function)(self._client, *arguments)
        if not pointer:
            raise Internal("%s returned no reply" % function)
        try:
            reply = pointer.contents
            if reply.status != 0:
                raise error_for(reply.status, reply.text.copy().decode("utf-8", "replace"))
            return reply.type.copy().decode("utf-8", "replace"), reply.body.copy()
        finally:
            self._library.conclib_reply_free(pointer)


def url_of(config: DefaultConfig) -> str:
    """Where a client goes, in the order of DefaultConfig; empty: the library's own look-up."""
    if config.url:
        return config.named(config.url)
    session = _session.of(config)
    if session is not None and session.socket:
        return config.socket_url(session.socket)
    given = os.environ.get("CONCLIB_URL", "")
    if given and not config.run_dir:
        return config.named(given)
    if config.effective_run_dir():
        return config.socket_url(os.path.join(config.effective_run_dir(), "redis.sock"))
    if config.effective_namespace() == "default":
        return ""
    # The library's look-up has no place for a namespace, so it is done here.
    user = os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "conclib", "redis.sock")
    return config.socket_url(user if os.path.exists(user) else "/run/conclib/redis.sock")


def _check(status: int, error: Any) -> None:
    if status != 0:
        raise error_for(status, error.text.decode("utf-8", "replace"))


def _text(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        raise BadArgument("%s is a str, not %s" % (name, type(value).__name__))
    try:
        return _library.Text.of(value.encode())
    except UnicodeEncodeError as error:
        raise BadArgument("%s is not valid Unicode: %s" % (name, error)) from error


def _milliseconds(name: str, seconds: float) -> int:
    try:
        result = math.ceil(seconds * 1000)
    except (TypeError, ValueError, OverflowError):
        raise BadArgument("%s is a number of seconds, not %r" % (name, seconds)) from None
    if not 0 < result <= TIMEOUT_MS_MAX:
        raise BadArgument("%s is to be more than 0 and at most %d seconds, not %r"
                          % (name, TIMEOUT_MS_MAX // 1000, seconds))
    return result

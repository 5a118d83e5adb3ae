# SPDX-License-Identifier: MIT
"""conclib: ask live, stateful actors by name, from any process, through Redis.

    import conclib

    class ExampleReqMessage(conclib.ActorMessage):
        pass

    class ExampleRespMessage(conclib.ActorMessage):
        pass

    config = conclib.DefaultConfig()
    redis_daemon = conclib.start_redis(config=config)   # or set CONCLIB_URL to one that runs
    conclib.start_proxy(config=config)                  # conclibd and the plugins' actors

    client = conclib.ProxyClient(config=config)
    result = client.ask_actor("example_actor", ExampleReqMessage(),
                              response_type=ExampleRespMessage)
    client.tell_actor("counter/visits", ("Add", {"by": 1}))

    redis_daemon.shutdown()                             # stops conclibd, then Redis

Every end that is not an answer is an exception, and its class says whether the message ran:
NeverRan (asking again is safe), RanAndFailed, or Unknown. Timeout is a TimeoutError too.
"""

from typing import Any

from . import _status
from ._status import *  # noqa: F401,F403
from ._status import BY_STATUS, Status
from .client import ProxyClient
from .config import DefaultConfig
from .daemons import Proxy, RedisDaemon, start_proxy, start_redis
from .errors import ConclibError, NeverRan, NotFound, RanAndFailed, StartFailed, Unknown
from .messages import ActorMessage

__version__ = "0.1.0"

__all__ = [
    "ActorMessage", "BY_STATUS", "ConclibError", "DefaultConfig", "NeverRan", "NotFound", "Proxy",
    "ProxyClient", "RanAndFailed", "RedisDaemon", "StartFailed", "Status", "Unknown", "start_proxy",
    "start_redis",
]
__all__ += [name for name in _status.__all__ if name not in __all__]


def __getattr__(name: str) -> Any:
    if name in ("Actor", "RequestEnvelope"):
        raise AttributeError(
            "conclib.%s: actors are plugins of conclibd, written in C++ (conclib/actor.hpp) or C "
            "(conclib/plugin.h); Python asks them through ProxyClient" % name)
    raise AttributeError("module 'conclib' has no attribute %r" % name)

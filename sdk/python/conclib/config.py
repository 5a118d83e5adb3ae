# SPDX-License-Identifier: MIT
"""What a program may set. Everything has a default with which the source tree works as it is."""

from __future__ import annotations

import dataclasses
import os
import urllib.parse
from typing import Optional

from ._status import BadArgument


@dataclasses.dataclass
class DefaultConfig:
    """Where the daemon is, for ProxyClient, and how to start one, for start_redis and start_proxy.

    What is empty is taken from the environment (CONCLIB_URL, CONCLIB_NAMESPACE, CONCLIB_APP,
    CONCLIB_RUN_DIR, CONCLIB_PLUGIN_DIR, CONCLIB_CONCLIBD, CONCLIB_REDIS_SERVER; conclibd itself
    reads CONCLIB_ and the name of any of its settings), and then has a default.

    A client goes, in this order, to
      1. `url`, when it is given;
      2. what start_redis or start_proxy started in this process (or in the one that it was forked
         from) with the same `run_dir`. Without a run_dir that is the process's private directory,
         so two DefaultConfig() of one process mean the same Redis;
      3. `run_dir`/redis.sock, when a run_dir is given, whoever serves it;
      4. $CONCLIB_URL;
      5. $CONCLIB_RUN_DIR/redis.sock, when that is set;
      6. $XDG_RUNTIME_DIR/conclib/redis.sock, then /run/conclib/redis.sock, where conclibd listens.
    A process that was started afresh (not forked) knows nothing of 2: give it the `url` of the
    object that start_redis or start_proxy returned, as $CONCLIB_URL for example.
    """

    #: `unix:///path/redis.sock?ns=NAME` or `redis://user:password@host:port/db?ns=NAME`.
    url: str = ""
    #: Names one deployment; "default" when nothing says otherwise.
    namespace: str = ""
    #: Names this program in its reply keys: 1 to 64 of A-Z a-z 0-9 _ -.
    app: str = ""
    #: Seconds until an ask that names no time-out fails with Timeout.
    timeout: float = 5.0
    #: Seconds for connecting.
    connect_timeout: float = 2.0

    #: Sockets, locks and logs of what is started. Empty: a private temporary directory.
    run_dir: str = ""
    #: What an embedded Redis keeps. Empty: `state` in the run directory.
    state_dir: str = ""
    #: The plugins to load. Empty: those of the build tree, or the installed ones.
    plugin_dir: str = ""
    #: Worker processes. None: $CONCLIB_WORKERS, else 1.
    workers: Optional[int] = None
    #: The programs. Empty: looked for in the build tree, the installation and on the PATH.
    conclibd: str = ""
    redis_server: str = ""
    #: Seconds until a child that is not ready is given up, and one that does not stop is killed.
    start_timeout: float = 30.0
    stop_timeout: float = 15.0

    def effective_namespace(self) -> str:
        """The namespace, from here or the environment."""
        return self.namespace or os.environ.get("CONCLIB_NAMESPACE", "") or "default"

    def effective_run_dir(self) -> str:
        """The run directory as an absolute path; empty for the private one."""
        given = self.run_dir or os.environ.get("CONCLIB_RUN_DIR", "")
        return os.path.abspath(given) if given else ""

    def named(self, url: str) -> str:
        """The URL with this configuration's namespace, if it has one. BadArgument if both
        differ."""
        parts = urllib.parse.urlsplit(url)
        there = urllib.parse.parse_qs(parts.query).get("ns", [""])[0]
        if self.namespace and there and self.namespace != there:
            raise BadArgument("the namespace is to be %s, but the URL says ns=%s; leave one of "
                              "them out" % (self.namespace, there))
        if there:
            return url
        return url + ("&" if parts.query else "?") + "ns=" + self.effective_namespace()

    def socket_url(self, path: str) -> str:
        """The URL of this configuration's namespace on the Redis behind a unix socket."""
        return "unix://%s?ns=%s" % (urllib.parse.quote(path), self.effective_namespace())

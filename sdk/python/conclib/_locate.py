# SPDX-License-Identifier: MIT
"""Where the files of conclib are: given, in the build tree of the source, or installed.

The order is the same for all: an environment variable, the build tree when this package stands in
the source tree (build/release first), the prefix into which this package was installed, the system.
"""

from __future__ import annotations

import ctypes.util
import os
import pathlib
import shutil
import sysconfig
from typing import Iterator, List, Optional

from .errors import NotFound

PACKAGE = pathlib.Path(__file__).resolve().parent


def build_trees() -> List[pathlib.Path]:
    """The build directories of the source tree in which this package stands; none when
    installed."""
    root = PACKAGE.parents[2]
    if not (root / "sdk" / "include" / "conclib" / "conclib.h").is_file():
        return []
    others = sorted(path for path in (root / "build").glob("*") if path.name != "release")
    return [path for path in [root / "build" / "release"] + others if path.is_dir()]


def prefixes() -> Iterator[pathlib.Path]:
    """The folders above this package that may be a prefix such as /usr or /opt/conclib."""
    return (path for path in PACKAGE.parents if (path / "lib").is_dir())


def library_folders(prefix: pathlib.Path) -> List[pathlib.Path]:
    multiarch = sysconfig.get_config_var("MULTIARCH")
    return [prefix / "lib" / multiarch, prefix / "lib"] if multiarch else [prefix / "lib"]


def library() -> str:
    """The path of libconclib.so, or a name that the loader finds. NotFound says what was tried."""
    given = os.environ.get("CONCLIB_LIBRARY")
    if given:
        if not os.path.isfile(given):
            raise NotFound("CONCLIB_LIBRARY names %s, which is not there" % given)
        return given
    folders = [tree / "lib" for tree in build_trees()]
    for prefix in prefixes():
        folders += library_folders(prefix)
    for folder in folders:
        versions = sorted(path.name for path in folder.glob("libconclib.so.*"))
        for name in ["libconclib.so"] + versions:
            if (folder / name).is_file():
                return str(folder / name)
    found = ctypes.util.find_library("conclib")
    if found:
        return found
    raise NotFound(
        "libconclib.so was not found; looked in %s and asked the system's loader. Build conclib, "
        "install it, or set CONCLIB_LIBRARY to the file" % ", ".join(map(str, folders)))


def conclibd(given: str = "") -> str:
    """The path of the daemon."""
    return _program("conclibd", given, "CONCLIB_CONCLIBD", "Build conclib or install it")


def plugin_dir(given: str = "") -> str:
    """The folder of the plugins to load; empty when the daemon's own default is to count."""
    if given or os.environ.get("CONCLIB_PLUGIN_DIR"):
        return given or os.environ["CONCLIB_PLUGIN_DIR"]
    folders = [tree / "plugins" for tree in build_trees()]
    for prefix in prefixes():
        folders += [folder / "conclib" / "plugins" for folder in library_folders(prefix)]
    return next((str(folder) for folder in folders if folder.is_dir()), "")


def redis_server(given: str = "") -> str:
    """A redis-server. Debian's redis-tools ships the same program as redis-check-rdb, which is a
    server when it is started under the name redis-server."""
    path = given or os.environ.get("CONCLIB_REDIS_SERVER", "")
    if path and path != "auto":
        return _existing(path, "redis-server")
    found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not found:
        raise NotFound("redis-server was not found on the PATH: apt-get install redis-server, or "
                       "set CONCLIB_REDIS_SERVER to the program")
    return found


def _program(name: str, given: str, variable: str, cure: str) -> str:
    path = given or os.environ.get(variable, "")
    if path:
        return _existing(path, name)
    tried = [tree / "bin" / name for tree in build_trees()]
    tried += [prefix / folder / name for prefix in prefixes() for folder in ("bin", "sbin")]
    for candidate in tried:
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    found: Optional[str] = shutil.which(name)
    if found:
        return found
    raise NotFound("%s was not found; looked for %s and on the PATH. %s, or set %s to the program"
                   % (name, ", ".join(map(str, tried)), cure, variable))


def _existing(path: str, name: str) -> str:
    found = shutil.which(path)
    if not found:
        raise NotFound("%s is to be %s, which is not there or cannot be run" % (name, path))
    return found

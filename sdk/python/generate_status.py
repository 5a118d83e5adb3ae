#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes conclib/_status.py from the status table in sdk/include/conclib/status.h.

    /usr/bin/python3 sdk/python/generate_status.py            # writes the file
    /usr/bin/python3 sdk/python/generate_status.py --check    # exit 1 if it would change
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
HEADER = HERE.parent / "include" / "conclib" / "status.h"
TARGET = HERE / "conclib" / "_status.py"

ROW = re.compile(r'X\(\s*([A-Z_]+)\s*,\s*([a-z_]+)\s*,\s*(\d+)\s*,\s*"([^"]*)"\s*\)')
CLASSES = {1: "NeverRan", 2: "RanAndFailed", 3: "Unknown"}

# What a status is besides its class, so that what Python programs catch already catches it too.
ALSO = {"TIMEOUT": ["TimeoutError"], "BAD_ARGUMENT": ["ValueError"],
        "REDIS_UNREACHABLE": ["ConnectionError"]}
# A status that is a special case of another one.
UNDER = {"NO_NODE": "Timeout"}

HEAD = '''# SPDX-License-Identifier: MIT
# Written by generate_status.py from sdk/include/conclib/status.h.
"""Every way in which a message can end, as a number and as an exception."""

import enum
from typing import Dict, Type

from .errors import ConclibError, NeverRan, RanAndFailed, Unknown


class Status(enum.IntEnum):
    """The numbers that travel in replies; the hundreds are the class."""

'''


def table(header):
    """(NAME, number, text) of each row."""
    body = header.split("#define CONCLIB_STATUS_TABLE(X)", 1)[1].split("\n\n", 1)[0]
    return [(name, int(number), text)
            for name, _, number, text in ROW.findall(body.replace("\\\n", " "))]


def exception_name(name):
    return "".join(word.capitalize() for word in name.split("_"))


def render(rows):
    parts = [HEAD]
    parts += ["    %s = %d\n" % (name, number) for name, number, _ in rows]
    classes = []
    for name, number, text in rows:
        if number == 0:
            continue
        class_name = exception_name(name)
        classes.append((number, class_name))
        if class_name in CLASSES.values():
            continue
        base = UNDER.get(name, CLASSES[number // 100])
        bases = ", ".join([base] + ALSO.get(name, []))
        parts.append('\n\nclass %s(%s):\n    """%s."""\n\n    status = %d\n'
                     % (class_name, bases, text[0].upper() + text[1:], number))
    parts.append("\n\nBY_STATUS: Dict[int, Type[ConclibError]] = {\n")
    parts += ["    %d: %s,\n" % row for row in classes]
    parts.append("}\n\n__all__ = [\n    \"Status\",\n")
    parts += ['    "%s",\n' % name for _, name in classes if name not in CLASSES.values()]
    parts.append("]\n")
    return "".join(parts)


def main(arguments):
    rows = table(HEADER.read_text(encoding="utf-8"))
    if len(rows) < 2:
        print("found no status table in %s" % HEADER, file=sys.stderr)
        return 1
    text = render(rows)
    if "--check" not in arguments:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.read_text(encoding="utf-8") != text:
        print("%s is not what generate_status.py writes: run it" % TARGET, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: MIT
"""What the tests need to know about processes: who lives, who are whose children, and waiting."""

import os
import pathlib
import time


def eventually(holds, seconds=10.0):
    """Waits until `holds()` is true, at most so long, and gives its last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = holds()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.01)


def alive(pid):
    """Whether the process runs; one that has ended and was not yet waited for does not."""
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid):
    """The process ids of all children and theirs."""
    found, parents = [], {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc/%s/stat" % entry).read_text()
            except OSError:
                continue
            parents[int(entry)] = int(stat.rsplit(")", 1)[1].split()[1])
    pending = [pid]
    while pending:
        parent = pending.pop()
        children = [child for child, its_parent in parents.items() if its_parent == parent]
        found += children
        pending += children
    return found

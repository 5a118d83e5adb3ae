#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks the rules of the code base that a compiler does not: layers, homes of libraries, names, sizes.

    lint.py ROOT [--list-rules]

Prints one line for each offence, `file:line: rule: what and what to do`, and exits 1 if there is one.
"""
import pathlib
import re
import subprocess
import sys

# A file may include what stands in its own folder and in these (the first match of a path counts).
PROTO = ["proto"]
RUNTIME = PROTO + ["daemon/log", "daemon/runtime"]
QUEUE = RUNTIME + ["daemon/redis", "daemon/queue"]
WORKER = QUEUE + ["daemon/plugin", "daemon/config", "daemon/worker"]
LAYERS = {
    "sdk/include": [],
    "proto": PROTO,
    "sdk/src": PROTO + ["sdk/src"],
    "sdk/cli": PROTO + ["sdk/src", "sdk/cli"],
    "sdk/examples": [],
    "daemon/log": PROTO + ["daemon/log"],
    "daemon/runtime": RUNTIME,
    "daemon/redis": PROTO + ["daemon/log", "daemon/redis"],
    "daemon/queue": QUEUE,
    "daemon/plugin": RUNTIME + ["daemon/plugin"],
    "daemon/testkit": RUNTIME + ["daemon/plugin", "daemon/testkit"],
    "daemon/config": PROTO + ["daemon/log", "daemon/config"],
    "daemon/worker": WORKER,
    "daemon/master": WORKER + ["daemon/master"],
}

# Which folders may include a foreign library. Tests may include all of them.
HOMES = {
    r"msgpack": ["proto", "sdk/include", "sdk/src"],
    r"uv\.h": ["daemon/redis", "daemon/queue", "daemon/worker", "daemon/master"],
    r"hiredis": ["daemon/redis", "daemon/queue/function_library", "daemon/master/redis_",
                 "sdk/src"],
    r"dlfcn": ["daemon/plugin"],
    r"CLI/": ["daemon/config", "sdk/cli"],
    r"nlohmann": ["sdk/cli"],
    r"spdlog": ["daemon/log"],
    r"fmt/": ["daemon"],
    r"systemd/": ["daemon/master"],
}

TOP = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "daemon", "sdk", "proto",
       "config", "systemd", "tests"}
VAGUE = re.compile(r"(?:^|_)(manager|utils?|helpers?|common|misc|data|info)(?:_|$)")
FILE_LINES_MAX, FUNCTION_LINES_MAX, LINE_COLUMNS_MAX = 600, 70, 100
CODE = {".c", ".cpp", ".h", ".hpp"}


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Lint:
    def __init__(self, root):
        self.root = root
        self.offences = []

    def say(self, path, line, rule, text):
        self.offences.append(f"{path}:{line}: {rule}: {text}")

    def files(self):
        listed = subprocess.run(
            ["git", "-c", f"safe.directory={self.root}", "-C", self.root, "ls-files", "-co",
             "--exclude-standard"], capture_output=True, text=True)
        if listed.returncode == 0:
            names = [n for n in listed.stdout.splitlines() if (self.root / n).is_file()]
        else:
            names = [str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()]
        return sorted(pathlib.PurePosixPath(n) for n in names
                      if not n.startswith(("build/", ".git/")))

    def check_tree(self, path):
        if path.parts[0] not in TOP and not path.parts[0].startswith("."):
            self.say(path, 1, "tree", f"the top level holds only {', '.join(sorted(TOP))}")
        if path.suffix in CODE | {".py", ".lua"}:
            if not re.fullmatch(r"[a-z0-9_]+", path.stem):
                self.say(path, 1, "names", "file names are snake_case")
            if VAGUE.search(path.stem):
                self.say(path, 1, "names", "name the file after its responsibility")

    def check_include(self, path, number, line):
        found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not found or path.parts[0] == "tests":
            return
        target = found.group(1)
        here = str(path)
        layer = next((k for k in sorted(LAYERS, key=len, reverse=True) if here.startswith(k + "/")),
                     None)
        if layer and re.match(r"(proto|daemon|sdk|tests)/", target):
            if not any(target.startswith(allowed + "/") for allowed in LAYERS[layer]):
                self.say(path, number, "layers",
                         f"{layer} may not include {target}: declare the interface it needs instead")
        for library, homes in HOMES.items():
            if re.match(library, target) and not any(here.startswith(h) for h in homes):
                self.say(path, number, "homes", f"{target} is only included in {', '.join(homes)}")

    def check_names(self, path, number, line):
        found = re.match(r"\s*(?:class|struct|enum class|enum)\s+(?:\[\[\w+\]\]\s*|alignas\(\w+\)\s*)?(\w+)", line)
        specialises = found and line[found.end():].startswith(("<", "::"))  # the name is somebody else's
        if not found or specialises or path.suffix in {".c", ".h"} or line.rstrip().endswith(";"):
            return
        name = found.group(1)
        if not name.startswith("conclib_") and not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
            self.say(path, number, "names", f"type {name} is not PascalCase")
        if VAGUE.search(snake(name)):
            self.say(path, number, "names", f"type {name}: name the responsibility")

    def check_functions(self, path, lines):
        """A function body begins on a line without indentation and ends with `}` in column 0."""
        start = None
        for number, line in enumerate(lines, 1):
            opens = line.rstrip().endswith("{") and "(" in "".join(lines[max(0, number - 4):number])
            if start is None and opens and re.match(r"[^\s#/}]", self.first_of(lines, number)):
                if not re.match(r"(namespace|class|struct|enum|union|extern)\b", line):
                    start = number
            if line.startswith("}") and start is not None:
                if number - start > FUNCTION_LINES_MAX:
                    self.say(path, start, "size",
                             f"the function has {number - start} lines, at most {FUNCTION_LINES_MAX}")
                start = None

    @staticmethod
    def first_of(lines, number):
        """The first line of a declaration that ends on line `number`."""
        at = number - 1
        while at > 0 and lines[at].startswith((" ", "\t")):
            at -= 1
        return lines[at] if number - 1 - at <= 4 else " "

    def check_code(self, path, text):
        lines = text.split("\n")
        if "SPDX-License-Identifier: MIT" not in lines[0]:
            self.say(path, 1, "license", "the first line is the SPDX identifier")
        if len(lines) > FILE_LINES_MAX:
            self.say(path, 1, "size", f"{len(lines)} lines, at most {FILE_LINES_MAX}")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_COLUMNS_MAX:
                self.say(path, number, "size", f"the line has {len(line)} columns")
            self.check_include(path, number, line)
            self.check_names(path, number, line)
            if re.match(r"\s*default:", line) and path.suffix == ".cpp":
                self.say(path, number, "switch", "name every case of the enum instead of default")
        self.check_functions(path, lines)

    def check_listed(self, path):
        """Sources are listed in a CMakeLists.txt, never globbed."""
        folder = self.root / path.parent
        while folder != self.root.parent:
            listing = folder / "CMakeLists.txt"
            if listing.is_file() and path.name in listing.read_text(encoding="utf-8"):
                return
            folder = folder.parent
        self.say(path, 1, "cmake", "is in no CMakeLists.txt")

    def run(self):
        for path in self.files():
            self.check_tree(path)
            if path.suffix in CODE:
                self.check_code(path, (self.root / path).read_text(encoding="utf-8"))
            if path.suffix in {".c", ".cpp"}:
                self.check_listed(path)
        for offence in self.offences:
            print(offence)
        print(f"lint: {len(self.offences)} offences")
        return 1 if self.offences else 0


if __name__ == "__main__":
    sys.exit(Lint(pathlib.Path(sys.argv[1]).resolve()).run())

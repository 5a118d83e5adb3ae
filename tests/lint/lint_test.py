#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Shows that each rule of lint.py catches what it forbids and lets pass what it allows."""
import pathlib
import tempfile
import unittest

from lint import Lint

HEAD = "// SPDX-License-Identifier: MIT\n"


class LintTest(unittest.TestCase):
    def offences(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            lint = Lint(root)
            lint.run()
            return lint.offences

    def rules(self, name, body, listed=True):
        files = {name: HEAD + body}
        if listed:
            files["CMakeLists.txt"] = pathlib.PurePosixPath(name).name
        return [offence.split(": ")[1] for offence in self.offences(files)]

    def test_a_clean_file_passes(self):
        body = '#include "proto/urn.hpp"\nclass QueuePump {\n};\n'
        self.assertEqual(self.rules("daemon/runtime/queue_pump.cpp", body), [])

    def test_a_lower_layer_may_not_include_an_upper_one(self):
        body = '#include "daemon/queue/reader.hpp"\n'
        self.assertEqual(self.rules("daemon/runtime/actor.cpp", body), ["layers"])

    def test_siblings_do_not_know_each_other(self):
        body = '#include "daemon/queue/reader.hpp"\n'
        self.assertEqual(self.rules("daemon/plugin/loader.cpp", body), ["layers"])

    def test_a_foreign_library_stays_in_its_home(self):
        self.assertEqual(self.rules("daemon/runtime/actor.cpp", "#include <uv.h>\n"), ["homes"])

    def test_vague_names_are_refused(self):
        self.assertEqual(self.rules("proto/string_utils.cpp", ""), ["names"])
        self.assertEqual(self.rules("proto/queue.cpp", "class QueueManager {\n};\n"), ["names"])

    def test_types_are_pascal_case_and_files_snake_case(self):
        self.assertEqual(self.rules("proto/a.cpp", "struct bad_name {\n};\n"), ["names"])
        self.assertEqual(self.rules("proto/BadName.cpp", ""), ["names"])

    def test_sizes_are_bounded(self):
        self.assertEqual(self.rules("proto/a.cpp", "// " + "x" * 100 + "\n"), ["size"])
        self.assertEqual(self.rules("proto/a.cpp", "\n" * 600), ["size"])
        self.assertEqual(self.rules("proto/a.cpp", "int f() {\n" + "  f();\n" * 71 + "}\n"), ["size"])

    def test_a_switch_has_no_default(self):
        self.assertEqual(self.rules("proto/a.cpp", "    default:\n"), ["switch"])

    def test_sources_are_listed(self):
        self.assertEqual(self.rules("proto/a.cpp", "", listed=False), ["cmake"])

    def test_the_top_level_is_closed(self):
        self.assertEqual(self.rules("extras/a.h", ""), ["tree"])

    def test_the_license_comes_first(self):
        found = self.offences({"proto/a.h": "#pragma once\n"})
        self.assertEqual([offence.split(": ")[1] for offence in found], ["license"])


if __name__ == "__main__":
    unittest.main()

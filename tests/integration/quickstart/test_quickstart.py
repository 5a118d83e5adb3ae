#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""README's first command: it shows what it promises, ends as it promises, and leaves nothing."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from conclib_daemon import eventually, processes_of

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()


class QuickstartTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="conclib quickstart-")
        self.environment = dict(os.environ, TMPDIR=self.folder.name)

    def tearDown(self):
        left = processes_of(self.folder.name)
        self.assertEqual(left, [], "processes were left running")
        self.assertEqual(os.listdir(self.folder.name), [], "files were left behind")
        self.folder.cleanup()

    def test_once_shows_actors_that_answer_and_stops(self):
        shown = subprocess.run(["sh", str(ROOT / "daemon/quickstart.sh"), "--once"], cwd="/",
                               env=self.environment, capture_output=True, text=True, timeout=500)
        self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
        for expected in ("conclib ask counter/visits", '{"value":42}', "Total(value=", "status",
                         "everything answered"):
            self.assertIn(expected, shown.stdout)

    def test_it_stays_up_until_ctrl_c(self):
        log = pathlib.Path(self.folder.name) / "output"
        with log.open("wb") as output:
            script = subprocess.Popen(["sh", str(ROOT / "daemon/quickstart.sh")], cwd="/",
                                      env=self.environment, stdin=subprocess.DEVNULL,
                                      stdout=output, stderr=output, start_new_session=True)
        eventually(lambda: "conclibd is up" in log.read_text() or script.poll() is not None,
                   "the quickstart is up", 500)
        self.assertIsNone(script.poll(), log.read_text())
        # Ctrl-C reaches the whole foreground group: the script, and conclibd itself.
        os.killpg(script.pid, signal.SIGINT)
        self.assertEqual(script.wait(60), 0, log.read_text())
        log.unlink()


if __name__ == "__main__":
    unittest.main()

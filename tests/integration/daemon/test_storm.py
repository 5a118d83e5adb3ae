#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Four client processes of eight threads each ask at once; every reply is the right one."""
import os
import subprocess
import unittest

from conclib_daemon import BUILD, Daemon

# All in all, over 4 processes of 8 threads. Sanitizers take a smaller share.
ASKS = int(os.environ.get("CONCLIB_STORM_ASKS", "100000"))


class StormTest(unittest.TestCase):
    def test_every_reply_of_32_threads_in_4_processes_is_the_right_one(self):
        with Daemon("--workers", "2") as daemon:
            each = ASKS // 32
            storms = [subprocess.Popen([str(BUILD / "bin/ask_storm"), daemon.url, f"p{i}", "8",
                                        str(each)], stdout=subprocess.PIPE, text=True)
                      for i in range(4)]
            reports = [storm.communicate()[0] for storm in storms]
            for storm, report in zip(storms, reports):
                self.assertEqual(storm.returncode, 0, report)
                self.assertIn(f"asked {8 * each}, right {8 * each}, wrong 0, failed 0", report)
            print(*reports, sep="", end="")
            self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()

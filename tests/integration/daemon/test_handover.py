#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two workers share the partitions; one that is told to go hands its own over, and nobody notices."""
import os
import signal
import subprocess
import unittest

from conclib_daemon import BUILD, Daemon, Redis, eventually


class Load:
    """Asks all the time, from 8 threads, until stop() gives what came of it."""

    def __init__(self, daemon, name="load"):
        self.process = subprocess.Popen(
            [str(BUILD / "bin/ask_storm"), daemon.url, name, "8", "until"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self):
        report = self.process.communicate()[0]
        return self.process.returncode, report

    def end(self):
        """Also when the test has failed before stop()."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class HandoverTest(unittest.TestCase):
    def load(self, daemon):
        load = Load(daemon)
        self.addCleanup(load.end)
        return load

    def test_two_workers_share_the_partitions_evenly(self):
        with Daemon("--workers", "2", "--lease", "2s") as daemon:
            daemon.wait_shared_by(2)
            self.assertEqual(daemon.stop(), 0)

    def test_ready_means_that_the_workers_have_their_shares(self):
        with Daemon("--workers", "2") as daemon:
            self.assertTrue(daemon.is_shared_by(2), daemon.log())
            # Workers that start together share at once: nothing was taken only to be moved.
            self.assertNotIn("handing partition", daemon.log())
            self.assertEqual(daemon.stop(), 0)

    def test_sigterm_to_a_worker_moves_its_partitions_under_load_without_a_failed_ask(self):
        with Daemon("--workers", "2", "--lease", "2s") as daemon:
            daemon.wait_shared_by(2)
            load = self.load(daemon)
            for _ in range(3):
                daemon.wait_shared_by(2)
                leaver = daemon.workers()[0]
                os.kill(leaver, signal.SIGTERM)
                eventually(lambda: leaver not in daemon.workers(), "the worker ends")
                eventually(lambda: len(daemon.owners()) == 16, "all partitions were handed over")
                eventually(lambda: len(daemon.workers()) == 2, "the worker is replaced")
            code, report = load.stop()
            print(report, end="")
            self.assertEqual(code, 0, report)
            self.assertEqual(daemon.stop(), 0)

    def test_partitions_come_back_to_a_worker_that_joins(self):
        with Redis() as redis:
            with Daemon("--workers", "1", "--lease", "2s", redis=redis) as first:
                first.wait_shared_by(1)
                load = self.load(first)
                with Daemon("--workers", "1", "--lease", "2s", redis=redis) as second:
                    first.wait_shared_by(2)
                    self.assertEqual(second.stop(), 0)
                first.wait_shared_by(1)
                code, report = load.stop()
                print(report, end="")
                self.assertEqual(code, 0, report)
                self.assertEqual(first.stop(), 0)


if __name__ == "__main__":
    unittest.main()

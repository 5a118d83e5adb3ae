# SPDX-License-Identifier: MIT
"""Where a client goes and where files are looked for, and that the status table is the header's."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import conclib
from conclib import _locate
from conclib.client import url_of

SDK = pathlib.Path(__file__).resolve().parents[3] / "sdk" / "python"


class Environment(unittest.TestCase):
    """Each test begins with an environment that says nothing about conclib."""

    def setUp(self):
        names = {name: value for name, value in os.environ.items()
                 if not name.startswith("CONCLIB_")}
        patch = mock.patch.dict(os.environ, names, clear=True)
        patch.start()
        self.addCleanup(patch.stop)


class WhereAClientGoes(Environment):
    def test_nothing_given_is_left_to_the_library(self):
        self.assertEqual(url_of(conclib.DefaultConfig()), "")

    def test_the_url_wins(self):
        os.environ["CONCLIB_URL"] = "unix:///b.sock"
        config = conclib.DefaultConfig(url="unix:///a.sock?ns=x", run_dir="/run/y")
        self.assertEqual(url_of(config), "unix:///a.sock?ns=x")

    def test_a_run_directory_wins_over_the_environment(self):
        os.environ["CONCLIB_URL"] = "unix:///b.sock"
        self.assertEqual(url_of(conclib.DefaultConfig(run_dir="/run/y z")),
                         "unix:///run/y%20z/redis.sock?ns=default")

    def test_the_environment_names_the_redis_and_the_namespace(self):
        os.environ["CONCLIB_URL"] = "redis://h:1/2"
        os.environ["CONCLIB_NAMESPACE"] = "blue"
        self.assertEqual(url_of(conclib.DefaultConfig()), "redis://h:1/2?ns=blue")
        os.environ["CONCLIB_URL"] = "redis://h:1/2?ns=red"
        self.assertEqual(url_of(conclib.DefaultConfig()), "redis://h:1/2?ns=red")

    def test_a_namespace_alone_goes_to_the_usual_socket(self):
        self.assertRegex(url_of(conclib.DefaultConfig(namespace="blue")),
                         r"^unix:///.*conclib/redis\.sock\?ns=blue$")

    def test_two_namespaces_are_refused(self):
        with self.assertRaisesRegex(conclib.BadArgument, "blue.*ns=red"):
            url_of(conclib.DefaultConfig(url="redis://h?ns=red", namespace="blue"))


class WhereFilesAre(Environment):
    def test_a_library_that_is_given_and_missing_is_named(self):
        os.environ["CONCLIB_LIBRARY"] = "/nowhere/libconclib.so"
        with self.assertRaisesRegex(conclib.NotFound, "/nowhere/libconclib.so"):
            _locate.library()

    def test_a_library_that_is_nowhere_is_an_error_with_all_places_and_the_cure(self):
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.object(_locate, "PACKAGE", pathlib.Path(folder) / "a" / "b" / "c"), \
                mock.patch("ctypes.util.find_library", return_value=None):
            (pathlib.Path(folder) / "lib").mkdir()
            with self.assertRaisesRegex(conclib.NotFound, folder + "/lib.*CONCLIB_LIBRARY"):
                _locate.library()

    def test_an_installed_package_finds_the_prefix_around_it(self):
        with tempfile.TemporaryDirectory() as folder:
            prefix = pathlib.Path(folder)
            package = prefix / "lib" / "python3" / "dist-packages" / "conclib"
            for made in (package, prefix / "bin", prefix / "lib" / "conclib" / "plugins"):
                made.mkdir(parents=True)
            (prefix / "lib" / "libconclib.so.0").touch()
            (prefix / "bin" / "conclibd").touch(mode=0o755)
            with mock.patch.object(_locate, "PACKAGE", package):
                self.assertEqual(_locate.library(), str(prefix / "lib" / "libconclib.so.0"))
                self.assertEqual(_locate.conclibd(), str(prefix / "bin" / "conclibd"))
                self.assertEqual(_locate.plugin_dir(), str(prefix / "lib" / "conclib" / "plugins"))

    def test_a_daemon_that_is_given_and_missing_is_named(self):
        with self.assertRaisesRegex(conclib.NotFound, "/nowhere/conclibd"):
            _locate.conclibd("/nowhere/conclibd")


class StatusTable(unittest.TestCase):
    def test_the_committed_file_is_what_the_generator_writes(self):
        run = subprocess.run([sys.executable, str(SDK / "generate_status.py"), "--check"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)


if __name__ == "__main__":
    unittest.main()

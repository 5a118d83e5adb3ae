#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What somebody deletes in Redis under a running daemon is made anew, and asks work again."""
import unittest
import zlib

import msgpack
import redis as redis_py

from conclib_daemon import Daemon, Redis, eventually


def answers(daemon, actor="echo/x"):
    return daemon.cli("ask", actor, "Echo", "--timeout", "1s").returncode == 0


class RecoveryTest(unittest.TestCase):
    def test_after_flushall_asks_work_again_and_so_does_the_next_daemon(self):
        with Redis() as redis:
            with Daemon("--lease", "1s", redis=redis) as daemon:
                self.assertTrue(answers(daemon))
                redis_py.Redis(unix_socket_path=str(redis.socket)).flushall()
                eventually(lambda: answers(daemon), "asks work again")
                self.assertEqual(daemon.stop(), 0)
            with Daemon("--lease", "1s", redis=redis) as daemon:
                self.assertTrue(answers(daemon))
                self.assertEqual(daemon.stop(), 0)

    def test_a_stop_right_after_flushall_does_not_spoil_the_namespace(self):
        with Redis() as redis:
            with Daemon("--lease", "10s", redis=redis) as daemon:
                redis_py.Redis(unix_socket_path=str(redis.socket)).flushall()
                self.assertEqual(daemon.stop(), 0)
            with Daemon("--lease", "1s", redis=redis) as daemon:
                self.assertTrue(answers(daemon))
                self.assertEqual(daemon.stop(), 0)

    def test_a_deleted_queue_is_made_again(self):
        with Redis() as redis, Daemon("--lease", "1s", "--partitions", "1", redis=redis) as daemon:
            self.assertTrue(answers(daemon))
            redis_py.Redis(unix_socket_path=str(redis.socket)).delete("conclib:{test:0}:q")
            eventually(lambda: answers(daemon), "asks work again")
            self.assertEqual(daemon.stop(), 0)


class FloodTest(unittest.TestCase):
    TELLS = 18000

    def test_tells_that_nobody_takes_stop_no_partition_but_their_own(self):
        with Redis() as redis, Daemon("--workers", "1", redis=redis) as daemon:
            client = redis_py.Redis(unix_socket_path=str(redis.socket))
            urn = "nobody/x"
            partition = zlib.crc32(urn.encode()) % 16
            queue = f"conclib:{{test:{partition}}}:q"
            dead = f"conclib:{{test:{partition}}}:dead"
            pipeline = client.pipeline(transaction=False)
            for i in range(self.TELLS):
                pipeline.xadd(queue, {"e": msgpack.packb(
                    {"v": 1, "k": 1, "id": f"tell-{i}".encode(), "u": urn, "t": "Lost"})},
                    nomkstream=True)
            pipeline.execute()
            eventually(lambda: client.xlen(dead) >= 10000, "the dead letters are full")
            neighbours = [f"echo/{i}" for i in range(200)
                          if zlib.crc32(f"echo/{i}".encode()) % 16 != partition][:30]
            self.assertTrue(all(answers(daemon, urn) for urn in neighbours))
            self.assertIn(dead, daemon.log(), "the log names what to look at")
            # Room for dead letters: what was kept becomes one, and the partition is read on.
            client.delete(dead)
            eventually(lambda: client.xlen(queue) == 0, "the queue is worked off")
            self.assertEqual(client.xlen(dead), self.TELLS - 10000)
            self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()

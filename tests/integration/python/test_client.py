# SPDX-License-Identifier: MIT
"""ProxyClient over libconclib and a real Redis, against a stand-in that answers as it is told."""

import os
import tempfile
import threading
import unittest

import conclib
import msgpack
from processes import eventually
from stand_in import StandIn


class Add(conclib.ActorMessage):
    by: int = 1


class Total(conclib.ActorMessage):
    value: int = 0


def total(value):
    return {"s": 0, "t": "Total", "b": {"value": value}}


def add_one(request):
    return total(msgpack.unpackb(request["b"]).get("by", 0) + 1)


class Client(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cl-")
        self.addCleanup(folder.cleanup)
        self.config = conclib.DefaultConfig(run_dir=folder.name, timeout=10)
        self.redis = conclib.start_redis(config=self.config)
        self.addCleanup(self.redis.shutdown)
        self.client = conclib.ProxyClient(config=self.config)
        self.addCleanup(self.client.close)

    def serve(self, answer, **options):
        node = StandIn(os.path.join(self.config.run_dir, "redis.sock"), answer, **options)
        self.addCleanup(node.close)
        return node

    def test_an_answer_is_an_instance_of_the_type_that_was_asked_for(self):
        self.serve(add_one)
        self.assertEqual(self.client.ask_actor("counter/a", Add(by=4), response_type=Total),
                         Total(value=5))

    def test_messages_and_answers_may_be_plain(self):
        self.serve(add_one)
        self.assertEqual(self.client.ask_actor("counter/a", ("Add", {"by": 1})),
                         ("Total", {"value": 2}))
        self.assertEqual(self.client.ask_actor("counter/a", Add(), response_type="Total"),
                         {"value": 2})

    def test_the_request_says_what_was_given(self):
        node = self.serve(add_one)
        self.client.ask_actor("counter/ä#1", Add(by=7), timeout=3)
        request = node.received[0]
        self.assertEqual((request["k"], request["u"], request["t"]), (0, "counter/ä#1", "Add"))
        self.assertEqual(msgpack.unpackb(request["b"]), {"by": 7})
        self.assertTrue(0 < request["ttl"] <= 3000)

    def test_a_tell_returns_the_receipt(self):
        node = self.serve(add_one)
        self.assertRegex(self.client.tell_actor("counter/a", Add()), r"^\d+-\d+$")
        self.client.ask_actor("counter/a", Add())
        self.assertEqual([request["k"] for request in node.received], [1, 0])

    def test_every_status_becomes_its_exception_with_the_text(self):
        asked = {}
        self.serve(lambda request: {"s": asked["status"], "m": "it went wrong"})
        # No node sends 111 to 116 and 301 to 303; upon 106 the library asks again.
        sent = [*range(100, 106), *range(107, 111), 117, 118, *range(200, 205), 300, 304]
        for status, kind in ((status, conclib.BY_STATUS[status]) for status in sent):
            asked["status"] = status
            with self.subTest(kind.__name__), self.assertRaises(kind) as raised:
                self.client.ask_actor("counter/a", Add())
            self.assertEqual(raised.exception.status, status)
            self.assertIn("it went wrong", str(raised.exception))

    def test_an_answer_of_another_type_is_refused(self):
        self.serve(add_one)
        for wanted in (Add, "Sum"):
            with self.assertRaises(conclib.WrongType):
                self.client.ask_actor("counter/a", Add(), response_type=wanted)

    def test_an_answer_that_cannot_be_decoded_is_a_bad_reply(self):
        bodies = [{"s": 0, "t": "Total", "b": {"value": "x"}}, {"s": 0, "t": "Total", "b": [1]}]
        self.serve(lambda request: bodies[len(node_answers)])
        node_answers = []
        for body in bodies:
            with self.subTest(body), self.assertRaises(conclib.BadReply):
                self.client.ask_actor("counter/a", Add(), response_type=Total)
            node_answers.append(body)

    def test_silence_is_a_time_out(self):
        self.serve(lambda request: None)
        with self.assertRaises(TimeoutError) as raised:
            self.client.ask_actor("counter/a", Add(), timeout=0.2)
        self.assertIs(type(raised.exception), conclib.Timeout)

    def test_a_redis_that_no_daemon_has_served_is_told_at_once(self):
        with self.assertRaises(conclib.NoDaemon):
            self.client.ask_actor("counter/a", Add())
        with self.assertRaises(conclib.NoDaemon):
            self.client.tell_actor("counter/a", Add())

    def test_another_protocol_version_is_told(self):
        self.serve(add_one, version=2)
        with self.assertRaises(conclib.ProtocolMismatch):
            self.client.ask_actor("counter/a", Add())

    def test_another_namespace_is_another_world(self):
        self.serve(add_one, namespace="blue")
        blue = conclib.DefaultConfig(run_dir=self.config.run_dir, namespace="blue")
        with conclib.ProxyClient(config=blue) as client:
            self.assertEqual(client.ask_actor("counter/a", Add(), response_type=Total), Total(2))
        with self.assertRaises(conclib.NoDaemon):
            self.client.ask_actor("counter/a", Add())

    def test_arguments_that_cannot_be_are_refused_before_anything_is_sent(self):
        node = self.serve(add_one)
        ask = self.client.ask_actor
        for wrong in (lambda: ask("", Add()), lambda: ask("a b", Add()), lambda: ask(5, Add()),
                      lambda: ask("a/" + "k" * 300, Add()), lambda: ask("a", ("", {})),
                      lambda: ask("a", Add(), timeout=0), lambda: ask("a", Add(), timeout=-1),
                      lambda: ask("a", Add(), timeout=1e9), lambda: ask("a", Add(), timeout="5"),
                      lambda: ask("a", Add(), timeout=float("nan")),
                      lambda: ask("a", Add(), response_type=int), lambda: ask("a", Add),
                      lambda: ask("a", ("Add", {"x": "\ud800"})), lambda: ask("\ud800", Add())):
            with self.assertRaises(conclib.BadArgument):
                wrong()
        self.assertEqual(node.received, [])

    def test_eight_threads_share_a_client(self):
        self.serve(add_one)
        wrong = []

        def run(thread):
            for i in range(50):
                by = thread * 1000 + i
                answer = self.client.ask_actor("counter/%d" % thread, Add(by), Total)
                if answer != Total(by + 1):
                    wrong.append((by, answer))

        threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_client_works_on_both_sides_of_a_fork(self):
        self.serve(add_one)
        self.assertEqual(self.client.ask_actor("counter/a", Add(1), Total), Total(2))
        child = os.fork()
        if child == 0:
            try:
                sound = all(self.client.ask_actor("counter/c", Add(i), Total) == Total(i + 1)
                            for i in range(100))
            except BaseException:
                sound = False
            os._exit(0 if sound else 1)
        for i in range(100):
            self.assertEqual(self.client.ask_actor("counter/p", Add(i), Total), Total(i + 1))
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    def test_status_is_a_map_with_the_nodes_and_partitions(self):
        self.serve(add_one)
        status = self.client.status()
        self.assertEqual(status["namespace"], "default")
        self.assertEqual([node["id"] for node in status["nodes"]], ["0" * 32])
        self.assertEqual(len(status["partitions"]), 4)

    def test_a_closed_client_opens_again(self):
        self.serve(add_one)
        for _ in range(2):
            self.assertEqual(self.client.ask_actor("counter/a", Add(1), Total), Total(2))
            self.client.close()

    def test_a_client_may_be_closed_while_another_thread_asks(self):
        gate = threading.Event()
        node = self.serve(lambda request: total(int(gate.wait(10))))
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(self.client.ask_actor("counter/a", Add(), Total)))
        thread.start()
        self.assertTrue(eventually(lambda: node.received))
        self.client.close()
        gate.set()
        thread.join()
        self.assertEqual(answers, [Total(1)])


class NothingThere(unittest.TestCase):
    def test_a_socket_that_is_not_there_is_named(self):
        config = conclib.DefaultConfig(url="unix:///nowhere/redis.sock", connect_timeout=0.5)
        with self.assertRaises(conclib.RedisUnreachable) as raised:
            conclib.ProxyClient(config=config).ask_actor("a", Add(), timeout=1)
        self.assertIsInstance(raised.exception, ConnectionError)
        self.assertIn("/nowhere/redis.sock", str(raised.exception))

    def test_a_url_that_is_none_is_a_bad_argument(self):
        with self.assertRaises(conclib.BadArgument):
            conclib.ProxyClient(conclib.DefaultConfig(url="http://x")).tell_actor("a", Add())

    def test_an_app_that_is_no_name_is_a_bad_argument(self):
        config = conclib.DefaultConfig(url="unix:///nowhere/redis.sock", app="a b")
        with self.assertRaises(conclib.BadArgument):
            conclib.ProxyClient(config).tell_actor("a", Add())


if __name__ == "__main__":
    unittest.main()

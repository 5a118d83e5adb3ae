# SPDX-License-Identifier: MIT
"""A real conclibd, asked by clients that were written from PROTOCOL.md alone."""

import json
import os
import pathlib
import signal
import tempfile
import unittest

import conclib
import msgpack
from clients import ASK, CANCEL, TELL, MultiplexedClient, NoDaemon, SyncClient, reply_to, request
from processes import descendants, eventually

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "proto" / "vectors"
OK, NO_ACTOR, EXPIRED, BAD_ENVELOPE = 0, 100, 102, 104
UNEXPECTED_MESSAGE, WRONG_PARTITION, CANCELLED = 105, 106, 108
DEAD_BYTES_MAX = 1024
GRACE_MS = 30_000


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="cl-")
        cls.addClassCleanup(folder.cleanup)
        cls.config = conclib.DefaultConfig(run_dir=folder.name, workers=2)
        cls.addClassCleanup(conclib.start_redis(config=cls.config).shutdown)
        cls.socket = folder.name + "/redis.sock"
        with cls.assertRaises(cls(), NoDaemon):
            SyncClient(cls.socket)
        cls.proxy = conclib.start_proxy(config=cls.config)
        cls.client = SyncClient(cls.socket)
        cls.addClassCleanup(cls.client.close)
        cls.namespace = cls.client.namespace
        # A counter has no state to take along when its partition moves to a worker that came later.
        assert eventually(lambda: cls.shared_out(cls.nodes()), 30), cls.nodes()

    @classmethod
    def nodes(cls):
        found = cls.client.redis.hgetall("conclib:default:nodes")
        return {node_id: msgpack.unpackb(encoded) for node_id, encoded in found.items()}

    @classmethod
    def shared_out(cls, nodes):
        """Whether both nodes say that they have a share, and all of them the whole."""
        shares = [node["partitions"] for node in nodes.values()]
        return len(shares) == 2 and all(shares) and \
            sorted(sum(shares, [])) == list(range(cls.namespace.partitions))

    def tearDown(self):
        self.assertTrue(eventually(self.nothing_waits), "entries were left in the queues")

    def nothing_waits(self):
        return not any(self.client.redis.xlen(self.namespace.key(p, "q"))
                       for p in range(self.namespace.partitions))

    def dead_letters(self, partition):
        return self.client.redis.xrange(self.namespace.key(partition, "dead"))

    def ask_changed(self, changes, partition=None, urn="counter/odd", wait_ms=5000):
        """An ask with some fields changed (None: left out); its reply."""
        fields = request(self.namespace, ASK, urn, "Add", {"by": 1})
        partition = self.namespace.partition(urn) if partition is None else partition
        fields["r"] = reply_to(self.namespace, partition, os.urandom(16).hex())
        reply_key = fields["r"]
        fields.update(changes)
        fields = {name: value for name, value in fields.items() if value is not None}
        return self.client.ask_raw(partition, msgpack.packb(fields), reply_key, wait_ms)

    # --- asks and tells ---

    def test_asks_one_by_one_are_answered_in_their_order(self):
        totals = [self.client.ask("counter/sync", "Add", {"by": 1}) for _ in range(300)]
        self.assertEqual([(reply["s"], reply["t"], reply["b"]) for reply in totals],
                         [(OK, "Total", {"value": i}) for i in range(1, 301)])

    def test_a_thousand_asks_in_flight_on_two_connections(self):
        client = MultiplexedClient(self.socket)
        self.addCleanup(client.close)
        asks = [("echo/%d" % (i % 97), "Echo", {"text": "text %d" % i}) for i in range(1000)]
        futures = client.ask_many(asks)
        for (_, _, body), future in zip(asks, futures):
            reply = future.result(timeout=20)
            self.assertEqual((reply["s"], reply["b"]), (OK, body))
        self.assertEqual(client.strays, 0)

    def test_one_actor_takes_the_messages_of_one_client_in_their_order(self):
        client = MultiplexedClient(self.socket)
        self.addCleanup(client.close)
        futures = client.ask_many([("counter/order", "Add", {"by": 1})] * 500)
        self.assertEqual([future.result(timeout=20)["b"]["value"] for future in futures],
                         list(range(1, 501)))

    def test_a_tell_runs(self):
        for _ in range(10):
            self.assertRegex(self.client.tell("counter/told", "Add", {"by": 2}), rb"^\d+-\d+$")
        self.assertEqual(self.client.ask("counter/told", "Read", {})["b"], {"value": 20})

    def test_a_body_that_is_absent_is_an_empty_map(self):
        self.assertEqual(self.client.ask("counter/bodiless", "Add", None)["b"], {"value": 1})

    def test_a_child_lives_in_the_partition_of_its_parent(self):
        self.assertEqual(self.client.ask("counter/parent#child", "Add", {})["s"] // 100, 1)

    def test_what_nobody_knows_is_said(self):
        reply = self.client.ask("nobody/here", "Add", {})
        self.assertEqual(reply["s"], NO_ACTOR)
        self.assertIn("nobody/here", reply["m"])
        reply = self.client.ask("counter/a", "Subtract", {})
        self.assertEqual(reply["s"], UNEXPECTED_MESSAGE)
        self.assertIn("Subtract", reply["m"])
        self.assertEqual(self.client.ask("counter/a", "Read", {})["s"], OK)

    def test_unknown_fields_are_ignored(self):
        reply = self.client.ask("counter/unknown", "Add", {"by": 1, "colour": "red"},
                                later={"deep": [1, None, {"x": b"\xff"}]}, flags=7)
        self.assertEqual((reply["s"], reply["b"]), (OK, {"value": 1}))

    def test_every_optional_field_is_taken(self):
        reply = self.client.ask("counter/optional", "Add", {"by": 1}, seq=1, root=os.urandom(16),
                                chain=["web", "room/x#1"], gen=self.namespace.generation,
                                tp="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                ts="a=b")
        self.assertEqual(reply["s"], OK)

    def test_a_reply_lives_for_the_time_left_and_half_a_minute(self):
        fields = request(self.namespace, ASK, "counter/ttl", "Add", {}, ttl=60_000)
        partition = self.namespace.partition("counter/ttl")
        fields["r"] = reply_to(self.namespace, partition, os.urandom(16).hex())
        self.client.push(partition, msgpack.packb(fields))
        self.assertTrue(eventually(lambda: self.client.redis.llen(fields["r"])))
        left = self.client.redis.pttl(fields["r"])
        self.assertTrue(50_000 + GRACE_MS < left <= 60_000 + GRACE_MS, left)

    # --- what does not run ---

    def test_an_ask_that_has_ended_is_told_so(self):
        reply = self.ask_changed({"exp": self.namespace.now_ms() - 1})
        self.assertEqual(reply["s"], EXPIRED)

    def test_a_tell_that_has_ended_is_a_dead_letter(self):
        partition = self.namespace.partition("counter/late")
        entry = self.client.tell("counter/late", "Add", {}, exp=self.namespace.now_ms() - 1)
        letter = eventually(lambda: self.letter_of(partition, entry))
        self.assertEqual(letter[b"reason"], b"EXPIRED")

    def test_a_time_to_live_counts_from_the_entrys_id(self):
        workers = descendants(self.proxy.pid)
        fields = request(self.namespace, ASK, "counter/ttl", "Add", {}, ttl=20, exp=None)
        partition = self.namespace.partition("counter/ttl")
        fields["r"] = reply_to(self.namespace, partition, os.urandom(16).hex())
        self.pause(workers)
        entry = self.client.push(partition, msgpack.packb(fields))
        ends = int(entry.split(b"-")[0]) + 20
        eventually(lambda: self.namespace.now_ms() > ends + 5)
        self.go_on(workers)
        answer = self.client.redis.blpop(fields["r"], 5)
        self.assertEqual(msgpack.unpackb(answer[1])["s"], EXPIRED)

    def test_a_request_in_the_wrong_queue_is_told_so(self):
        wrong = (self.namespace.partition("counter/odd") + 1) % self.namespace.partitions
        self.assertEqual(self.ask_changed({}, partition=wrong)["s"], WRONG_PARTITION)

    def test_nothing_is_written_outside_the_partitions_reply_space(self):
        partition = self.namespace.partition("counter/odd")
        other = (partition + 1) % self.namespace.partitions
        self.client.redis.rpush("mine", "untouched")
        self.addCleanup(self.client.redis.delete, "mine")
        for key in ("mine", reply_to(self.namespace, other, "0" * 32),
                    self.namespace.key(partition, "q"), self.namespace.key(partition, "own"),
                    self.namespace.key(partition, "r:app:b0"), "x" * 300):
            before = self.client.redis.type(key), self.client.redis.memory_usage(key)
            fields = request(self.namespace, ASK, "counter/odd", "Add", {}, r=key)
            entry = self.client.push(partition, msgpack.packb(fields))
            with self.subTest(key[:40]):
                letter = eventually(lambda: self.letter_of(partition, entry))
                self.assertTrue(letter)
                self.assertEqual(letter[b"reason"], b"BAD_ENVELOPE")
                if not key.endswith((":q", ":own")):
                    self.assertEqual((self.client.redis.type(key),
                                      self.client.redis.memory_usage(key)), before)

    # --- cancelling ---

    def test_a_cancel_of_what_is_not_there_changes_nothing(self):
        partition = self.namespace.partition("counter/odd")
        self.client.push(partition, msgpack.packb(
            {"v": 1, "k": CANCEL, "id": os.urandom(16), "u": "counter/odd"}))
        self.assertTrue(eventually(self.nothing_waits))
        self.assertEqual(self.ask_changed({})["s"], OK)

    def test_a_cancelled_ask_has_one_end_and_it_is_true(self):
        client, urn = MultiplexedClient(self.socket), "counter/cancelled"
        self.addCleanup(client.close)
        workers = descendants(self.proxy.pid)
        self.pause(workers)
        futures = client.ask_many([(urn, "Add", {"by": 1})] * 400)
        for future in futures[200:]:
            client.cancel(urn, future.request_id)
        self.go_on(workers)
        ends = [future.result(timeout=20)["s"] for future in futures]
        self.assertEqual(set(ends[:200]), {OK})
        self.assertLessEqual(set(ends[200:]), {OK, CANCELLED})
        ran = self.client.ask(urn, "Read", {})["b"]["value"]
        self.assertEqual(ran, ends.count(OK))
        self.assertEqual(client.strays, 0)

    # --- malformed envelopes ---

    def test_a_malformed_ask_is_answered_when_its_reply_key_can_be_read(self):
        changes = [{"v": 2}, {"v": None}, {"v": "1"}, {"k": 3}, {"t": None}, {"t": 5},
                   {"t": "T" * 256}, {"u": "a b"}, {"u": ""}, {"ttl": 0}, {"ttl": -1},
                   {"ttl": 86_400_001},
                   {"exp": "soon"}, {"chain": ["a"] * 65}, {"src": "s" * 256}, {"tp": 5},
                   {"seq": 1.5}, {"root": bytes(65)}]
        for change in changes:
            with self.subTest(str(change)[:40]):
                reply = self.ask_changed(change)
                self.assertIsNotNone(reply, "no reply came")
                self.assertEqual(reply["s"], BAD_ENVELOPE)
                self.assertTrue(reply["m"])

    def test_every_malformed_vector_becomes_a_dead_letter(self):
        cases = [case for case in json.loads((VECTORS / "requests.json").read_text())
                 if case["status"] == BAD_ENVELOPE]
        entries = {}
        for case in cases:
            entries[self.client.push(0, bytes.fromhex(case["hex"]))] = case
        self.assertTrue(eventually(
            lambda: set(entries) <= {fields[b"entry"] for _, fields in self.dead_letters(0)}))
        for _, fields in self.dead_letters(0):
            case = entries.get(fields[b"entry"])
            if case is None:
                continue
            with self.subTest(case["name"]):
                self.assertEqual(fields[b"reason"], b"BAD_ENVELOPE")
                self.assertTrue(fields[b"text"])
                self.assertEqual(fields[b"e"], bytes.fromhex(case["hex"])[:DEAD_BYTES_MAX])

    def test_an_entry_that_is_too_large_is_a_dead_letter_cut_short(self):
        urn = "echo/large"
        partition = self.namespace.partition(urn)
        body = {"text": "x" * (1 << 20)}
        envelope = msgpack.packb(request(self.namespace, TELL, urn, "Echo", body))
        entry = self.client.push(partition, envelope)
        letter = eventually(lambda: self.letter_of(partition, entry))
        self.assertEqual((letter[b"reason"], letter[b"e"]),
                         (b"BAD_ENVELOPE", envelope[:DEAD_BYTES_MAX]))

    def test_an_entry_without_an_envelope_is_a_dead_letter(self):
        for fields in ({"x": "1"}, {"E": "1"}):
            entry = self.client.redis.xadd(self.namespace.key(0, "q"), fields)
            letter = eventually(lambda: self.letter_of(0, entry))
            self.assertEqual(letter[b"reason"], b"BAD_ENVELOPE")

    # --- what a client may read ---

    def test_the_nodes_are_described(self):
        nodes = self.nodes()
        self.assertTrue(self.shared_out(nodes), nodes)
        for node_id, node in nodes.items():
            self.assertRegex(node_id, rb"^[0-9a-f]{32}$")
            self.assertEqual(node["state"], "live")
            self.assertLess(abs(self.namespace.now_ms() - node["heartbeat"]), 3 * node["lease"])
            self.assertIn("example_actor", node["types"])
            self.assertIn("counter", [plugin["name"] for plugin in node["plugins"]])

    def letter_of(self, partition, entry):
        return next((fields for _, fields in self.dead_letters(partition)
                     if fields[b"entry"] == entry), None)

    def pause(self, pids):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.addCleanup(self.go_on, pids)

    def go_on(self, pids):
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


if __name__ == "__main__":
    unittest.main()

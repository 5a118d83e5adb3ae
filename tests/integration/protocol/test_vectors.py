# SPDX-License-Identifier: MIT
"""Replays proto/vectors against the reader in wire.py, which knows only PROTOCOL.md."""

import json
import pathlib
import subprocess
import sys
import unittest
import zlib

import wire

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "proto" / "vectors"


class Vectors(unittest.TestCase):
    def each(self, name):
        cases = json.loads((VECTORS / (name + ".json")).read_text())
        self.assertTrue(cases)
        for case in cases:
            with self.subTest(case["name"]):
                yield case

    def test_the_files_are_what_the_generator_writes(self):
        run = subprocess.run([sys.executable, str(VECTORS / "generate.py"), "--check"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_crc32(self):
        for case in self.each("crc32"):
            self.assertEqual(zlib.crc32(bytes.fromhex(case["hex"])), case["crc32"])

    def test_partitions(self):
        for case in self.each("partitions"):
            self.assertEqual(wire.partition_of(case["urn"], case["partitions"]), case["partition"])

    def test_names(self):
        for case in self.each("names"):
            self.assertEqual(wire.is_name(case["text"]), case["valid"])

    def test_urns(self):
        for case in self.each("urns"):
            expected = (case["type"], case["key"], case["child"]) if case["valid"] else None
            self.assertEqual(wire.parse_urn(bytes.fromhex(case["hex"])), expected)

    def test_keys(self):
        for case in self.each("keys"):
            self.assertEqual(wire.key_of(case["what"], case["namespace"], case["partition"],
                                         case["node"], case["app"], case["id"]), case["key"])

    def test_reply_keys(self):
        for case in self.each("reply_keys"):
            kind = wire.reply_key_kind(bytes.fromhex(case["hex"]), case["namespace"],
                                       case["partition"])
            self.assertEqual(kind or "", case["kind"])
            self.assertEqual(kind is not None, case["valid"])

    def test_expiries(self):
        for case in self.each("expiries"):
            self.assertEqual(wire.end_of(case["entry_ms"], case["ttl"], case["exp"]),
                             case["ends_ms"])

    def test_requests(self):
        for case in self.each("requests"):
            data = bytes.fromhex(case["hex"])
            if case["status"] == 0:
                self.assertEqual(as_text(wire.read_request(data)), case["fields"])
            else:
                with self.assertRaises(wire.Malformed):
                    wire.read_request(data)

    def test_replies(self):
        for case in self.each("replies"):
            data = bytes.fromhex(case["hex"])
            if case["valid"]:
                self.assertEqual(as_text(wire.read_reply(data)), case["fields"])
            else:
                with self.assertRaises(wire.Malformed):
                    wire.read_reply(data)

    def test_entries_in_the_right_and_the_wrong_queue(self):
        for case in self.each("entries"):
            request = wire.read_request(bytes.fromhex(case["hex"]))
            right = wire.partition_of(request["u"], case["partitions"]) == case["partition"]
            self.assertEqual(0 if right else 106, case["status"])
            self.assertEqual(wire.reply_key_kind(request["r"].encode(), case["namespace"],
                                                 case["partition"]), "ask")


def as_text(fields):
    return {name: value.hex() if isinstance(value, bytes) else value
            for name, value in fields.items()}


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""Messages: what a class becomes, and its way to msgpack and back."""

import dataclasses
import enum
import pickle
import unittest
from typing import Dict, List, Optional, Tuple, Union

import conclib
import msgpack
from conclib.messages import decode, encode


class Colour(enum.Enum):
    RED = "red"


class Inner(conclib.ActorMessage):
    name: str = "?"


class Outer(conclib.ActorMessage):
    number: int = 1
    ratio: float = 0.5
    flag: bool = False
    raw: bytes = b""
    inner: Optional[Inner] = None
    inners: List[Inner] = dataclasses.field(default_factory=list)
    by_name: Dict[str, Inner] = dataclasses.field(default_factory=dict)
    pair: Tuple[int, str] = (0, "")
    either: Union[int, str] = 0
    colour: Colour = Colour.RED


class Empty(conclib.ActorMessage):
    pass


class Renamed(conclib.ActorMessage):
    TYPE_NAME = "shop.Order"
    amount: int = 0


class Special(Renamed):
    note: str = ""


@dataclasses.dataclass
class Decorated(conclib.ActorMessage):
    tags: List[str] = dataclasses.field(default_factory=list)


class Required(conclib.ActorMessage):
    value: int


class Messages(unittest.TestCase):
    def round_trip(self, message):
        _, body = encode(message)
        return type(message).from_map(decode(body))

    def test_a_subclass_is_a_dataclass(self):
        self.assertEqual(Inner(name="a"), Inner("a"))
        self.assertEqual(repr(Inner()), "Inner(name='?')")

    def test_a_message_without_fields_is_an_empty_map(self):
        self.assertEqual(encode(Empty()), ("Empty", b"\x80"))

    def test_every_kind_of_field_comes_back_as_it_went(self):
        message = Outer(number=-7, ratio=2.5, flag=True, raw=b"\xff\x00", inner=Inner("a"),
                        inners=[Inner("b"), Inner("c")], by_name={"x": Inner("d")}, pair=(3, "t"),
                        either="text")
        self.assertEqual(self.round_trip(message), message)

    def test_unknown_fields_are_ignored_and_missing_ones_keep_their_default(self):
        self.assertEqual(Outer.from_map({"number": 5, "colours": [1]}), Outer(number=5))

    def test_defaults_are_not_shared_between_messages(self):
        Outer.from_map({}).inners.append(Inner())
        self.assertEqual(Outer().inners, [])

    def test_the_name_of_the_type_can_be_given_and_is_not_inherited(self):
        self.assertEqual(encode(Renamed())[0], "shop.Order")
        self.assertEqual(encode(Special(amount=1, note="n")),
                         ("Special", msgpack.packb({"amount": 1, "note": "n"})))

    def test_a_subclass_may_carry_the_decorator_too(self):
        self.assertEqual(self.round_trip(Decorated(tags=["a"])), Decorated(tags=["a"]))
        self.assertEqual(Decorated.from_map({}), Decorated(tags=[]))

    def test_a_plain_pair_is_a_message(self):
        self.assertEqual(encode(("Add", {"by": [Inner("x")]})),
                         ("Add", msgpack.packb({"by": [{"name": "x"}]})))

    def test_an_integer_fits_a_float(self):
        self.assertIsInstance(Outer.from_map({"ratio": 2}).ratio, float)

    def test_what_does_not_fit_names_message_and_field(self):
        for fields in ({"number": "1"}, {"number": True}, {"flag": 1}, {"raw": "text"},
                       {"inners": 5}, {"inners": [5]}, {"pair": [1]}, {"either": 1.5},
                       {"colour": "blue"}, {"inner": 3}, {"number": None}):
            with self.subTest(fields), self.assertRaises(conclib.BadReply) as raised:
                Outer.from_map(fields)
            self.assertIn("Outer", str(raised.exception))
            self.assertIn(next(iter(fields)), str(raised.exception))

    def test_a_missing_field_without_default_is_named(self):
        with self.assertRaisesRegex(conclib.BadReply, 'Required: field "value" is missing'):
            Required.from_map({})

    def test_an_answer_that_is_no_map_is_refused(self):
        with self.assertRaisesRegex(conclib.BadReply, "expected a map"):
            Inner.from_map([1])

    def test_what_is_no_message_is_refused_with_the_cure(self):
        for wrong in (5, {"by": 1}, ("Add",), (1, {}), object(), Inner, ("Add", {"x": object()}),
                      ("Add", {"x": 1 << 64})):
            with self.subTest(repr(wrong)[:20]), self.assertRaises(conclib.BadArgument):
                encode(wrong)

    def test_bytes_that_are_no_msgpack_are_a_bad_reply(self):
        for body in (b"", b"\xc1", b"\x81", b"\x80\x80", b"\xa1\xff"):
            with self.subTest(body), self.assertRaises(conclib.BadReply):
                decode(body)

    def test_actors_in_python_are_explained(self):
        with self.assertRaisesRegex(AttributeError, "plugins of conclibd"):
            conclib.Actor


class Exceptions(unittest.TestCase):
    def test_the_class_of_a_status_says_whether_the_message_ran(self):
        for status, kind in conclib.BY_STATUS.items():
            base = {1: conclib.NeverRan, 2: conclib.RanAndFailed, 3: conclib.Unknown}[status // 100]
            self.assertTrue(issubclass(kind, base), kind)
            self.assertEqual(kind("text").status, status)
            self.assertEqual(str(kind("text")), "text")

    def test_a_status_of_a_newer_daemon_is_known_by_its_class(self):
        from conclib.errors import error_for
        for status, base in ((177, conclib.NeverRan), (277, conclib.RanAndFailed),
                             (377, conclib.Unknown), (977, conclib.Unknown)):
            error = error_for(status, "new")
            self.assertIs(type(error), base)
            self.assertEqual(error.status, status)

    def test_a_time_out_is_pythons_time_out_too(self):
        self.assertTrue(issubclass(conclib.Timeout, TimeoutError))
        self.assertTrue(issubclass(conclib.NoNode, conclib.Timeout))
        self.assertTrue(issubclass(conclib.BadArgument, ValueError))

    def test_an_exception_survives_pickling(self):
        error = pickle.loads(pickle.dumps(conclib.Timeout("late", 301)))
        self.assertEqual((type(error), error.text, error.status), (conclib.Timeout, "late", 301))


if __name__ == "__main__":
    unittest.main()

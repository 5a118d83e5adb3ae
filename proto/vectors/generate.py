#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the golden vectors beside this file, from PROTOCOL.md and nothing else.

    /usr/bin/python3 proto/vectors/generate.py            # writes proto/vectors/*.json
    /usr/bin/python3 proto/vectors/generate.py --check    # exit 1 if a file would change

Each file is a JSON array of flat objects, one case to a line, each with a `name`. Bytes are
lower-case hex. What each file holds is said in PROTOCOL.md, section 14. The output depends on
nothing but this file.
"""

import json
import pathlib
import struct
import sys
import zlib

import msgpack

HERE = pathlib.Path(__file__).resolve().parent

OK, BAD_ENVELOPE, WRONG_PARTITION = 0, 104, 106
ID = bytes(range(16))
REPLY_KEY = "conclib:{default:3}:r:app:a000102030405060708090a0b0c0d0e0f"


# --- msgpack by hand, where the usual encoder would not choose that form ---

def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def str8(text):
    return b"\xd9" + struct.pack(">B", len(text)) + text


def str16(text):
    return b"\xda" + struct.pack(">H", len(text)) + text


def str32(text):
    return b"\xdb" + struct.pack(">I", len(text)) + text


def bin16(data):
    return b"\xc5" + struct.pack(">H", len(data)) + data


def bin32(data):
    return b"\xc6" + struct.pack(">I", len(data)) + data


def nested(levels, innermost=b"\x01"):
    """`levels` arrays of one element, around one value."""
    return b"\x91" * levels + innermost


def raw_map(pairs, head=None):
    """A map of encoded keys and values, in this order; `head` replaces its first byte."""
    if head is None:
        head = struct.pack(">B", 0x80 | len(pairs)) if len(pairs) < 16 else \
            b"\xde" + struct.pack(">H", len(pairs))
    return head + b"".join(key + value for key, value in pairs)


# --- requests ---

def ask(**changes):
    fields = {"v": 1, "k": 0, "id": ID, "u": "counter/visits", "t": "Add", "b": {"by": 1},
              "r": REPLY_KEY, "ttl": 5000}
    return changed(fields, changes)


def tell(**changes):
    return changed({"v": 1, "k": 1, "id": ID, "u": "counter/visits", "t": "Add", "b": {"by": 1}},
                   changes)


def cancel(**changes):
    return changed({"v": 1, "k": 2, "id": ID, "u": "counter/visits"}, changes)


def changed(fields, changes):
    """The fields with some replaced, and those that are given as None left out."""
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def encoded(fields):
    """A field whose value is a tuple (bytes,) is put in as it is."""
    return raw_map([(pack(name), value[0] if isinstance(value, tuple) else pack(value))
                    for name, value in fields.items()])


def pairs_of(fields):
    return [(pack(name), pack(value)) for name, value in fields.items()]


def shown(fields):
    """What a reader must have found: bin as hex, the body as the hex of its encoding."""
    found = {}
    for name, value in fields.items():
        if name == "b":
            found[name] = (value[0] if isinstance(value, tuple) else pack(value)).hex()
        elif name in ("id", "root"):
            found[name] = value.hex()
        else:
            found[name] = value
    return found


def good(name, fields, expect=None, data=None):
    return {"name": name, "status": OK, "hex": (data or encoded(fields)).hex(),
            "fields": shown(expect if expect is not None else fields)}


def bad(name, data):
    return {"name": name, "status": BAD_ENVELOPE,
            "hex": (encoded(data) if isinstance(data, dict) else data).hex()}


def good_requests():
    everything = ask(exp=1700000000123, src="web", seq=7, root=b"\x01" * 64,
                     chain=["a", "room/x#1"], gen=3,
                     tp="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ts="a=b,c=d")
    all_pairs, ask_pairs = pairs_of(everything), pairs_of(ask())
    return [
        good("an ask with what it must have", ask()),
        good("a tell with what it must have", tell()),
        good("a cancel with what it must have", cancel()),
        good("an ask with every field", everything),
        good("the order of the fields does not matter", everything,
             data=raw_map(list(reversed(all_pairs)))),
        good("a map with a 16 bit head", ask(), data=raw_map(ask_pairs, b"\xde\x00\x08")),
        good("a map with a 32 bit head", ask(), data=raw_map(ask_pairs, b"\xdf\x00\x00\x00\x08")),
        good("unknown fields are ignored", ask(),
             data=encoded({**ask(), "zzz": 1, "x": {"deep": [1, {"er": None}]}, "": b"\xff"})),
        good("an unknown field may hold an ext", tell(),
             data=encoded({**tell(), "x": (b"\xc7\x03\x05abc",)})),
        good("a body that is absent is an empty map", ask(b=None), expect=ask(b={})),
        good("a body may be nil", ask(b=(b"\xc0",))),
        good("a body may be an integer", ask(b=-5)),
        good("a body may be a float", tell(b=1.5)),
        good("a body may be an array", tell(b=[1, "two", b"three", None, True])),
        good("a body may hold an ext", tell(b=(b"\xd6\xff\x00\x00\x00\x01",))),
        good("a body of 64 arrays in each other", tell(b=(nested(64),))),
        good("a body that names a field twice is the receiver's matter",
             tell(b=(b"\x82\xa1a\x01\xa1a\x02",))),
        good("an id as str is taken as its bytes", ask(id=b"abc"), data=encoded(ask(id="abc"))),
        good("an id as str need not be UTF-8", ask(id=b"\xff\xfe"),
             data=encoded(ask(id=(b"\xa2\xff\xfe",)))),
        good("an id of one byte", ask(id=b"\x00")),
        good("an id of 64 bytes", ask(id=bytes(64))),
        good("an id as bin 16", ask(), data=encoded(ask(id=(bin16(ID),)))),
        good("an id as bin 32", ask(), data=encoded(ask(id=(bin32(ID),)))),
        good("texts as str 8", ask(), data=encoded(ask(t=(str8(b"Add"),)))),
        good("texts as str 16", ask(), data=encoded(ask(t=(str16(b"Add"),)))),
        good("texts as str 32", ask(), data=encoded(ask(t=(str32(b"Add"),)))),
        good("a name of a field as str 8", ask(),
             data=raw_map([(str8(key), value) for key, value in
                           ((key.encode(), pack(value)) for key, value in ask().items())])),
        good("an integer as uint 64", ask(), data=encoded(ask(v=(b"\xcf" + bytes(7) + b"\x01",)))),
        good("an integer as int 8", ask(), data=encoded(ask(v=(b"\xd0\x01",)))),
        good("an integer as int 64", ask(),
             data=encoded(ask(ttl=(b"\xd3" + struct.pack(">q", 5000),)))),
        good("the shortest time to live", ask(ttl=1)),
        good("the longest time to live of an ask", ask(ttl=86_400_000)),
        good("a tell with a time to live", tell(ttl=60_000)),
        good("a tell with a time to live of 0 has none", tell(), data=encoded(tell(ttl=0))),
        good("an expiry of 0 is none", ask(), data=encoded(ask(exp=0))),
        good("the largest expiry", ask(exp=(1 << 64) - 1)),
        good("texts that are empty are absent", ask(), data=encoded(ask(src="", tp="", ts=""))),
        good("a chain that is empty is absent", ask(), data=encoded(ask(chain=[]))),
        good("a root that is empty is absent", ask(), data=encoded(ask(root=b""))),
        good("a chain of 64", ask(chain=["a/%d" % i for i in range(64)])),
        good("a type of 255 bytes", ask(t="T" * 255)),
        good("a type may be any text", ask(t="Größe / 大")),
        good("a URN of 255 bytes", tell(u="a/" + "k" * 253)),
        good("a URN with a child", tell(u="room/lobby#1")),
        good("a source of 255 bytes", tell(src="s" * 255)),
        good("a traceparent of 512 bytes", tell(tp="t" * 512)),
        good("64 fields", tell(), data=encoded({**tell(), **{"f%d" % i: i for i in range(58)}})),
    ]


def bad_envelopes():
    """What is no envelope, whatever the kind."""
    whole = encoded(ask())
    return [
        bad("no bytes at all", b""),
        bad("bytes that are no msgpack", b"\xc1"),
        bad("a text instead of a map", b"hello"),
        bad("an array instead of a map", pack([1, 0, ID])),
        bad("nil instead of a map", b"\xc0"),
        bad("an empty map", b"\x80"),
        bad("cut after the head", whole[:1]),
        bad("cut in the middle", whole[:len(whole) // 2]),
        bad("cut by one byte", whole[:-1]),
        bad("one byte too many", whole + b"\x00"),
        bad("a second envelope behind the first", whole + whole),
        bad("a field that is an integer, not a str", raw_map([(b"\x01", b"\x01")])),
        bad("a name of a field as bin", raw_map([(b"\xc4\x01v", b"\x01")])),
        bad("a name of a field that is not UTF-8", raw_map(
            pairs_of(tell()) + [(b"\xa1\xff", b"\x01")])),
        bad("a field that occurs twice", raw_map(
            pairs_of(tell()) + [(pack("v"), b"\x01")])),
        bad("an unknown field that occurs twice", raw_map(
            pairs_of(tell()) + [(pack("x"), b"\x01")] * 2)),
        bad("one name twice in two encodings", raw_map(
            pairs_of(tell()) + [(str8(b"v"), b"\x01")])),
        bad("65 fields", encoded({**tell(), **{"f%d" % i: i for i in range(59)}})),
        bad("a map that announces 4294967295 pairs", b"\xdf\xff\xff\xff\xff"),
        bad("a body that announces 4294967295 elements", tell(b=(b"\xdd\xff\xff\xff\xff",))),
        bad("a body that announces more bytes than there are", tell(b=(b"\xc6\x7f\xff\xff\xff",))),
        bad("a body of 65 arrays in each other", tell(b=(nested(65),))),
        bad("a body of 1000 arrays in each other", tell(b=(nested(1000),))),
        bad("a body of 65 maps in each other", tell(b=(b"\x81\xa1k" * 65 + b"\x01",))),
        bad("an unknown field of 65 arrays in each other", {**tell(), "x": (nested(65),)}),
        bad("a body with the byte that is never used", tell(b=(b"\x92\x01\xc1",))),
    ]


def bad_fields():
    """A map, but a field is missing or wrong."""
    cases = []
    for kind, make, musts in (("an ask", ask, "v k id u t r ttl"), ("a tell", tell, "v k id u t"),
                              ("a cancel", cancel, "v k id u")):
        cases += [bad("%s without %s" % (kind, field), make(**{field: None}))
                  for field in musts.split()]
    wrong = {"v": ["1", 1.0, True, -1, b"\x01"], "k": ["0", -1, 3, 255, 1 << 32],
             "id": [1, b"", "", bytes(65), [1], {}], "u": ["", b"counter/visits", 5],
             "t": ["", b"Add", 5, "T" * 256], "r": ["", b"x", 5],
             "ttl": [0, -1, "5", 1.0, 86_400_001],
             "exp": [-1, "5", 1.5], "src": [5, b"web", "s" * 256], "seq": [-1, "1"],
             "root": [5, bytes(65), []], "chain": ["a", {}, [5], [b"a"], ["a"] * 65],
             "gen": [-1, "1"], "tp": [5, "t" * 513], "ts": [b"x", "t" * 513]}
    for field, values in wrong.items():
        cases += [bad("field %s: %s" % (field, described(value)), ask(**{field: value}))
                  for value in values]
        cases.append(bad("field %s: nil" % field, ask(**{field: (b"\xc0",)})))
    cases += [
        bad("version 0", ask(v=0)),
        bad("version 2", ask(v=2)),
        bad("a version from far away", ask(v=(1 << 64) - 1)),
        bad("a URN that is not UTF-8", ask(u=(b"\xa3a/\xff",))),
        bad("a URN with a space", ask(u="a/b c")),
        bad("a URN of 256 bytes", ask(u="a/" + "k" * 254)),
        bad("a type that is not UTF-8", ask(t=(b"\xa1\xff",))),
        bad("a field of a tell is wrong though it needs none", tell(r=5)),
        bad("a field of a cancel is wrong though it needs none", cancel(t=5)),
    ]
    return cases


def described(value):
    text = repr(value)
    return text if len(text) <= 24 else "%s of %d" % (type(value).__name__, len(value))


# --- replies ---

def replies():
    reply = {"v": 1, "id": ID, "s": 0, "t": "Total", "b": {"value": 1}}
    failed = {"v": 1, "id": ID, "s": 200, "m": "actor counter/visits failed"}

    def bad_reply(name, data):
        return {"name": name, "valid": False,
                "hex": (encoded(data) if isinstance(data, dict) else data).hex()}

    def good_reply(name, fields, data=None):
        return {"name": name, "valid": True, "hex": (data or encoded(fields)).hex(),
                "fields": shown(fields)}

    return [
        good_reply("an answer", reply),
        good_reply("a failure", failed),
        good_reply("unknown fields are ignored", reply, encoded({**reply, "zzz": [1, 2]})),
        good_reply("the order of the fields does not matter", reply, raw_map(
            [(pack(key), pack(value)) for key, value in reversed(list(reply.items()))])),
        good_reply("an answer that is nil", changed(reply, {"b": (b"\xc0",)})),
        good_reply("a status that this version does not know", changed(failed, {"s": 299})),
        bad_reply("no bytes at all", b""),
        bad_reply("bytes that are no msgpack", b"\xc1"),
        bad_reply("an array", pack([1, ID])),
        bad_reply("cut by one byte", encoded(reply)[:-1]),
        bad_reply("one byte too many", encoded(reply) + b"\x00"),
        bad_reply("without a version", changed(reply, {"v": None})),
        bad_reply("of another version", changed(reply, {"v": 2})),
        bad_reply("without a status", changed(reply, {"s": None})),
        bad_reply("with a status that is a text", changed(reply, {"s": "OK"})),
        bad_reply("with a status below 0", changed(reply, {"s": -1})),
        bad_reply("with an id that is an integer", changed(reply, {"id": 1})),
        bad_reply("with a text that is an integer", changed(failed, {"m": 1})),
    ]


# --- names, URNs, partitions, keys ---

def crc32(data):
    return zlib.crc32(data) & 0xFFFFFFFF


def crcs():
    texts = {"the check value": b"123456789", "nothing": b"", "one byte of zero": b"\x00",
             "a text": b"counter/visits", "every byte": bytes(range(256)),
             "UTF-8": "räume/大".encode()}
    return [{"name": name, "hex": data.hex(), "crc32": crc32(data)} for name, data in texts.items()]


def partitions():
    urns = ["example_actor", "counter/visits", "counter/visits#child", "counter/visits#x/y",
            "cart/42", "cart/43", "room/lobby/1", "räume/größe", "room/大",
            "a", "_", "0", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "a/" + "k" * 253]
    cases = [("%s over %d" % (urn if len(urn) < 64 else "a long URN", count), urn, count)
             for urn in urns for count in (1, 2, 7, 16, 1000, 1024)]
    return [{"name": name, "urn": urn, "partitions": count,
             "partition": crc32(urn.split("#")[0].encode()) % count} for name, urn, count in cases]


def names():
    good_names = ["default", "a", "A", "0", "_", "-", "prod-eu_1", "x" * 64]
    bad_names = ["", "x" * 65, "a b", "a:b", "a.b", "a/b", "{a}", "a\n", "\u00e4", "a\u0000", "*"]
    return [{"name": "%s name %s" % ("valid" if valid else "invalid", json.dumps(text)[:24]),
             "text": text, "valid": valid}
            for valid, group in ((True, good_names), (False, bad_names)) for text in group]


def urns():
    def valid(name, text, type_, key="", child=""):
        return {"name": name, "hex": text.encode().hex(), "valid": True, "type": type_, "key": key,
                "child": child}

    def invalid(name, data):
        return {"name": name, "hex": (data if isinstance(data, bytes) else data.encode()).hex(),
                "valid": False}

    return [
        valid("a type", "example_actor", "example_actor"),
        valid("a type and a key", "counter/visits", "counter", "visits"),
        valid("a child of a type", "counter#1", "counter", "", "1"),
        valid("a child of a type and a key", "room/lobby#door", "room", "lobby", "door"),
        valid("a key that holds slashes", "file/a/b//c/", "file", "a/b//c/"),
        valid("a key that is a slash", "file//", "file", "/"),
        valid("a child that holds a slash", "room#a/b", "room", "", "a/b"),
        valid("every mark that a type may hold", "a_b.c:d-e", "a_b.c:d-e"),
        valid("a type that begins with a digit", "0a", "0a"),
        valid("a type that begins with _", "_a", "_a"),
        valid("a type of one letter", "Z", "Z"),
        valid("a UUID", "urn:uuid:6e8bc430", "urn:uuid:6e8bc430"),
        valid("a key of other letters", "room/größe-大", "room", "größe-大"),
        valid("a key beyond the basic plane", "room/\U0001F600", "room", "\U0001F600"),
        valid("a key of marks", "a/!\"$%&'()*+,-.:;<=>?@[\\]^_`{|}~", "a",
              "!\"$%&'()*+,-.:;<=>?@[\\]^_`{|}~"),
        valid("a no-break space is no space", "a/b\u00a0c", "a", "b\u00a0c"),
        valid("U+0080 is no control character here", "a/b\u0080c", "a", "b\u0080c"),
        valid("255 bytes", "a/" + "k" * 253, "a", "k" * 253),
        invalid("empty", ""),
        invalid("256 bytes", "a/" + "k" * 254),
        invalid("256 bytes in fewer letters", "a/" + "ä" * 127),
        invalid("no type", "/key"),
        invalid("a slash", "/"),
        invalid("no key after the slash", "a/"),
        invalid("no child after the #", "a#"),
        invalid("no child after key and #", "a/b#"),
        invalid("no key before the #", "a/#b"),
        invalid("a child alone", "#b"),
        invalid("two children", "a#b#c"),
        invalid("a type that begins with -", "-a"),
        invalid("a type that begins with .", ".a"),
        invalid("a type that begins with :", ":a"),
        invalid("a type with a space", "a b"),
        invalid("a type with another letter", "größe"),
        invalid("a type with a brace", "a{b}"),
        invalid("a key with a space", "a/b c"),
        invalid("a key with a tab", "a/b\tc"),
        invalid("a key with a line end", "a/b\n"),
        invalid("a key with a zero", "a/b\x00"),
        invalid("a key with DEL", "a/b\x7f"),
        invalid("a child with a space", "a#b c"),
        invalid("a byte that is not UTF-8", b"a/\xff"),
        invalid("UTF-8 that is cut", b"a/\xc3"),
        invalid("an overlong form", b"a/\xc0\xaf"),
        invalid("an overlong form of three bytes", b"a/\xe0\x80\xaf"),
        invalid("a surrogate", b"a/\xed\xa0\x80"),
        invalid("beyond U+10FFFF", b"a/\xf4\x90\x80\x80"),
        invalid("a lone continuation", b"a/\x80"),
    ]


def keys():
    cases = []
    for namespace, partition in (("default", 0), ("prod-eu_1", 15), ("n" * 64, 1023)):
        inside = "conclib:{%s:%d}:" % (namespace, partition)
        outside = "conclib:%s:" % namespace
        node = "0123456789abcdef0123456789abcdef"
        for what, key in (("meta", outside + "meta"), ("nodes", outside + "nodes"),
                          ("control", outside + "ctl:" + node), ("queue", inside + "q"),
                          ("owner", inside + "own"), ("attempts", inside + "att"),
                          ("dead", inside + "dead"), ("reply", inside + "r:web-1:a" + node),
                          ("inbox", inside + "r:web-1:i" + node)):
            cases.append({"name": "%s of %s" % (what, namespace[:12]), "what": what,
                          "namespace": namespace, "partition": partition, "node": node,
                          "app": "web-1", "id": node, "key": key})
    return cases


def reply_keys():
    here = "conclib:{default:3}:r:"
    longest = "conclib:{%s:1023}:r:%s:a%s" % ("n" * 64, "p" * 64, "i" * 64)

    def case(name, key, kind="", namespace="default", partition=3):
        return {"name": name, "namespace": namespace, "partition": partition,
                "hex": (key if isinstance(key, bytes) else key.encode()).hex(),
                "valid": kind != "", "kind": kind}

    return [
        case("the reply to one ask", here + "app:a0123456789abcdef", "ask"),
        case("an inbox", here + "app:i0123456789abcdef", "inbox"),
        case("an id of one letter", here + "app:aX", "ask"),
        case("an id of 64", here + "app:a" + "x" * 64, "ask"),
        case("an id with every mark", here + "app:aA_z-9", "ask"),
        case("an app with every mark", here + "A_z-9:i0", "inbox"),
        case("the longest of all", longest, "ask", "n" * 64, 1023),
        case("an id of 65", here + "app:a" + "x" * 65),
        case("no id", here + "app:a"),
        case("neither a nor i", here + "app:b0123"),
        case("an upper case A", here + "app:A0123"),
        case("no app", here + ":a0123"),
        case("an app of 65", here + "x" * 65 + ":a0123"),
        case("an app with a dot", here + "a.b:a0123"),
        case("one colon too many", here + "app:a0123:4"),
        case("one colon too few", here + "app"),
        case("the prefix alone", here),
        case("nothing", ""),
        case("another partition", "conclib:{default:4}:r:app:a0123"),
        case("a partition that begins alike", "conclib:{default:33}:r:app:a0123"),
        case("a partition with a zero in front", "conclib:{default:03}:r:app:a0123"),
        case("another namespace", "conclib:{other:3}:r:app:a0123"),
        case("the queue", "conclib:{default:3}:q"),
        case("the owner", "conclib:{default:3}:own"),
        case("a key of somebody else", "session:42"),
        case("a space at the end", here + "app:a0123 "),
        case("a line end at the end", here + "app:a0123\n"),
        case("a zero in the id", here.encode() + b"app:a01\x0023"),
        case("an id of other letters", here + "app:aäöü"),
        case("a brace in the id", here + "app:a{0}"),
    ]


def expiries():
    most = (1 << 64) - 1
    rows = [("time to live alone", 1000, 500, 0, 1500), ("expiry alone", 1000, 0, 1200, 1200),
            ("the time to live is earlier", 1000, 500, 1600, 1500),
            ("the expiry is earlier", 1000, 500, 1200, 1200),
            ("both the same", 1000, 500, 1500, 1500),
            ("an expiry before the entry", 1000, 500, 900, 900), ("neither", 1000, 0, 0, None),
            ("a time to live beyond all time", 1000, most, 0, None),
            ("a time to live beyond all time and an expiry", 1000, most, 2000, 2000)]
    return [{"name": name, "entry_ms": entry, "ttl": ttl, "exp": exp, "ends_ms": ends}
            for name, entry, ttl, exp, ends in rows]


def entries():
    """Requests that are sound but stand in the wrong queue: PROTOCOL.md sections 1, 2 and 10."""
    cases = []
    for urn in ("counter/visits", "counter/visits#1", "example_actor"):
        right = crc32(urn.split("#")[0].encode()) % 16
        for partition in (right, (right + 1) % 16):
            key = "conclib:{default:%d}:r:app:a0123" % partition
            cases.append({"name": "%s in queue %d of 16" % (urn, partition), "namespace": "default",
                          "partitions": 16, "partition": partition,
                          "status": OK if partition == right else WRONG_PARTITION,
                          "hex": encoded(ask(u=urn, r=key)).hex()})
    return cases


FILES = {
    "crc32": crcs, "partitions": partitions, "names": names, "urns": urns, "keys": keys,
    "reply_keys": reply_keys, "expiries": expiries, "replies": replies, "entries": entries,
    "requests": lambda: good_requests() + bad_envelopes() + bad_fields(),
}


def text_of(cases):
    seen = [case["name"] for case in cases]
    assert len(seen) == len(set(seen)), [name for name in seen if seen.count(name) > 1]
    lines = ",\n".join(json.dumps(case, ensure_ascii=True, sort_keys=False) for case in cases)
    return "[\n" + lines + "\n]\n"


def main(arguments):
    stale = []
    for name, make in FILES.items():
        path = HERE / (name + ".json")
        text = text_of(make())
        if "--check" in arguments:
            if not path.exists() or path.read_text() != text:
                stale.append(path.name)
        else:
            path.write_text(text)
    if stale:
        print("differs from what generate.py writes: " + ", ".join(stale), file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

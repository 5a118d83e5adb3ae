# SPDX-License-Identifier: MIT
"""The wire format of PROTOCOL.md, read and checked independently of conclib's own code.

Nothing here is shared with the SDK or the daemon: what this module and the C++ code agree on, the
document says. It has a msgpack reader of its own, because the usual ones forget what matters here:
repeated fields, bytes behind the value, whether an integer was a float.
"""

import re
import struct
import zlib

DEPTH_MAX = 64
FIELDS_MAX = 64
ENVELOPE_BYTES_MAX = 1 << 20
ASK_TTL_MS_MAX = 86_400_000

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
KEY = r"[^\x00-\x20\x7f#]+"
URN = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.:-]*)(?:/(%s))?(?:#(%s))?" % (KEY, KEY))
REPLY = re.compile(r"[A-Za-z0-9_-]{1,64}:([ai])[A-Za-z0-9_-]{1,64}")

REQUEST_TYPES = {
    "v": ("uint", None), "k": ("uint", None), "id": ("bin", 64), "u": ("str", 255),
    "t": ("str", 255),
    "r": ("str", 255), "ttl": ("uint", None), "exp": ("uint", None), "src": ("str", 255),
    "seq": ("uint", None), "root": ("bin", 64), "gen": ("uint", None), "tp": ("str", 512),
    "ts": ("str", 512),
}
REPLY_TYPES = {"v": ("uint", None), "id": ("bin", 64), "s": ("uint", None), "t": ("str", 255),
               "m": ("str", None)}


class Malformed(Exception):
    """The bytes are not what PROTOCOL.md says that they must be."""


class Reader:
    """Reads msgpack values one after another, keeping what a Python object would lose."""

    def __init__(self, data):
        self.data = data
        self.position = 0

    def take(self, count):
        taken = self.data[self.position:self.position + count]
        if len(taken) < count:
            raise Malformed("it ends too early")
        self.position += count
        return taken

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def head(self):
        """(kind, content): a value, or for str, bin, ext, array and map a size or count."""
        byte = self.number("B")
        if byte < 0x80:
            return "int", byte
        if byte < 0x90:
            return "map", byte & 0x0F
        if byte < 0xA0:
            return "array", byte & 0x0F
        if byte < 0xC0:
            return "str", byte & 0x1F
        if byte >= 0xE0:
            return "int", byte - 256
        if byte == 0xC1:
            raise Malformed("0xc1 is never used")
        if byte in (0xC0, 0xC2, 0xC3):
            return {0xC0: "nil", 0xC2: "bool", 0xC3: "bool"}[byte], None
        if byte in (0xD4, 0xD5, 0xD6, 0xD7, 0xD8):
            return "ext", 1 << (byte - 0xD4)
        kind, form = {
            0xC4: ("bin", "B"), 0xC5: ("bin", "H"), 0xC6: ("bin", "I"), 0xC7: ("ext", "B"),
            0xC8: ("ext", "H"), 0xC9: ("ext", "I"), 0xCA: ("float", "f"), 0xCB: ("float", "d"),
            0xCC: ("int", "B"), 0xCD: ("int", "H"), 0xCE: ("int", "I"), 0xCF: ("int", "Q"),
            0xD0: ("int", "b"), 0xD1: ("int", "h"), 0xD2: ("int", "i"), 0xD3: ("int", "q"),
            0xD9: ("str", "B"), 0xDA: ("str", "H"), 0xDB: ("str", "I"), 0xDC: ("array", "H"),
            0xDD: ("array", "I"), 0xDE: ("map", "H"), 0xDF: ("map", "I"),
        }[byte]
        return kind, self.number(form)

    def skip(self, depth=0):
        """Reads one value and gives its bytes."""
        start = self.position
        kind, content = self.head()
        if kind in ("str", "bin", "ext"):
            self.take(content + (kind == "ext"))
        elif kind in ("array", "map") and content:
            children = content * (2 if kind == "map" else 1)
            if depth == DEPTH_MAX:
                raise Malformed("it is nested too deeply")
            if children > len(self.data) - self.position:
                raise Malformed("it announces more than there is")
            for _ in range(children):
                self.skip(depth + 1)
        return self.data[start:self.position]

    def uint(self):
        kind, content = self.head()
        if kind != "int" or content < 0:
            raise Malformed("expected an unsigned integer")
        return content

    def text(self):
        kind, size = self.head()
        if kind != "str":
            raise Malformed("expected a str")
        try:
            return self.take(size).decode()
        except UnicodeDecodeError as error:
            raise Malformed("a str is not UTF-8") from error

    def binary(self):
        kind, size = self.head()
        if kind not in ("bin", "str"):
            raise Malformed("expected a bin")
        return self.take(size)


def read_fields(data, types):
    """The known fields of an envelope's map; bodies stay encoded."""
    reader, seen, fields = Reader(data), set(), {}
    kind, count = reader.head()
    if kind != "map" or count > FIELDS_MAX:
        raise Malformed("expected a map of at most 64 fields")
    for _ in range(count):
        name = reader.text()
        if name in seen:
            raise Malformed("field %r occurs twice" % name)
        seen.add(name)
        if name == "chain" and types is REQUEST_TYPES:
            fields[name] = read_chain(reader)
        elif name in types:
            form, size_max = types[name]
            value = {"uint": reader.uint, "str": reader.text, "bin": reader.binary}[form]()
            size = len(value.encode() if form == "str" else value) if form != "uint" else 0
            if size_max is not None and size > size_max:
                raise Malformed("field %r is too long" % name)
            fields[name] = value
        else:
            value = reader.skip()
            if name == "b":
                fields[name] = value
    if reader.position != len(data):
        raise Malformed("bytes follow the map")
    return fields


def read_chain(reader):
    elements = Reader(reader.skip())
    kind, count = elements.head()
    if kind != "array" or count > 64:
        raise Malformed("expected an array of at most 64")
    return [elements.text() for _ in range(count)]


def read_request(data):
    """The fields of a request, without those that are empty. Raises Malformed."""
    if len(data) > ENVELOPE_BYTES_MAX:
        raise Malformed("it is too large")
    fields = read_fields(data, REQUEST_TYPES)
    if fields.get("v") != 1:
        raise Malformed("unknown version")
    kind = fields.get("k", -1)
    if kind not in (0, 1, 2):
        raise Malformed("unknown kind")
    found = {name: value for name, value in fields.items() if value or name == "k"}
    musts = {0: ["id", "u", "t", "r", "ttl"], 1: ["id", "u", "t"], 2: ["id", "u"]}[kind]
    for name in musts:
        if name not in found:
            raise Malformed("field %r is missing" % name)
    if parse_urn(found["u"].encode()) is None:
        raise Malformed("the URN is not valid")
    if kind == 0 and found["ttl"] > ASK_TTL_MS_MAX:
        raise Malformed("the time to live is too long")
    if kind != 2:
        found.setdefault("b", b"\x80")
    return found


def read_reply(data):
    """The fields of a reply. Raises Malformed."""
    fields = read_fields(data, REPLY_TYPES)
    if fields.get("v") != 1 or "s" not in fields:
        raise Malformed("no version 1 or no status")
    return fields


def parse_urn(data):
    """(type, key, child), or None when it is no URN."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    match = URN.fullmatch(text)
    if match is None or len(data) > 255:
        return None
    return tuple(part or "" for part in match.groups())


def is_name(text):
    return NAME.fullmatch(text) is not None


def partition_of(urn, partitions):
    return zlib.crc32(urn.split("#")[0].encode()) % partitions


def key_of(what, namespace, partition=0, node="", app="", reply_id=""):
    inside = "conclib:{%s:%d}:" % (namespace, partition)
    return {
        "meta": "conclib:%s:meta" % namespace, "nodes": "conclib:%s:nodes" % namespace,
        "control": "conclib:%s:ctl:%s" % (namespace, node), "queue": inside + "q",
        "owner": inside + "own", "attempts": inside + "att", "dead": inside + "dead",
        "reply": inside + "r:%s:a%s" % (app, reply_id),
        "inbox": inside + "r:%s:i%s" % (app, reply_id),
    }[what]


def reply_key_kind(key, namespace, partition):
    """`ask` or `inbox`, or None when no reply may be written into this key."""
    prefix = ("conclib:{%s:%d}:r:" % (namespace, partition)).encode()
    if len(key) > 255 or not key.startswith(prefix):
        return None
    match = REPLY.fullmatch(key[len(prefix):].decode("latin-1"))
    return None if match is None else {"a": "ask", "i": "inbox"}[match.group(1)]


def end_of(entry_ms, ttl, exp):
    """When a request ends, by Redis's clock, or None."""
    ends = [entry_ms + ttl] if ttl and entry_ms + ttl < 1 << 64 else []
    return min(ends + ([exp] if exp else []), default=None)

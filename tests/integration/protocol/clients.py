# SPDX-License-Identifier: MIT
"""Two clients written from PROTOCOL.md with redis-py, msgpack and zlib, nothing of conclib's."""

import concurrent.futures
import os
import threading
import time
import zlib

import msgpack
import redis

APP = "pyproto"
ASK, TELL, CANCEL = 0, 1, 2


class NoDaemon(Exception):
    """No daemon has ever served this namespace, or none of this protocol."""


class Namespace:
    """What section 5 says to read once, and the names of sections 1 and 2."""

    def __init__(self, connection, name="default"):
        meta = connection.hgetall("conclib:%s:meta" % name)
        if not meta:
            raise NoDaemon("no daemon has ever served namespace %s" % name)
        if meta[b"version"] != b"1":
            raise NoDaemon("namespace %s speaks version %s" % (name, meta[b"version"].decode()))
        self.name = name
        self.partitions = int(meta[b"partitions"])
        self.generation = int(meta[b"generation"])
        seconds, microseconds = connection.time()
        self._clock_offset = seconds * 1000 + microseconds // 1000 - time.monotonic() * 1000

    def partition(self, urn):
        return zlib.crc32(urn.split("#")[0].encode()) % self.partitions

    def key(self, partition, rest):
        return "conclib:{%s:%d}:%s" % (self.name, partition, rest)

    def now_ms(self):
        """Redis time."""
        return int(time.monotonic() * 1000 + self._clock_offset)


def reply_to(namespace, partition, reply_id):
    return namespace.key(partition, "r:%s:a%s" % (APP, reply_id))


def request(namespace, kind, urn, type_name=None, body=None, ttl=5000, **more):
    """The fields of a request; None leaves one out."""
    fields = {"v": 1, "k": kind, "id": os.urandom(16), "u": urn, "t": type_name, "b": body,
              "ttl": ttl, "exp": namespace.now_ms() + ttl if ttl else None, "src": APP, **more}
    return {name: value for name, value in fields.items() if value is not None}


class SyncClient:
    """Section 6: one connection, one ask at a time. Threading: one thread."""

    def __init__(self, socket_path, name="default"):
        self.redis = redis.Redis(unix_socket_path=socket_path)
        self.namespace = Namespace(self.redis, name)
        self._connection = redis.UnixDomainSocketConnection(path=socket_path)

    def close(self):
        self._connection.disconnect()
        self.redis.close()

    def ask(self, urn, type_name, body, ttl=5000, **more):
        """The reply as a dict; None when the time is over."""
        partition = self.namespace.partition(urn)
        fields = request(self.namespace, ASK, urn, type_name, body, ttl, **more)
        return self.ask_raw(partition, msgpack.packb(fields | self.address(partition, fields)),
                            reply_to(self.namespace, partition, fields["id"].hex()), ttl,
                            fields["id"])

    def address(self, partition, fields):
        return {"r": reply_to(self.namespace, partition, fields["id"].hex())}

    def ask_raw(self, partition, envelope, reply_key, wait_ms, request_id=None):
        """Pushes and waits in one write; both answers are read."""
        connection = self._connection
        connection.send_packed_command(connection.pack_commands([
            ("XADD", self.namespace.key(partition, "q"), "NOMKSTREAM", "*", "e", envelope),
            ("BLPOP", reply_key, "%.3f" % (wait_ms / 1000))]))
        try:
            if connection.read_response() is None:
                raise NoDaemon("the queue does not exist")
        except Exception:
            connection.disconnect()
            raise
        answer = connection.read_response()
        if answer is None:
            connection.disconnect()
            return None
        reply = msgpack.unpackb(answer[1])
        assert reply["v"] == 1
        assert request_id is None or reply["id"] == request_id
        return reply

    def push(self, partition, envelope):
        """Section 5; the entry's id."""
        entry = self.redis.xadd(self.namespace.key(partition, "q"), {"e": envelope},
                                nomkstream=True)
        if entry is None:
            raise NoDaemon("the queue does not exist")
        return entry

    def tell(self, urn, type_name, body, ttl=None, **more):
        fields = request(self.namespace, TELL, urn, type_name, body, ttl, **more)
        return self.push(self.namespace.partition(urn), msgpack.packb(fields))


class MultiplexedClient:
    """Section 7: one connection pushes, one waits on the inboxes of all partitions.

    Threading: ask() and cancel() from one thread; the futures are fulfilled by the waiting one.
    """

    def __init__(self, socket_path, name="default"):
        self._pushing = redis.Redis(unix_socket_path=socket_path, single_connection_client=True)
        self._waiting = redis.Redis(unix_socket_path=socket_path, single_connection_client=True)
        self.namespace = Namespace(self._pushing, name)
        inbox = os.urandom(16).hex()
        self._inboxes = [self.namespace.key(p, "r:%s:i%s" % (APP, inbox))
                         for p in range(self.namespace.partitions)]
        self._asked = {}
        self.strays = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def close(self):
        self._stopping = True
        self._thread.join()
        for inbox in self._inboxes:
            self._pushing.delete(inbox)
        self._pushing.close()
        self._waiting.close()

    def ask_many(self, asks, ttl=20_000):
        """asks: (urn, type, body) each; pushed in one write. A future of the reply for each."""
        pipeline, futures = self._pushing.pipeline(transaction=False), []
        for urn, type_name, body in asks:
            partition = self.namespace.partition(urn)
            fields = request(self.namespace, ASK, urn, type_name, body, ttl,
                             r=self._inboxes[partition])
            futures.append(self._expect(fields["id"]))
            pipeline.xadd(self.namespace.key(partition, "q"), {"e": msgpack.packb(fields)},
                          nomkstream=True)
        if None in pipeline.execute():
            raise NoDaemon("a queue does not exist")
        return futures

    def cancel(self, urn, request_id):
        fields = {"v": 1, "k": CANCEL, "id": request_id, "u": urn}
        self._pushing.xadd(self.namespace.key(self.namespace.partition(urn), "q"),
                           {"e": msgpack.packb(fields)}, nomkstream=True)

    def _expect(self, request_id):
        future = concurrent.futures.Future()
        future.request_id = request_id
        self._asked[request_id] = future
        return future

    def _wait(self):
        turn = 0
        while not self._stopping:
            keys = self._inboxes[turn:] + self._inboxes[:turn]
            turn = (turn + 1) % len(self._inboxes)
            found = self._waiting.execute_command("BLMPOP", 0.1, len(keys), *keys, "LEFT",
                                                  "COUNT", 128)
            for element in found[1] if found else []:
                reply = msgpack.unpackb(element)
                future = self._asked.pop(reply["id"], None)
                if future is None:
                    self.strays += 1
                else:
                    future.set_result(reply)

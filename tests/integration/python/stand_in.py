# SPDX-License-Identifier: MIT
"""A node of a few lines, so that a client can be tested with answers that no sound daemon gives."""

import threading
import time

import msgpack
import redis
import wire

PARTITIONS = 4
LEASE_MS = 10_000
GRACE_MS = 30_000


class StandIn:
    """Serves every partition of a namespace with one function: `answer(request)` returns the fields
    of the reply beside `v` and `id`, bytes that are pushed as they are, or None for silence.

    Threading: `answer` runs on the stand-in's own thread.
    """

    def __init__(self, socket_path, answer, namespace="default", version=1):
        self.namespace = namespace
        self.received = []
        self._answer = answer
        self._redis = redis.Redis(unix_socket_path=socket_path)
        self._stopping = False
        self._queues = {wire.key_of("queue", namespace, partition).encode(): b"0"
                        for partition in range(PARTITIONS)}
        for queue in self._queues:
            self._redis.xdel(queue, self._redis.xadd(queue, {"e": "x"}))
        self._beat()
        self._redis.hset(wire.key_of("meta", namespace), mapping={
            "version": version, "partitions": PARTITIONS, "generation": 1, "created": now_ms()})
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._stopping = True
        self._thread.join()
        self._redis.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _beat(self):
        node = {"host": "here", "version": "0", "pid": 1, "master": 1, "state": "live",
                "started": now_ms(), "heartbeat": now_ms(), "lease": LEASE_MS,
                "partitions": list(range(PARTITIONS)), "types": [], "plugins": [], "stats": {}}
        self._redis.hset(wire.key_of("nodes", self.namespace), "0" * 32, msgpack.packb(node))

    def _serve(self):
        while not self._stopping:
            for queue, entries in self._redis.xread(self._queues, block=20) or []:
                for entry, fields in entries:
                    self._queues[queue] = entry
                    self._handle(queue, entry, wire.read_request(fields[b"e"]))

    def _handle(self, queue, entry, request):
        self.received.append(request)
        reply = self._answer(request)
        self._redis.xdel(queue, entry)
        if reply is None or request["k"] != 0:
            return
        if not isinstance(reply, bytes):
            reply = msgpack.packb({"v": 1, "id": request["id"], **reply})
        self._redis.rpush(request["r"], reply)
        self._redis.pexpire(request["r"], request["ttl"] + GRACE_MS)


def now_ms():
    return int(time.time() * 1000)

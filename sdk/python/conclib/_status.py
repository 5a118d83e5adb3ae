# SPDX-License-Identifier: MIT
# Written by generate_status.py from sdk/include/conclib/status.h.
"""Every way in which a message can end, as a number and as an exception."""

import enum
from typing import Dict, Type

from .errors import ConclibError, NeverRan, RanAndFailed, Unknown


class Status(enum.IntEnum):
    """The numbers that travel in replies; the hundreds are the class."""

    OK = 0
    NO_ACTOR = 100
    OVERLOADED = 101
    EXPIRED = 102
    REJECTED = 103
    BAD_ENVELOPE = 104
    UNEXPECTED_MESSAGE = 105
    WRONG_PARTITION = 106
    NOT_STARTED = 107
    CANCELLED = 108
    ACTOR_STOPPED = 109
    ACTOR_NOT_FOUND = 110
    NO_DAEMON = 111
    REDIS_UNREACHABLE = 112
    REDIS_REFUSED = 113
    REDIS_FULL = 114
    BAD_ARGUMENT = 115
    PROTOCOL_MISMATCH = 116
    ALREADY_RESPONDED = 117
    SHUTTING_DOWN = 118
    ACTOR_FAILED = 200
    ACTOR_CRASHED = 201
    NO_REPLY = 202
    WRONG_TYPE = 203
    DEADLOCK = 204
    UNKNOWN = 300
    TIMEOUT = 301
    NO_NODE = 302
    BAD_REPLY = 303
    INTERNAL = 304


class NoActor(NeverRan):
    """No live node has an actor type for this URN."""

    status = 100


class Overloaded(NeverRan):
    """The actor or its worker is at its limit."""

    status = 101


class Expired(NeverRan):
    """The deadline had passed before the message could run."""

    status = 102


class Rejected(NeverRan):
    """The actor refused the message before running it."""

    status = 103


class BadEnvelope(NeverRan):
    """The request envelope is malformed, too large or of an unknown version."""

    status = 104


class UnexpectedMessage(NeverRan):
    """The actor has no handler for this message type."""

    status = 105


class WrongPartition(NeverRan):
    """The request stood in the queue of another partition."""

    status = 106


class NotStarted(NeverRan):
    """The actor could not be started."""

    status = 107


class Cancelled(NeverRan):
    """The ask was cancelled before it ran."""

    status = 108


class ActorStopped(NeverRan):
    """The actor was stopped before it took the message."""

    status = 109


class ActorNotFound(NeverRan):
    """The actor is not alive."""

    status = 110


class NoDaemon(NeverRan):
    """No conclibd has ever served this namespace."""

    status = 111


class RedisUnreachable(NeverRan, ConnectionError):
    """Redis could not be reached."""

    status = 112


class RedisRefused(NeverRan):
    """Redis refused the request."""

    status = 113


class RedisFull(NeverRan):
    """Redis is at its maxmemory and refuses new requests."""

    status = 114


class BadArgument(NeverRan, ValueError):
    """An argument of the call is not valid."""

    status = 115


class ProtocolMismatch(NeverRan):
    """The namespace speaks another version of the protocol."""

    status = 116


class AlreadyResponded(NeverRan):
    """The request has been answered already."""

    status = 117


class ShuttingDown(NeverRan):
    """The worker is stopping and takes no more work."""

    status = 118


class ActorFailed(RanAndFailed):
    """The actor failed while it handled the message."""

    status = 200


class ActorCrashed(RanAndFailed):
    """The message crashed its worker and was given up."""

    status = 201


class NoReply(RanAndFailed):
    """The actor dropped the request without an answer."""

    status = 202


class WrongType(RanAndFailed):
    """The reply is not of the type that was asked for."""

    status = 203


class Deadlock(RanAndFailed):
    """Actors wait for each other in a ring."""

    status = 204


class Timeout(Unknown, TimeoutError):
    """No reply came before the deadline."""

    status = 301


class NoNode(Timeout):
    """No reply came before the deadline, and no node is alive."""

    status = 302


class BadReply(Unknown):
    """A reply came that cannot be decoded."""

    status = 303


class Internal(Unknown):
    """Conclib failed; this is a bug."""

    status = 304


BY_STATUS: Dict[int, Type[ConclibError]] = {
    100: NoActor,
    101: Overloaded,
    102: Expired,
    103: Rejected,
    104: BadEnvelope,
    105: UnexpectedMessage,
    106: WrongPartition,
    107: NotStarted,
    108: Cancelled,
    109: ActorStopped,
    110: ActorNotFound,
    111: NoDaemon,
    112: RedisUnreachable,
    113: RedisRefused,
    114: RedisFull,
    115: BadArgument,
    116: ProtocolMismatch,
    117: AlreadyResponded,
    118: ShuttingDown,
    200: ActorFailed,
    201: ActorCrashed,
    202: NoReply,
    203: WrongType,
    204: Deadlock,
    300: Unknown,
    301: Timeout,
    302: NoNode,
    303: BadReply,
    304: Internal,
}

__all__ = [
    "Status",
    "NoActor",
    "Overloaded",
    "Expired",
    "Rejected",
    "BadEnvelope",
    "UnexpectedMessage",
    "WrongPartition",
    "NotStarted",
    "Cancelled",
    "ActorStopped",
    "ActorNotFound",
    "NoDaemon",
    "RedisUnreachable",
    "RedisRefused",
    "RedisFull",
    "BadArgument",
    "ProtocolMismatch",
    "AlreadyResponded",
    "ShuttingDown",
    "ActorFailed",
    "ActorCrashed",
    "NoReply",
    "WrongType",
    "Deadlock",
    "Timeout",
    "NoNode",
    "BadReply",
    "Internal",
]

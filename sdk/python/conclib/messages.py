# SPDX-License-Identifier: MIT
"""Messages as Python classes, and their way to msgpack and back.

    class Add(conclib.ActorMessage):
        by: int = 1

    Add(by=5)            # a dataclass: keyword arguments, ==, repr
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import typing
from typing import Any, ClassVar, Dict, Optional, Tuple, Type, TypeVar, Union

from ._status import BadArgument, BadReply

try:
    import msgpack
except ImportError as missing:
    raise ImportError(
        "conclib needs the msgpack module: apt-get install python3-msgpack, or pip install msgpack"
    ) from missing

MessageT = TypeVar("MessageT", bound="ActorMessage")

#: A message without a class of its own: the name of its type and its fields.
PlainMessage = Tuple[str, Any]


class ActorMessage:
    """A message to or from an actor. Subclasses declare their fields by annotations, with defaults,
    and become dataclasses by themselves.

    On the wire a message is its type's name, which is the name of the class unless the class says
    TYPE_NAME = "...", and a map from field name to value. A field may be None, bool, int, float,
    str, bytes, an Enum, another message, or a list, tuple, set, dict, Optional or Union of those.
    When a message is read, fields that the class does not have are ignored, and those that are
    missing keep their default.
    """

    TYPE_NAME: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclasses.dataclass(cls)
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            # So that a class may also carry @dataclass itself, which needs to find the field again.
            if field.default_factory is not dataclasses.MISSING:
                setattr(cls, field.name, field)

    @classmethod
    def type_name(cls) -> str:
        """The name of this type on the wire. TYPE_NAME is not inherited."""
        return cls.__dict__.get("TYPE_NAME", cls.__name__)

    def to_map(self) -> Dict[str, Any]:
        """The fields by name, with what is in them turned into what msgpack knows."""
        return {field.name: _plain(getattr(self, field.name))
                for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_map(cls: Type[MessageT], fields: Any) -> MessageT:
        """The message that a map describes; BadReply if it does not fit."""
        if not isinstance(fields, dict):
            raise BadReply("message %s: expected a map from field name to value, found %s"
                           % (cls.type_name(), type(fields).__name__))
        hints = _hints(cls)
        values = {}
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            if not field.init:
                continue
            if field.name in fields:
                values[field.name] = _fitted(cls, field.name, hints.get(field.name, Any),
                                             fields[field.name])
            elif (field.default is dataclasses.MISSING
                  and field.default_factory is dataclasses.MISSING):
                raise BadReply("message %s: field \"%s\" is missing and has no default"
                               % (cls.type_name(), field.name))
        return cls(**values)


def encode(message: Union[ActorMessage, PlainMessage]) -> Tuple[str, bytes]:
    """The name of a message's type and its body; BadArgument if msgpack cannot hold it."""
    if isinstance(message, ActorMessage):
        name, fields = message.type_name(), message.to_map()
    elif isinstance(message, tuple) and len(message) == 2 and isinstance(message[0], str):
        name, fields = message[0], _plain(message[1])
    elif isinstance(message, type):
        raise BadArgument("a message is an object, not a class: write %s()" % message.__name__)
    else:
        raise BadArgument("a message is an ActorMessage or a pair of type name and dict, not %s"
                          % type(message).__name__)
    try:
        return name, msgpack.packb(fields, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadArgument("message %s cannot be encoded: %s" % (name, error)) from error


def decode(body: bytes) -> Any:
    """The value of a body; BadReply if it is none."""
    try:
        return msgpack.unpackb(body, raw=False, strict_map_key=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise BadReply("the body of the reply cannot be decoded: %s" % error) from error


def _plain(value: Any) -> Any:
    if isinstance(value, ActorMessage):
        return value.to_map()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in value]
    return value


def _hints(cls: Type[ActorMessage]) -> Dict[str, Any]:
    """The types of the fields. Those that cannot be found out are taken as they come."""
    if "_conclib_hints" not in cls.__dict__:
        try:
            hints = typing.get_type_hints(cls)
        except (NameError, TypeError):
            hints = {}
        cls._conclib_hints = hints  # type: ignore[attr-defined]
    return cls.__dict__["_conclib_hints"]


class _Misfit(Exception):
    """A value does not fit the type of its field."""


def _fitted(cls: Type[ActorMessage], name: str, hint: Any, value: Any) -> Any:
    try:
        return _convert(hint, value)
    except _Misfit:
        raise BadReply("message %s: field \"%s\" does not fit, found %s"
                       % (cls.type_name(), name, type(value).__name__)) from None


def _convert(hint: Any, value: Any) -> Any:
    """The value as the type that the hint names. Hints of unknown kinds take anything."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is not None:
        if _is_union(origin):
            return _convert_union(arguments, value)
        return _convert_container(origin, arguments, value)
    if hint is None or hint is type(None):
        return _checked(value is None, value)
    if not isinstance(hint, type):
        return value
    if issubclass(hint, ActorMessage):
        return hint.from_map(_checked(isinstance(value, dict), value))
    if issubclass(hint, enum.Enum):
        return _convert_enum(hint, value)
    if hint is float:
        return float(_checked(_is_number(value), value))
    if hint is int:
        return _checked(isinstance(value, int) and not isinstance(value, bool), value)
    if hint in (bool, str, bytes):
        return _checked(isinstance(value, hint), value)
    if hint in (list, tuple, set, frozenset, dict):
        return _convert_container(hint, (), value)
    return value


def _convert_union(members: Tuple[Any, ...], value: Any) -> Any:
    for member in members:
        try:
            return _convert(member, value)
        except (_Misfit, BadReply):
            continue
    raise _Misfit


def _convert_enum(hint: Type[enum.Enum], value: Any) -> enum.Enum:
    try:
        return hint(value)
    except ValueError:
        raise _Misfit from None


def _convert_container(origin: Any, arguments: Tuple[Any, ...], value: Any) -> Any:
    if not isinstance(origin, type):
        return value
    if issubclass(origin, collections.abc.Mapping):
        key_hint, value_hint = arguments if len(arguments) == 2 else (Any, Any)
        pairs = _checked(isinstance(value, dict), value).items()
        return {_convert(key_hint, key): _convert(value_hint, inner) for key, inner in pairs}
    if not issubclass(origin, (collections.abc.Sequence, collections.abc.Set)):
        return value
    _checked(isinstance(value, list), value)
    if issubclass(origin, tuple) and arguments and arguments[-1] is not Ellipsis:
        _checked(len(arguments) == len(value), value)
        return tuple(_convert(hint, inner) for hint, inner in zip(arguments, value))
    items = [_convert(arguments[0], inner) for inner in value] if arguments else list(value)
    if issubclass(origin, tuple):
        return tuple(items)
    if issubclass(origin, collections.abc.Set):
        return frozenset(items) if origin is frozenset else set(items)
    return items


def _is_union(origin: Any) -> bool:
    # `int | None` has an origin of its own kind from Python 3.10 on.
    return origin is Union or getattr(origin, "__name__", "") == "UnionType"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _checked(fits: bool, value: Any) -> Any:
    if not fits:
        raise _Misfit
    return value


#: What an ask may expect: a message class, the name of a type, or nothing in particular.
ResponseType = Optional[Union[Type[ActorMessage], str]]

"""Objects: enums, dataclasses, models, paths, and whatever can say what it is made of."""

from __future__ import annotations

import copyreg
import os
import stat
import sys
from _blake2 import blake2b
from types import ModuleType
from typing import TYPE_CHECKING, Any

from noria.values.kinds.containers import ordered_pairs
from noria.values.walk import (
    DIGEST_SIZE,
    Undigestable,
    Walk,
    node,
    reference,
    scalar,
    type_name,
)

if TYPE_CHECKING:
    from pathlib import Path, PurePath

_CHUNK = 1 << 20
# Its protocols below 2 write text that differs by platform, those above hand out live buffers.
_REDUCE_PROTOCOL = 4
_ABSENT = node("absent")


def refuse(value: Any, walk: Walk) -> bytes:
    """A value that only has an identity."""
    raise Undigestable("", type_name(type(value)))


def enum_member(value: Any, walk: Walk) -> bytes:
    """A member of an enum: class, name, value."""
    return node(
        "enum",
        reference(type(value)),
        walk.encode(value._name_),
        walk.part(value._value_, ".value"),
    )


def dataclass(value: Any, walk: Walk) -> bytes:
    """A dataclass: class and fields; attributes that are no fields do not count."""
    fields: Any = sys.modules["dataclasses"].fields
    return _record(value, [field.name for field in fields(value)], walk)


def model(value: Any, walk: Walk) -> bytes:
    """A pydantic model: class, fields and extra fields; private attributes do not count."""
    fields = getattr(type(value), "model_fields", None)
    if fields is None:
        return reduced(value, walk)
    extra = getattr(value, "__pydantic_extra__", None) or {}
    return _record(value, [*fields, *sorted(extra)], walk)


def _record(value: Any, names: list[str], walk: Walk) -> bytes:
    parts: list[bytes] = []
    for name in names:
        parts.append(scalar(name))
        try:
            content = getattr(value, name)
        except AttributeError:
            parts.append(_ABSENT)
        else:
            parts.append(walk.part(content, f".{name}"))
    return node("record", reference(type(value)), *parts)


def error(value: BaseException, walk: Walk) -> bytes:
    """An exception: class, arguments and attributes, but not where it was raised."""
    state = walk.attributes(sorted(vars(value).items()))
    return node("error", reference(type(value)), walk.part(value.args, ".args"), *state)


def uuid(value: Any, walk: Walk) -> bytes:
    """A UUID."""
    return node("uuid", scalar(value.bytes))


def range_or_slice(value: range | slice, walk: Walk) -> bytes:
    """A range or slice: its three bounds."""
    bounds = (value.start, value.stop, value.step)
    return node(type(value).__name__, walk.encode(bounds))


def path_text(value: PurePath, walk: Walk) -> bytes:
    """A path that names no file of this machine."""
    return node("path", scalar(str(value)))


def path(value: Path, walk: Walk) -> bytes:
    """A path: its text and, if a file stands there, what is in it.

    The text counts as well, since a task may well build the name of its output from it. In a
    fingerprint it counts alone: a call that writes its output there is the same call when the file
    exists.
    """
    if walk.is_fingerprint:
        return path_text(value, walk)
    try:
        found = os.stat(value)
    except (OSError, ValueError):
        return path_text(value, walk)
    if not stat.S_ISREG(found.st_mode):
        return path_text(value, walk)
    walk.take(found.st_size)
    return node("file", scalar(str(value)), scalar(_file_digest(value)))


def _file_digest(file: Path) -> bytes:
    hasher = blake2b(digest_size=DIGEST_SIZE)
    try:
        with open(file, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                hasher.update(chunk)
    except OSError as error:
        reason = f"and its file cannot be read: {error}"
        raise Undigestable("", type_name(type(file)), reason) from error
    return hasher.digest()


def reduced(value: Any, walk: Walk) -> bytes:
    """Any other object: what it would hand to pickle or copy, encoded part by part.

    Not the bytes that pickle makes of it: they depend on the order of sets and on which strings
    happen to be the same object.
    """
    cls = type(value)
    made_of = _reduce(value, cls)
    if isinstance(made_of, str):
        return node("global", scalar(made_of), reference(cls))
    make, args, state, elements, pairs = (*made_of, None, None, None)[:5]
    return node(
        "object",
        reference(cls),
        _maker(make, walk),
        *(walk.encode(arg) for arg in args if arg is not cls),
        node("state", *_state(state, walk)),
        node("elements", *walk.items(elements or ())),
        _contents(cls, pairs, walk),
    )


def _reduce(value: Any, cls: type) -> Any:
    reducer = copyreg.dispatch_table.get(cls)
    try:
        return reducer(value) if reducer else value.__reduce_ex__(_REDUCE_PROTOCOL)
    except TypeError as error:
        raise Undigestable("", type_name(cls)) from error
    except Exception as error:
        reason = f"whose content cannot be had: {type(error).__name__}: {error}"
        raise Undigestable("", type_name(cls), reason) from error


def _maker(make: Any, walk: Walk) -> bytes:
    owner = getattr(make, "__self__", None)
    if isinstance(owner, type):
        return node("of class", reference(owner), reference(make))
    if hasattr(make, "__qualname__") and (owner is None or isinstance(owner, ModuleType)):
        return reference(make)
    return walk.encode(make)


def _state(state: Any, walk: Walk) -> list[bytes]:
    if state is None:
        return []
    if isinstance(state, dict):
        return _attributes(state, walk)
    # An object with __slots__ gives its dict, or None, and its slots.
    match state:
        case (attributes, dict(slots)):
            return [
                node("attributes", *_state(attributes, walk)),
                node("slots", *_attributes(slots, walk)),
            ]
    return [walk.encode(state)]


def _attributes(state: dict[Any, Any], walk: Walk) -> list[bytes]:
    if set(map(type, state)) <= {str}:
        return walk.attributes(sorted(state.items()))
    return [walk.encode(state)]


def _contents(cls: type, pairs: Any, walk: Walk) -> bytes:
    if pairs is None:
        return node("pairs")
    if any(base.__qualname__ == "OrderedDict" for base in cls.__mro__):
        return ordered_pairs(pairs, walk)
    return walk.encode(dict(pairs))

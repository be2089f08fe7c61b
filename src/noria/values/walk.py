"""The walk over a value that turns it into bytes which say what it holds.

Theory. Every value becomes a self-delimiting run of bytes, so that joined runs never mean two
things: a scalar in the second version of the marshal format, which is frozen and knows nothing of
addresses, interning or shared references; all else as a `node` that names its kind and counts its
parts. What has no order of its own (sets, dicts) is sorted by these bytes. A container met again
inside itself stands as the distance to itself; one met again beside itself is not walked again.

The hash is taken from `_blake2` itself: hashlib would load OpenSSL with it, which takes longer than
all the digests of a short script.
"""

from __future__ import annotations

import marshal
import sys
from _blake2 import blake2b
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from noria.core.errors import NoriaException
from noria.values.scripts import lasting_name

SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})
DIGEST_SIZE = 16

# Longer encodings stand as their digest, so that what contains them stays short.
_INLINE_LIMIT = 64
# The memo pays for values that are met often; it need not remember every row of a long list.
_MEMO_LIMIT = 10_000
_MARSHAL_VERSION = 2
# Results of recorded calls are looked for so many containers deep.
_KNOWN_DEPTH = 2
# Below this length a text's content is cheaper and more telling than where it came from.
_SHORT_TEXT = 256
_PLAIN = SCALARS - {str, bytes}

Kind = Callable[[Any, "Walk"], bytes]
Known = Callable[[object], bytes | None]


class Undigestable(NoriaException):
    """A value has no content that could be hashed; the message names where it stands.

    Args:
        path: Where in the argument it was found, such as `cfg.client._lock`.
        type_name: The qualified name of its type.
        reason: Why, when it is not simply the type.
    """

    def __init__(self, path: str, type_name: str, reason: str | None = None) -> None:
        super().__init__(path, type_name, reason)
        self.path = path
        self.type_name = type_name
        self.reason = reason
        self.name = path
        """What the path starts from: the parameter."""

    def __str__(self) -> str:
        why = self.reason or "which has no content to hash"
        return f"{self.path} is a {self.type_name!r}, {why}"

    def __reduce__(self) -> tuple[type[Undigestable], tuple[str, str, str | None]]:
        return type(self), (self.path, self.type_name, self.reason)

    def below(self, label: str) -> None:
        """See the same error from one level further up."""
        self.name = label
        self.path = label + self.path


class TooLarge(Undigestable):
    """A value is larger than what the caller is willing to hash."""


def digest(encoded: bytes | memoryview) -> bytes:
    """The 16 bytes that stand for an encoding."""
    return blake2b(encoded, digest_size=DIGEST_SIZE).digest()


def node(kind: str, *parts: bytes) -> bytes:
    """Join encoded parts under a kind; 0xff is no code of marshal's, so the two never mix."""
    return b"\xff" + marshal.dumps((kind, len(parts)), _MARSHAL_VERSION) + b"".join(parts)


def scalar(value: Any) -> bytes:
    """The encoding of a value of one of the `SCALARS`, or of a tuple or list of nothing else.

    Raises:
        ValueError: It holds more than marshal can count, which is 2 GiB.
    """
    return marshal.dumps(value, _MARSHAL_VERSION)


def reference(thing: Any) -> bytes:
    """The encoding of something that its module and name say all about."""
    module = getattr(thing, "__module__", None) or ""
    name = getattr(thing, "__qualname__", None) or type(thing).__qualname__
    return node("name", scalar(lasting_name(module)), scalar(name))


def type_name(cls: type) -> str:
    """The name of a type as messages give it: `_thread.lock`, `generator`."""
    plain = cls.__module__ == "builtins"
    return cls.__qualname__ if plain else f"{cls.__module__}.{cls.__qualname__}"


def may_be_known(value: object) -> bool:
    """Whether it is worth asking if a value is the result of a recorded call.

    Numbers and short texts are not: they may be equal by accident, and their content is cheap.
    """
    cls = type(value)
    if cls is str or cls is bytes:
        return len(value) > _SHORT_TEXT  # type: ignore[arg-type]
    return cls not in _PLAIN


class Walk:
    """One value on its way to a digest.

    Args:
        kind_of: Finds how values of a type are encoded.
        known: The bytes that stand for the result of a recorded call, or None for any other value.
        limit: About how many bytes of content may be hashed; None for any number.
    """

    def __init__(
        self,
        kind_of: Callable[[type], Kind],
        known: Known | None = None,
        limit: int | None = None,
    ) -> None:
        self._kind_of = kind_of
        self._known = known
        self._limit = limit
        self._room = sys.maxsize if limit is None else limit
        self._open: dict[int, int] = {}
        self._memo: dict[int, tuple[object, bytes]] = {}
        # The outermost open container that what was encoded since refers back to.
        self._low = sys.maxsize
        # Containers that are done but refer back to an open one, with how far out they do: walking
        # them again from elsewhere in the same ring would follow every path through it.
        self._ring: dict[int, tuple[object, int, int]] = {}

    @property
    def is_fingerprint(self) -> bool:
        """Whether a call is to be found again, rather than its content compared."""
        return self._limit is not None

    def encode(self, value: Any) -> bytes:
        """The encoding of any value.

        Raises:
            Undigestable: It, or something in it, has no content; the path is relative to it.
        """
        cls = type(value)
        if cls in SCALARS:
            return self._scalar(value)
        seen = self._memo.get(id(value))
        if seen is not None:
            return seen[1]
        depth = len(self._open)
        at = self._open.get(id(value))
        if at is not None:
            self._low = min(self._low, at)
            return node("again", scalar(depth - at))
        done = self._ring.get(id(value))
        if done is not None:
            self._low = min(self._low, done[2])
            return node("ring", scalar(done[1]))
        return self._enter(value, cls, depth)

    def _enter(self, value: Any, cls: type, depth: int) -> bytes:
        outer, self._low = self._low, sys.maxsize
        ring_before = len(self._ring)
        self._open[id(value)] = depth
        try:
            encoded = self._kind_of(cls)(value, self)
        finally:
            del self._open[id(value)]
        self.take(_INLINE_LIMIT)
        if len(encoded) > _INLINE_LIMIT:
            encoded = node("digest", scalar(digest(encoded)))
        if self._low >= depth:
            self._close(value, encoded, ring_before)
            self._low = outer
        else:
            self._ring[id(value)] = (value, len(self._ring), self._low)
            self._low = min(outer, self._low)
        return encoded

    def _close(self, value: object, encoded: bytes, ring_before: int) -> None:
        """Remember a container that refers to nothing further out, and forget the ring in it."""
        while len(self._ring) > ring_before:
            self._ring.popitem()
        if len(self._memo) >= _MEMO_LIMIT:
            self._memo.clear()
        # Holding the value keeps its id from being given to another one during this walk.
        self._memo[id(value)] = (value, encoded)

    def part(self, value: Any, label: str) -> bytes:
        """The encoding of a part; `label` is how it is reached, such as `.name`."""
        try:
            return self.encode(value)
        except Undigestable as error:
            error.below(label)
            raise

    def item(self, value: Any, key: object) -> bytes:
        """The encoding of what stands under a key; it may be the result of a recorded call."""
        if self._known is not None and len(self._open) <= _KNOWN_DEPTH and may_be_known(value):
            token = self._known(value)
            if token is not None:
                return node("known", scalar(token))
        try:
            return self.encode(value)
        except Undigestable as error:
            error.below(f"[{key!r}]")
            raise

    def items(self, values: Iterable[Any]) -> list[bytes]:
        """The encodings of a sequence's elements."""
        return [self.item(value, index) for index, value in enumerate(values)]

    def attributes(self, pairs: Iterable[tuple[str, Any]]) -> list[bytes]:
        """Names and encoded values, in turn."""
        return [
            encoded
            for name, value in pairs
            for encoded in (scalar(name), self.part(value, f".{name}"))
        ]

    def flat(self, values: Sequence[Any]) -> bytes | None:
        """The encoding of a tuple or list of scalars, or None when it holds anything else."""
        if not SCALARS.issuperset(map(type, values)):
            return None
        if self._limit is not None:
            self.take(8 * len(values))
            self.take(sum(map(sys.getsizeof, values)))
        try:
            return scalar(values)
        except ValueError:
            return None

    def take(self, size: int) -> None:
        """Count `size` bytes of content that are about to be hashed.

        Raises:
            TooLarge: That is more than this walk may hash.
        """
        self._room -= size
        if self._room < 0:
            raise TooLarge("", "value", f"larger than the {self._limit} bytes that are hashed")

    def _scalar(self, value: Any) -> bytes:
        if self._limit is not None:
            self.take(sys.getsizeof(value))
        try:
            return scalar(value)
        except ValueError:
            raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            return node("long", scalar(type(value).__name__), scalar(digest(raw)))

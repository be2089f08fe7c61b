"""Digests of content: 16 bytes that are equal when two values hold the same.

They depend on types and content alone, not on the process, the hash seed, the order in which a dict
was filled, or the library version of a pickle. `1`, `1.0`, `True` and `"1"` differ.
"""

from __future__ import annotations

from collections.abc import Mapping

from noria.values.kinds.registry import kind_of
from noria.values.walk import (
    SCALARS,
    Known,
    TooLarge,
    Undigestable,
    Walk,
    digest,
    may_be_known,
    node,
    scalar,
    type_name,
)

__all__ = [
    "TooLarge",
    "Undigestable",
    "content_digest",
    "digest_arguments",
    "digest_named",
    "fingerprint",
]

_LEFT_OUT = node("left out")


def content_digest(value: object, name: str = "value") -> bytes:
    """The digest of a value's content.

    Args:
        value: Anything. Files count by their path and what is in them, functions by name, code and
            what they close over, objects by class and state.
        name: What the value is called in an error message.

    Returns:
        16 bytes.

    Raises:
        Undigestable: The value, or something in it, has no content, such as a lock or a generator.

    >>> content_digest({"b": 2, "a": 1}) == content_digest({"a": 1, "b": 2})
    True
    """
    return digest(_encode(value, name, Walk(kind_of)))


def digest_arguments(args: tuple[object, ...]) -> bytes | None:
    """The digest of a call's arguments when each is a plain scalar; else None: ask `fingerprint`.

    This is on the way of every task call, hence the separate way for the common case.

    >>> digest_arguments((1, "a")) is not None, digest_arguments(([1], "a"))
    (True, None)
    """
    if not SCALARS.issuperset(map(type, args)):
        return None
    try:
        return digest(scalar(args))
    except ValueError:
        return None


def digest_named(values: Mapping[str, object]) -> bytes:
    """The digest of parameters by name, in whatever order they are given.

    Raises:
        Undigestable: One of them has no content; the path begins with the parameter's name.
    """
    parts = [
        node("named", scalar(name), _encode(values[name], name, Walk(kind_of)))
        for name in sorted(values)
    ]
    return digest(b"".join(parts))


def fingerprint(
    values: Mapping[str, object], limit_bytes: int, known: Known
) -> tuple[bytes, list[str]]:
    """The digest by which a call is found again, as far as its arguments can be digested cheaply.

    Args:
        values: Arguments by parameter name.
        limit_bytes: About how many bytes of one argument's content are hashed at most.
        known: The bytes that stand for the result of a recorded call, None for any other value.
            It is asked about an argument and about what stands in it up to two containers deep,
            but not about numbers and short texts, which always count by content.

    Returns:
        The digest, and the names of the parameters left out: too large, or without content.

    >>> fingerprint({"x": 1, "rows": (i for i in range(3))}, 1000, lambda value: None)[1]
    ['rows']
    """
    parts: list[tuple[str, bytes]] = []
    left_out: list[str] = []
    for name, value in values.items():
        token = known(value) if may_be_known(value) else None
        if token is not None:
            parts.append((name, node("known", scalar(token))))
            continue
        try:
            parts.append((name, _encode(value, name, Walk(kind_of, known, limit_bytes))))
        except Undigestable:
            left_out.append(name)
            parts.append((name, _LEFT_OUT))
    parts.sort()
    return digest(b"".join(node("named", scalar(n), encoded) for n, encoded in parts)), left_out


def _encode(value: object, name: str, walk: Walk) -> bytes:
    try:
        return walk.encode(value)
    except Undigestable as error:
        error.below(name)
        raise
    except RecursionError as error:
        reason = "which is nested too deeply to be hashed"
        raise Undigestable(name, type_name(type(value)), reason) from error
    except Exception as error:
        # Whatever a property, a conversion or another thread's change makes go wrong here must not
        # reach a task that would run well without a digest.
        reason = f"whose content cannot be had: {type(error).__name__}: {error}"
        raise Undigestable(name, type_name(type(value)), reason) from error

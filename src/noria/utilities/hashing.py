"""Hashes of text, files and objects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

from noria.core.errors import HashError
from noria.values.digest import Undigestable, digest_named

_md5 = partial(hashlib.md5, usedforsecurity=False)


def stable_hash(*args: str | bytes, hash_algo: Callable[..., Any] = _md5) -> str:
    """The hash of texts and bytes, one after the other.

    Args:
        args: Text (hashed as UTF-8) or bytes.
        hash_algo: A constructor of `hashlib`.

    Returns:
        Hex digits.

    >>> stable_hash("ab") == stable_hash("a", b"b")
    True
    """
    hasher = hash_algo()
    for arg in args:
        hasher.update(arg.encode() if isinstance(arg, str) else arg)
    return str(hasher.hexdigest())


def file_hash(path: str, hash_algo: Callable[..., Any] = _md5) -> str:
    """The hash of what is in a file.

    Args:
        path: The file.
        hash_algo: A constructor of `hashlib`.

    Returns:
        Hex digits.

    Raises:
        OSError: The file cannot be read.
    """
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, hash_algo).hexdigest()


def hash_objects(
    *args: Any,
    hash_algo: Callable[..., Any] = _md5,
    raise_on_failure: bool = False,
    **kwargs: Any,
) -> str | None:
    """The hash of objects by their content, the same in every process.

    Args:
        args: Objects, whose order matters.
        hash_algo: A constructor of `hashlib`.
        raise_on_failure: Whether an object without content is an error, not None.
        kwargs: Objects by name, whose order does not matter.

    Returns:
        Hex digits; None when an object has no content, such as a lock.

    Raises:
        HashError: The same, when `raise_on_failure` is set; the message names it.

    >>> hash_objects({"a": 1, "b": 2}) == hash_objects({"b": 2, "a": 1})
    True
    """
    try:
        content = digest_named({**{f"args[{i}]": arg for i, arg in enumerate(args)}, **kwargs})
    except Undigestable as error:
        if raise_on_failure:
            raise HashError(f"Unable to create hash: {error}") from error
        return None
    return stable_hash(content, hash_algo=hash_algo)

"""Records that the store never took, kept in files until a later start replays them.

A file's name says when it was made and which process owns it. As long as that one lives it is going
to write the records itself, and nobody else may.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from noria.core import ids
from noria.core.hashing import blake2b
from noria.core.records import Record

SUFFIX = ".spool"


class Spool(NamedTuple):
    """A file of records.

    Attributes:
        path: Where it is.
        owner: The id of the process that wrote it, or has taken it over.
    """

    path: str
    owner: bytes

    def read(self) -> list[Record]:
        """The records.

        Raises:
            OSError: The file cannot be opened, or has been taken by somebody else.
            ValueError: What it holds are not records that this version knows.
        """
        with open(self.path, "rb") as file:
            data = file.read()
        try:
            return list(pickle.loads(data))
        except Exception as exc:
            # A damaged pickle may raise anything at all.
            raise ValueError(f"{type(exc).__name__}: {exc}") from exc

    def claim(self, process: bytes) -> Spool | None:
        """Make a process the owner; None when another has been quicker."""
        folder, name = os.path.split(self.path)
        path = os.path.join(folder, _name(name.partition(".")[0], process))
        try:
            os.rename(self.path, path)
        except FileNotFoundError:
            return None
        return Spool(path, process)


def write_spool(folder: str, records: Sequence[Record], owner: bytes = b"") -> str:
    """Write `records` to a new file and return its path; in the worst case a temporary folder's.

    Parameters:
        folder: Where it is to be.
        records: What it is to hold.
        owner: The id of the process that has yet to write them to the store.

    Raises:
        OSError: No folder takes them; names those that were tried.
    """
    data = pickle.dumps(list(records), protocol=5)
    name = _name(ids.to_text(ids.new_id()), owner)
    refusals = []
    for place in (folder, _refuge(folder)):
        try:
            os.makedirs(place, mode=0o700, exist_ok=True)
            return _write_whole(os.path.join(place, name), data)
        except OSError as error:
            refusals.append(f"{place} ({error.strerror or error})")
    raise OSError(f"no folder can take them: {' nor '.join(refusals)}")


def remove_spool(path: str) -> None:
    """Remove a file whose records are in the store; somebody else may have been quicker."""
    with suppress(OSError):
        os.unlink(path)


def spooled(folder: str) -> list[Spool]:
    """All files, oldest first."""
    paths = sorted(
        (name, os.path.join(place, name))
        for place in (folder, _refuge(folder))
        if _is_ours(place)
        for name in os.listdir(place)
        if name.endswith(SUFFIX)
    )
    return [Spool(path, _owner(name)) for name, path in paths]


def _name(moment: str, owner: bytes) -> str:
    return f"{moment}.{owner.hex()}{SUFFIX}"


def _owner(name: str) -> bytes:
    try:
        return bytes.fromhex(name.removesuffix(SUFFIX).partition(".")[2])
    except ValueError:
        return b""


def _refuge(folder: str) -> str:
    """Where records go when their own folder takes none: a folder of this user and this store."""
    mark = blake2b(os.path.abspath(folder).encode(), digest_size=8).hexdigest()
    # Not `tempfile`, which loads OpenSSL and tries its folders out at every start.
    temporary = os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp"
    return os.path.join(temporary, f"noria-spool-{mark}")


def _is_ours(place: str) -> bool:
    """Whether a folder is there and nobody else can have put files into it: they are unpickled."""
    if not os.path.isdir(place):
        return False
    return not hasattr(os, "getuid") or os.stat(place).st_uid == os.getuid()


def _write_whole(path: str, data: bytes) -> str:
    partial = path + ".part"
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        remove_spool(partial)
        raise
    return path

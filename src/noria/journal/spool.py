"""Records that the store never took, kept in files until a later start replays them."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import suppress

from noria.core import ids
from noria.core.hashing import blake2b
from noria.core.records import Record

SUFFIX = ".spool"


def write_spool(folder: str, records: Sequence[Record]) -> str:
    """Write `records` to a new file and return its path; in the worst case a temporary folder's.

    Raises:
        OSError: No folder takes them; names those that were tried.
    """
    data = pickle.dumps(list(records), protocol=5)
    name = ids.to_text(ids.new_id()) + SUFFIX
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


def spooled(folder: str) -> Iterator[tuple[str, list[Record]]]:
    """Every whole spool file with its records, oldest first; unreadable ones are left in place."""
    paths = [
        (name, os.path.join(place, name))
        for place in (folder, _refuge(folder))
        if _is_ours(place)
        for name in os.listdir(place)
        if name.endswith(SUFFIX)
    ]
    for _, path in sorted(paths):
        try:
            with open(path, "rb") as file:
                records = list(pickle.load(file))
        except Exception:  # noqa: BLE001 - a damaged pickle may raise anything at all
            continue
        yield path, records


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

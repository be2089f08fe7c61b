"""Records that the store never took, kept in files until a later start replays them."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterator, Sequence

from noria.core import ids
from noria.core.records import Record

SUFFIX = ".spool"


def write_spool(folder: str, records: Sequence[Record]) -> str:
    """Write `records` to a new file and return its path; in the worst case a temporary folder's."""
    data = pickle.dumps(list(records), protocol=5)
    name = ids.to_text(ids.new_id()) + SUFFIX
    for place in (folder, os.path.join(tempfile.gettempdir(), "noria-spool")):
        try:
            os.makedirs(place, mode=0o700, exist_ok=True)
            return _write_whole(os.path.join(place, name), data)
        except OSError:
            continue
    raise OSError(f"no folder can take {len(records)} unwritten records: tried {folder}")


def _write_whole(path: str, data: bytes) -> str:
    partial = path + ".part"
    with open(partial, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    return path


def spooled(folder: str) -> Iterator[tuple[str, list[Record]]]:
    """Every whole spool file with its records, oldest first; unreadable ones are left in place."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(SUFFIX))
    except FileNotFoundError:
        return
    for name in names:
        path = os.path.join(folder, name)
        try:
            with open(path, "rb") as file:
                yield path, pickle.load(file)
        except (OSError, pickle.UnpicklingError, EOFError, AttributeError):
            continue

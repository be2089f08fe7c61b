"""What is done to a whole store: looked at, upgraded, backed up, copied into another."""

from __future__ import annotations

import os
from collections.abc import Callable

from noria.core.errors import StoreError
from noria.core.settings import MEMORY, POSTGRES
from noria.store.opening import StoreStatus, open_database, status
from noria.store.transfer import Copied
from noria.store.transfer import copy as copy_rows

__all__ = ["Copied", "StoreStatus", "backup", "copy", "status", "upgrade"]


def upgrade(location: str) -> tuple[StoreStatus, StoreStatus]:
    """Bring the schema of a store to this program's version; make the store when there is none.

    Returns:
        What there was before, and what there is now.

    Raises:
        StoreError: It cannot be opened.
    """
    before = status(location)
    open_database(location, upgrade=True).close()
    return before, status(location)


def backup(location: str, target: str) -> int:
    """Write a copy of a store to a file, while others go on working with it.

    Parameters:
        location: Where the store is.
        target: The file, which must not be there yet.

    Returns:
        The bytes of the file.

    Raises:
        StoreError: There is such a file, there is no such store, or it cannot be copied.
    """
    if os.path.exists(target):
        raise StoreError(f"{target} is there already. It was left as it is; name another file.")
    _check_is_there(location)
    unfinished = target + ".unfinished"
    try:
        _write(location, unfinished)
        os.replace(unfinished, target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)
    return os.path.getsize(target)


def _write(location: str, target: str) -> None:
    if location.startswith(POSTGRES):
        from noria.store.postgres.dump import dump

        dump(location, target)
    else:
        from noria.store.sqlite.database import backup as of_sqlite

        of_sqlite(location, target)


def copy(
    source: str,
    target: str,
    merge: bool = False,
    told: Callable[[str, int], None] = lambda table, rows: None,
) -> list[Copied]:
    """Copy all that a store holds into another, all or nothing; what arrived is read again.

    Parameters:
        source: Where from; it is not changed.
        target: Where to; made when it is not there.
        merge: Whether there may be something; it stays, and what it has is left out.
        told: Called now and then with a table and the rows of it so far.

    Raises:
        StoreError: One of them cannot be opened, the target is not empty, or something did not
            arrive as it was; nothing was copied then.
    """
    if source == target:
        raise StoreError("Source and target are the same store. Nothing was copied; name two.")
    _check_is_there(source)
    old = open_database(source)
    try:
        new = open_database(target)
        try:
            return copy_rows(old, new, merge, told)
        finally:
            new.close()
    finally:
        old.close()


def _check_is_there(location: str) -> None:
    if location == MEMORY or status(location).found == 0:
        raise StoreError(f"There is no store at {status(location).location}. Nothing was copied.")

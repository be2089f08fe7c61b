"""The schema of this program: numbered SQL files, forward only; both dialects have all numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator

from noria.store.statements import SQL_FOLDER, Dialect

SCHEMA_VERSION = 11
"""The newest migration's number."""


def folder(dialect: Dialect) -> str:
    """Where the migrations of a dialect stand."""
    return os.path.join(SQL_FOLDER, dialect, "migrations")


def scripts(folder: str, present: int) -> Iterator[str]:
    """The migrations that a store of version `present` lacks, in order."""
    for name in sorted(os.listdir(folder)):
        if int(name[:4]) > present:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield file.read()


def newer(location: str, found: int, way_out: str) -> str:
    """The sentence for a store that a later program has made."""
    return (
        f"The store {location} has schema version {found}; this Noria knows versions up to "
        f"{SCHEMA_VERSION}. Upgrade Noria, {way_out}."
    )

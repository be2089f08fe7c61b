"""What psycopg and the server report, as sentences that name the store and say what to do.

No sentence holds a password: of the location only what may be shown is passed on, and libpq names
the user, the host and the database at most.
"""

from __future__ import annotations

import psycopg

from noria.core.errors import StoreError
from noria.store.database import Conflict
from noria.store.migrations import SCHEMA_VERSION

_SETTING = "NORIA_DATABASE_URL"
_CONFLICTS = {"40001", "40P01"}
"""Another transaction was in the way: serialization failure, deadlock."""
_COMING_UP = {"57P03", "53300"}
"""The server starts, or has no connection to spare just now."""

# What a server says in English when it is asked for a connection; libpq passes on no code.
_UNREACHABLE = (
    ("password authentication failed", f"Check the user and the password in {_SETTING}."),
    ("no password supplied", f"Put the password into {_SETTING}, or into ~/.pgpass."),
    ("no pg_hba.conf entry", "Ask who runs the server to let this host and user in."),
    (
        "does not exist",
        f"Create it (`createdb NAME`, `createuser NAME`), or correct {_SETTING}.",
    ),
    ("could not translate host name", f"Check the name of the host in {_SETTING}."),
    ("failed to resolve host", f"Check the name of the host in {_SETTING}."),
    ("Connection refused", f"Start the server, or check host and port in {_SETTING}."),
    ("No such file or directory", f"Start the server, or check its socket in {_SETTING}."),
    ("timeout expired", f"Check host and port in {_SETTING}, and the firewalls between."),
    ("starting up", "Try again in a moment."),
    ("too many clients", "Raise max_connections on the server, or stop what holds connections."),
    ("remaining connection slots", "Raise max_connections on the server, or stop what holds them."),
)  # fmt: skip
_WILL_NOT_PASS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "could not translate host name",
    "failed to resolve host",
)
_REPORTED = {
    "42501": (
        "does not let this user do that",
        "Grant the user what it needs (`grant all on schema noria to NAME`, `grant create on "
        "database NAME to NAME` to make it), or use the owner of the store.",
    ),
    "53100": ("cannot grow: the server's disk is full", "Free some space on the server."),
    "25006": (
        "can only be read: the server is a standby",
        f"Point {_SETTING} at the primary server.",
    ),
    "55P03": (
        "has been locked by another process for too long",
        "Close what holds it (a database shell with an open transaction), then try again.",
    ),
}


def bad_location(location: str) -> StoreError:
    """The error for a location that libpq does not understand."""
    # What libpq has to say may quote the password.
    return StoreError(
        f"The store {location} cannot be understood. Expected "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with known options only after a `?`. "
        f"Write %40 for @, %3A for :, %2F for / and %25 for % in the password in {_SETTING}."
    )


def is_transient(error: psycopg.Error) -> bool:
    """Whether waiting helps: the server is away, is coming up, or broke the connection off."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    if error.sqlstate is not None:
        return error.sqlstate in _COMING_UP or error.sqlstate[:3] in ("08P", "57P", "080")
    return not any(words in str(error) for words in _WILL_NOT_PASS)


def explain(error: psycopg.Error, location: str) -> StoreError:
    """The error to raise for what was reported about a store."""
    state = error.sqlstate
    if state in _CONFLICTS:
        return Conflict(
            f"Another process wrote the same to {location} at the same moment: {_said(error)}. "
            "Nothing was written; try again."
        )
    if state in _REPORTED:
        what, todo = _REPORTED[state]
        return StoreError(f"The store {location} {what}. The server says: {_said(error)}. {todo}")
    if isinstance(error, psycopg.OperationalError):
        return unreachable(error, location)
    return StoreError(
        f"The store {location} cannot be used. The server says: {_said(error)}. Check the server "
        "and its log."
    )


def unreachable(error: psycopg.Error, location: str) -> StoreError:
    """The error for a server that cannot be reached, or has gone away."""
    hints = (hint for words, hint in _UNREACHABLE if words in str(error))
    todo = next(hints, f"Check that the server runs, and {_SETTING}.")
    said = _said(error)
    return StoreError(f"The store {location} cannot be reached. The server says: {said}. {todo}")


def too_old(location: str, found: int, least: int) -> StoreError:
    """The error for a server of an old version."""
    return StoreError(
        f"The store {location} is on PostgreSQL {found}; Noria needs {least} or later. Upgrade the "
        f"server, or point {_SETTING} at another one."
    )


def wrong_encoding(location: str, found: str) -> StoreError:
    """The error for a database that cannot keep any text."""
    return StoreError(
        f"The store {location} keeps text as {found}; expected UTF8. Create a database for Noria: "
        "createdb --encoding UTF8 --template template0 NAME."
    )


def to_be_upgraded(location: str, found: int) -> StoreError:
    """The error for a store that an earlier program has made."""
    return StoreError(
        f"The store {location} has schema version {found}; this Noria needs {SCHEMA_VERSION}. Once "
        "it is upgraded, no older Noria can use it. Upgrade those first, then run `noria db "
        "upgrade`."
    )


def foreign(location: str) -> StoreError:
    """The error for a schema that another program has made."""
    return StoreError(
        f"The schema `noria` in {location} belongs to another program; it was left as it is. Point "
        f"{_SETTING} at a database of its own for Noria."
    )


def _said(error: psycopg.Error) -> str:
    """What was reported in one line, without libpq's account of how it got there."""
    primary = error.diag.message_primary
    text = primary or str(error).strip().splitlines()[0] if str(error).strip() or primary else ""
    for mark in ("FATAL: ", "ERROR: ", "error: ", " failed: "):
        text = text.rpartition(mark)[2]
    text = " ".join(text.split()).rstrip(".") or type(error).__name__
    # It stands within a sentence.
    return text[:1].lower() + text[1:]

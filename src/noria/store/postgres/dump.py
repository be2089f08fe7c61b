"""A backup of a PostgreSQL store by the server's own program."""

from __future__ import annotations

import os
import shutil
import subprocess

import psycopg

from noria.core.errors import StoreError
from noria.store.postgres.location import for_libpq, shown

# What pg_dump is told of the server travels by its environment: arguments are seen by everybody.
_VARIABLES = {
    "password": "PGPASSWORD",
    "user": "PGUSER",
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
}


def dump(url: str, target: str) -> None:
    """Write all of a store to a file, in the form that `pg_restore` reads.

    Raises:
        StoreError: There is no pg_dump here, or it has failed; the message holds what it said.
    """
    program = shutil.which("pg_dump")
    if program is None:
        raise StoreError(
            f"The store {shown(url)} is backed up by pg_dump, which is not installed here. Install "
            "the client programs of PostgreSQL, or copy the store into a file of its own: "
            f"noria db copy {shown(url)} sqlite:///{target}."
        )
    options = psycopg.conninfo.conninfo_to_dict(for_libpq(url))
    told = {_VARIABLES[name]: str(value) for name, value in options.items() if name in _VARIABLES}
    done = subprocess.run(
        [program, "--format=custom", "--schema=noria", f"--file={target}"],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise StoreError(
            f"The store {shown(url)} was not backed up. pg_dump says: {said}. Use one that is as "
            "new as the server."
        )

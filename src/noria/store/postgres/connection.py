"""A connection to PostgreSQL that understands named statements and parameters `:like_this`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from noria.store import values
from noria.store.database import Facts
from noria.store.postgres.arrays import literal
from noria.store.statements import Dialect, Sql, Statements

CONNECTION = Statements("connection")
PAGE_ROWS = 500
ROWS = "values {rows}"
NUL = "\ufdd0"
"""Stands for the character of code 0, which no text of PostgreSQL can hold: one of the code points
that Unicode leaves to programs for their own use, never for text."""

T = TypeVar("T")

Raw = psycopg.Connection[Any]
Types = dict[str, dict[str, str]]
"""The types of the columns of tables."""

_WORDS = re.compile(r"('(?:[^']|'')*')|(%)|(?<![:\w]):([a-z_][a-z0-9_]*)")
_TARGET = re.compile(r"insert into (\w+) \(([^)]*)\)")


class PostgresConnection:
    """What `noria.store.database.Connection` promises, over psycopg.

    Parameters:
        raw: The connection.
        types: What is known of the tables; shared by the connections of a store.
        revive: Gives another connection for one that was lost, where a statement may be run again;
            None where it may not.
    """

    dialect: Dialect = "postgres"

    def __init__(self, raw: Raw, types: Types, revive: Callable[[Raw], Raw] | None = None) -> None:
        self.raw = raw
        self._types = types
        self._revive = revive

    def execute(self, statement: Sql, facts: Facts | None = None, /) -> psycopg.Cursor[Any]:
        """Run a statement."""
        text = words(text_of(statement))
        return self._run(lambda raw, facts: raw.execute(text, facts), dict(facts or {}))

    def executemany(self, statement: Sql, facts: Iterable[Facts], /) -> psycopg.Cursor[Any]:
        """Run a statement once for each of `facts`."""
        text = words(text_of(statement))
        cursor = self.raw.cursor()
        rows = [dict(each) for each in facts]
        if rows:
            try:
                cursor.executemany(text, rows)
            except (UnicodeEncodeError, psycopg.DataError) as error:
                if not _is_unwritable(error):
                    raise
                cursor.executemany(text, [mended_facts(row) for row in rows])
        return cursor

    def stream(self, statement: Sql, facts: Facts | None = None, /) -> Iterator[Any]:
        """The rows of a statement, fetched page by page; only within a transaction."""
        with self.raw.cursor(name="noria") as cursor:
            cursor.itersize = PAGE_ROWS
            cursor.execute(words(text_of(statement)), dict(facts or {}))
            yield from cursor

    def write_rows(self, statement: Sql, columns: list[Any], /) -> None:
        """Write the rows whose columns stand one after another in `columns`."""
        if not columns:
            return
        text, types = self._bulk(text_of(statement))
        try:
            self.raw.execute(text, _arrays(types, columns))
        except (UnicodeEncodeError, psycopg.DataError) as error:
            if not _is_unwritable(error):
                raise
            self.raw.execute(text, _arrays(types, [mended(value) for value in columns]))

    def _bulk(self, template: str) -> tuple[bytes, tuple[str, ...]]:
        table, names = target(template)
        if table not in self._types:
            self._types[table] = dict(self.execute(CONNECTION.column_types, {"name": table}))
        return unnested(template, tuple(self._types[table][name] for name in names))

    def _run(
        self, action: Callable[[Raw, dict[str, Any]], psycopg.Cursor[Any]], facts: dict[str, Any]
    ) -> psycopg.Cursor[Any]:
        try:
            return action(self.raw, facts)
        except (UnicodeEncodeError, psycopg.DataError) as error:
            if not _is_unwritable(error):
                raise
            return action(self.raw, mended_facts(facts))
        except psycopg.OperationalError:
            if self._revive is None or not self.raw.closed:
                raise
            self.raw = self._revive(self.raw)
            return self._run(action, facts)


def _arrays(types: tuple[str, ...], columns: list[Any]) -> dict[str, str]:
    """One parameter for each column, however many rows there are."""
    return {
        f"c{number}": literal(type_name, columns[number :: len(types)])
        for number, type_name in enumerate(types)
    }


class NumberLoader(Loader):
    """Sums and means as plain numbers: PostgreSQL answers them with decimals."""

    def load(self, data: Buffer) -> int | float:
        """The number."""
        text = bytes(data)
        return float(text) if b"." in text or b"N" in text else int(text)


class TextLoader(Loader):
    """Text as it was given: a stand-in is what it stands for."""

    def load(self, data: Buffer) -> str:
        """The text."""
        text = str(data, "utf-8")
        return text.replace(NUL, "\0") if NUL in text else text


def text_of(statement: Sql) -> str:
    """The words of a statement in this dialect."""
    return statement if isinstance(statement, str) else statement.sql("postgres")


@functools.lru_cache(maxsize=1000)
def words(text: str) -> bytes:
    """A statement as psycopg wants it: `%(name)s` for `:name`, outside of quotes."""
    return _WORDS.sub(_word, text).encode()


def _word(found: re.Match[str]) -> str:
    quoted, percent, name = found.groups()
    if quoted:
        return str(quoted.replace("%", "%%"))
    return "%%" if percent else f"%({name})s"


@functools.lru_cache(maxsize=100)
def target(template: str) -> tuple[str, tuple[str, ...]]:
    """The table that a statement with `{rows}` writes, and the columns that it is given."""
    found = _TARGET.search(template)
    if found is None:
        raise ValueError(f"No table with its columns follows `insert into`: {template[:80]!r}")
    given = template[template.index("(") + 1 : template.index(")")]
    return found[1], tuple(name.strip() for name in given.split(","))


@functools.lru_cache(maxsize=100)
def unnested(template: str, types: tuple[str, ...]) -> tuple[bytes, tuple[str, ...]]:
    """A statement for many rows as one over arrays, an array for each column."""
    arrays = ", ".join(f"%(c{number})s::{name}[]" for number, name in enumerate(types))
    before, after = template.split(ROWS)
    rows = f"select * from unnest({arrays}) where true"  # noqa: S608 - our own numbers and types
    # Without a condition the parser would take `on conflict` for that of a join.
    return "".join([before.replace("%", "%%"), rows, after.replace("%", "%%")]).encode(), types


def mended(value: T) -> T | str:
    """The value, where it is text, without what PostgreSQL has no place for: halves of surrogate
    pairs are spelled out, and the character of code 0 has a stand-in."""
    if isinstance(value, str):
        return str(values.mended(value)).replace("\0", NUL)
    return value


def mended_facts(facts: Facts) -> dict[str, Any]:
    """Parameters with their texts mended."""
    return {name: mended(value) for name, value in facts.items()}


def _is_unwritable(error: Exception) -> bool:
    """Whether it was found in a text before anything was sent."""
    return isinstance(error, UnicodeEncodeError) or (
        isinstance(error, psycopg.DataError) and error.sqlstate is None
    )

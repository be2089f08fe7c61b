"""Named SQL: the statements of a noun, read when the first of them is run.

A file is a list of blocks: a line `-- name: something`, a sentence in comment lines that says what
the statement is for, and the statement. `sql/common` holds what both dialects understand; a
statement that they say differently stands under one name in `sql/sqlite` and in `sql/postgres`.
Parameters are named, `:like_this`, in all of them.
"""

from __future__ import annotations

import functools
import os
from typing import Literal

Dialect = Literal["sqlite", "postgres"]

SQL_FOLDER = os.path.join(os.path.dirname(__file__), "sql")
COMMON = "common"


class Statement:
    """A statement of a noun: what the functions of this package hand to a connection, which knows
    its own dialect."""

    __slots__ = ("_folder", "_texts", "name", "noun")

    def __init__(self, noun: str, name: str, folder: str = SQL_FOLDER) -> None:
        self.noun = noun
        self.name = name
        self._folder = folder
        self._texts: dict[Dialect, str] = {}

    def sql(self, dialect: Dialect) -> str:
        """The statement in a dialect.

        Raises:
            LookupError: No file of the noun has a statement of this name.
        """
        text = self._texts.get(dialect)
        if text is None:
            text = self._texts[dialect] = self._read(dialect)
        return text

    def _read(self, dialect: Dialect) -> str:
        known: list[str] = []
        for part in (dialect, COMMON):
            found = load(os.path.join(self._folder, part, self.noun + ".sql"))
            if self.name in found:
                return found[self.name]
            known += found
        raise LookupError(f"{self.noun}.sql has no statement {self.name!r}; it has {known}")


Sql = Statement | str
"""A named statement, or text that was composed in the dialect of the connection it is for."""


class Statements:
    """The statements of a noun, as attributes."""

    def __init__(self, noun: str, folder: str = SQL_FOLDER) -> None:
        self._noun = noun
        self._folder = folder

    def __getattr__(self, name: str) -> Statement:
        if name.startswith("_"):
            raise AttributeError(name)
        statement = self.__dict__[name] = Statement(self._noun, name, self._folder)
        return statement


@functools.cache
def load(path: str) -> dict[str, str]:
    """The statements of a file by name; none when there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read())
    except FileNotFoundError:
        return {}


def parse(text: str) -> dict[str, str]:
    """The statements of a text by name.

    Raises:
        ValueError: Two statements have one name, or one lacks its explanation or its SQL.
    """
    found: dict[str, str] = {}
    for block in text.split("-- name: ")[1:]:
        name, *lines = block.splitlines()
        sql = [line for line in lines if line and not line.startswith("--")]
        if name in found or not sql or not lines[0].startswith("-- "):
            raise ValueError(f"{name!r} needs a name of its own, a sentence and a statement")
        found[name] = "\n".join(sql)
    return found

"""Named SQL: the statements of one `.sql` file, read when the first of them is asked for.

A file is a list of blocks: a line `-- name: something`, a sentence in comment lines that says what
the statement is for, and the statement.
"""

from __future__ import annotations

import os

SQL_FOLDER = os.path.join(os.path.dirname(__file__), "sql", "sqlite")


class Statements:
    """The statements of `sql/sqlite/{noun}.sql`, as attributes."""

    def __init__(self, noun: str, folder: str = SQL_FOLDER) -> None:
        self._path = os.path.join(folder, noun + ".sql")

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        with open(self._path, encoding="utf-8") as file:
            found = parse(file.read())
        self.__dict__.update(found)
        if name not in found:
            raise AttributeError(f"{self._path} has no statement {name!r}; it has {list(found)}")
        return found[name]


def parse(text: str) -> dict[str, str]:
    """The statements of a file by name.

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

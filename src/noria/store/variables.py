"""Variables in the store."""

from __future__ import annotations

from noria.core.records import VariableRow
from noria.store.database import Connection
from noria.store.statements import Statements

VARIABLE = Statements("variable")


def get(connection: Connection, name: str) -> VariableRow | None:
    """One variable."""
    found = connection.execute(VARIABLE.get, {"name": name}).fetchone()
    return found and VariableRow._make(found)


def page(
    connection: Connection, text: str | None, after: str | None, limit: int
) -> list[VariableRow]:
    """Variables by name."""
    facts = {"text": text, "after": after, "limit": limit}
    return [VariableRow._make(found) for found in connection.execute(VARIABLE.page, facts)]


def save(connection: Connection, row: VariableRow, overwrite: bool) -> VariableRow | None:
    """Set a variable; None when there is one that must not be overwritten."""
    found = connection.execute(VARIABLE.set, {**row._asdict(), "overwrite": overwrite}).fetchall()
    return VariableRow._make(found[0]) if found else None


def delete(connection: Connection, name: str) -> bool:
    """Delete a variable; False when there is none."""
    return connection.execute(VARIABLE.delete, {"name": name}).rowcount > 0

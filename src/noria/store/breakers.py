"""Circuit breakers in the store."""

from __future__ import annotations

from noria.core.breakers import BreakerRow, CircuitState
from noria.store.database import Connection
from noria.store.statements import Statements

BREAKER = Statements("breaker")


def get(connection: Connection, name: str) -> BreakerRow | None:
    """One circuit breaker."""
    found = connection.execute(BREAKER.get, {"name": name}).fetchone()
    return found and _row(found)


def page(connection: Connection, after: str | None, limit: int) -> list[BreakerRow]:
    """Circuit breakers by name."""
    facts = {"after": after, "limit": limit}
    return [_row(found) for found in connection.execute(BREAKER.page, facts).fetchall()]


def save(connection: Connection, row: BreakerRow) -> bool:
    """Save a breaker that was changed once since it was read, or is new; False when somebody else
    has changed it in the meantime."""
    statement = BREAKER.create if row.revision == 1 else BREAKER.advance
    facts = {**row._asdict(), "state": row.state.value}
    return connection.execute(statement, facts).rowcount > 0


def _row(found: tuple[object, ...]) -> BreakerRow:
    row: BreakerRow = BreakerRow._make(found)
    return row._replace(state=CircuitState(row.state))

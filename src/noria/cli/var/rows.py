"""Variables as they are printed."""

from __future__ import annotations

from collections.abc import Sequence

from noria.backend.port import Backend
from noria.cli import records
from noria.cli.app import App
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Record, dump
from noria.cli.timefmt import ago, iso, moment
from noria.core import clock
from noria.core.records import VariableRow


def record(row: VariableRow) -> Record:
    """A variable for programs."""
    return {
        "id": row.name,
        "name": row.name,
        "value": records.parsed(row.value, None),
        "tags": records.parsed(row.tags, []),
        "created": iso(row.created),
        "updated": iso(row.updated),
    }


def columns(app: App) -> Sequence[Column[VariableRow]]:
    """Name, value, tags, when it was set."""
    now = clock.now()

    def updated(row: VariableRow) -> str:
        return moment(row.updated, app.utc) if app.utc else ago(row.updated, now)

    return (
        Column("name", "NAME", lambda row: row.name),
        Column("value", "VALUE", lambda row: value_text(row), shrinks=True),
        Column("tags", "TAGS", lambda row: ", ".join(record(row)["tags"]), shrinks=True),
        Column("updated", "SET", updated),
    )


def value_text(row: VariableRow) -> str:
    """The value as a person reads it: a text as it is, all else as JSON."""
    value = records.parsed(row.value, None)
    return value if isinstance(value, str) else dump(value)


def find_variable(backend: Backend, name: str) -> VariableRow:
    """The variable of a name.

    Raises:
        CliError: There is none; with what may have been meant.
    """
    row = backend.variable(name)
    if row is not None:
        return row
    known = [other.name for other in backend.variables()]
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"there is no variable {name}",
        did_you_mean(name, known) or ("" if known else "there are no variables at all"),
        "list them: noria var ls" if known else f"set it: noria var set {name} VALUE",
    )

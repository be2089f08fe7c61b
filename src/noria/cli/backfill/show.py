"""`noria backfill show`: what has become of a backfill."""

from __future__ import annotations

from collections.abc import Sequence

import click

from noria.backend.backfills_port import BackfillUse
from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.backfill.rows import DELETED, find_backfill, progress, record, short_id
from noria.cli.backfill.watching import watch_backfill
from noria.cli.output import Column, emit_object, table
from noria.cli.runs.columns import run_columns
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import ago, moment
from noria.core import clock
from noria.core.jsontext import from_json
from noria.core.records import FlowRunRow
from noria.core.states import StateType

RUNS = 10
_UNDER_WAY = (StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING)
_LOST = (StateType.FAILED, StateType.CRASHED)


@click.command()
@click.argument("backfill")
@click.option("--watch", is_flag=True, help="Tell of its progress until all runs have ended.")
@output_options
@pass_app
def show(app: App, backfill: str, watch: bool) -> None:
    """Show what has become of a backfill.

    BACKFILL is an id, the beginning of one, or @last, the newest. Runs that are under way are
    listed, and those that have failed.
    """
    backend = backend_of(app)
    use = find_backfill(backend, backfill)
    if watch:
        use = watch_backfill(app, backend, use)
    if not app.for_people:
        emit_object(app, record(use))
        return
    app.say(f"{short_id(backend, use.backfill.id)}  {clean(use.deployment or DELETED)}")
    for name, text in _facts(app, use).items():
        app.say(f"  {app.paint(f'{name:<9}', 'dim')}  {clean(text)}")
    for states in (_UNDER_WAY, _LOST):
        _list(app, backend, use, states)


def _facts(app: App, use: BackfillUse) -> dict[str, str]:
    row = use.backfill
    facts = {
        "times": f"{moment(row.first, app.utc)} to {moment(row.last, app.utc)}",
        "schedule": row.schedule or "all",
        "at once": str(row.slots),
        "made": ago(row.created, clock.now()),
    }
    if row.cancelled is not None:
        facts["cancelled"] = ago(row.cancelled, clock.now())
    return {**facts, "runs": f"{row.made:,}: {progress(use)}"}


def _list(app: App, backend: Backend, use: BackfillUse, states: Sequence[StateType]) -> None:
    rows = backend.backfill_runs(use.backfill.id, states, RUNS + 1)
    for line in table(rows[:RUNS], _columns(app, backend), app.columns, app.paint):
        app.say(f"  {line}")
    if len(rows) > RUNS:
        app.say("  …")


def _columns(app: App, backend: Backend) -> Sequence[Column[FlowRunRow]]:
    stands_for: Column[FlowRunRow] = Column("time", "FOR", lambda row: _stands_for(app, row))
    return (*run_columns(backend), stands_for)


def _stands_for(app: App, row: FlowRunRow) -> str:
    scheduled = from_json(row.settings or "{}").get("scheduled")
    return "" if scheduled is None else moment(scheduled, app.utc)

"""`noria runs ls`: what ran."""

from __future__ import annotations

from collections.abc import Sequence

import click

from noria.backend.port import Backend, RunFilter, RunSummary
from noria.cli import records
from noria.cli.app import App, output_options, pass_app
from noria.cli.appearance import glyph, labelled
from noria.cli.output import Column, Listing, emit
from noria.cli.references import short_id
from noria.cli.states import parse_states
from noria.cli.store import backend_of
from noria.cli.timefmt import ago, asked_since, moment
from noria.console.wording import duration
from noria.core import clock
from noria.core.records import GroupCount
from noria.core.states import StateType


@click.command()
@click.option("--state", help="Only these states, such as failed,crashed.")
@click.option("--flow", help="Only runs of this flow.")
@click.option("--tag", multiple=True, help="Only runs with this tag; repeat it for several.")
@click.option("--since", help="Only runs since then: 2h, 1d12h, 2026-11-22, or a date and time.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="At most so many.",
)
@click.option("--all", "everything", is_flag=True, help="With the runs that other runs called.")
@output_options
@pass_app
def ls(
    app: App,
    state: str | None,
    flow: str | None,
    tag: tuple[str, ...],
    since: str | None,
    limit: int,
    everything: bool,
) -> None:
    """List runs, newest first."""
    now = clock.now()
    where = RunFilter(
        states=parse_states(state),
        flow_name=flow,
        tags=tag or None,
        since=asked_since(since, now, app.utc),
        top_level=not everything,
        limit=limit,
    )
    backend = backend_of(app)
    rows = backend.flow_runs(where)
    listing = Listing(
        rows,
        lambda row: records.with_counts(row.run, row.counts, now),
        _columns(app, backend, now),
    )
    shown = emit(app, listing)
    if not app.for_people:
        return
    if not shown:
        narrowed = any((state, flow, tag, since))
        app.note("No runs match." if narrowed else "No runs yet. Start one: noria run FILE")
    elif shown == limit:
        app.note(f"The newest {limit}; --limit {limit * 5} shows more.")


def _columns(app: App, backend: Backend, now: int) -> Sequence[Column[RunSummary]]:
    def started(row: RunSummary) -> str:
        waits = row.run.start is None and row.run.state is StateType.SCHEDULED
        when = records.due(row.run) if waits else row.run.start or row.run.created
        text = moment(when, app.utc) if app.utc else ago(when, now)
        return f"due {text}" if waits else text

    def took(row: RunSummary) -> str:
        span = records.run_time(row.run, now)
        return "" if span is None else duration(span)

    return (
        Column("id", "ID", lambda row: short_id(backend, row.run.id), lambda _row: "dim"),
        Column("state_name", "STATE", _state, _style),
        Column("name", "RUN", lambda row: row.run.name, shrinks=True),
        Column("flow_name", "FLOW", lambda row: row.run.flow_name, shrinks=True),
        Column("start_time", "STARTED", started),
        Column("total_run_time", "TOOK", took, right=True),
        Column("task_count", "TASKS", _tasks),
    )


def _state(row: RunSummary) -> str:
    return labelled(row.run.state, row.run.state_name)


def _style(row: RunSummary) -> str:
    return glyph(row.run.state, row.run.state_name)[1]


def _tasks(row: RunSummary) -> str:
    counts = row.counts
    done = counts[GroupCount.COMPLETED] + counts[GroupCount.CACHED]
    total = sum(counts)
    failed, crashed = counts[GroupCount.FAILED], counts[GroupCount.CRASHED]
    text = f"{total:,}" if done == total else f"{done:,}/{total:,}"
    ends = [
        f", {count:,} {end}" for count, end in ((failed, "failed"), (crashed, "crashed")) if count
    ]
    return text + "".join(ends)

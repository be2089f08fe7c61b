"""`noria backfill --dry-run`: which runs a backfill would make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from noria.backend.backfills_port import BackfillRequest
from noria.cli.app import App
from noria.cli.appearance import glyph, labelled, state_name
from noria.cli.output import Column, Listing, Record, emit
from noria.cli.timefmt import iso
from noria.console.wording import plural
from noria.core.backfills import KeyedRun, PlannedRun
from noria.core.deployments import DeploymentSpec
from noria.core.ids import to_text
from noria.core.schedules.zones import UTC_NAME, local


class _Line(NamedTuple):
    run: PlannedRun
    found: KeyedRun | None
    action: str
    """What would happen: `run`, `skip`, or `limit` when enough are made without it."""


def show_plan(
    app: App,
    wish: BackfillRequest,
    found: Mapping[str, KeyedRun],
    spec: DeploymentSpec,
    timezone: str | None,
) -> None:
    """Print each time, and whether it has a run already."""
    lines = _lines(wish, found)
    zones = {each.slug: each.rule.get("timezone", UTC_NAME) for each in spec.schedules}

    def time(line: _Line) -> str:
        zone = zones.get(line.run.slug, timezone or UTC_NAME)
        shown = local(line.run.time, UTC_NAME if app.utc else zone)
        return f"{shown:%a %Y-%m-%d %H:%M:%S %Z}"

    columns = [
        Column[_Line]("time", "TIME", time),
        Column[_Line]("schedule", "SCHEDULE", lambda line: line.run.slug, shrinks=True),
        Column[_Line]("action", "ACTION", lambda line: line.action),
        Column[_Line]("state_name", "RUN SO FAR", _state, _style),
        Column[_Line]("flow_run_id"),
    ]
    emit(app, Listing(lines, _record, columns))
    if app.for_people:
        count = sum(line.action == "run" for line in lines)
        app.note(f"{plural(count, 'run')} would be made, {wish.slots} at once.")


def _lines(wish: BackfillRequest, found: Mapping[str, KeyedRun]) -> list[_Line]:
    lines = []
    left = len(wish.runs) if wish.limit is None else wish.limit
    for run in wish.runs:
        before = found.get(run.key)
        action = "skip"
        if wish.rerun or before is None or before.is_missed:
            action = "run" if left else "limit"
            left = max(left - 1, 0)
        lines.append(_Line(run, before, action))
    return lines


def _state(line: _Line) -> str:
    if line.found is None:
        return ""
    return f"{labelled(line.found.state, line.found.state_name)}  {line.found.name}"


def _style(line: _Line) -> str:
    return "" if line.found is None else glyph(line.found.state, line.found.state_name)[1]


def _record(line: _Line) -> Record:
    found = line.found
    return {
        "id": line.run.key,
        "time": iso(line.run.time),
        "schedule": line.run.slug,
        "action": line.action,
        "parameters": dict(line.run.parameters),
        "flow_run_id": None if found is None else to_text(found.flow_run),
        "state_name": None if found is None else state_name(found.state, found.state_name),
    }

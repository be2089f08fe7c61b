"""Deployments as they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from noria.backend.port import Backend
from noria.cli.app import App
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Record
from noria.cli.timefmt import ago, brief, iso, moment
from noria.core import clock
from noria.core.deployments import DeploymentSpec, from_record, to_record
from noria.core.ids import to_text
from noria.core.jsontext import from_json
from noria.core.records import DeploymentRow, ScheduleRow
from noria.core.schedules import rules

_CANDIDATES = 5


def full_name(row: DeploymentRow) -> str:
    """`flow/deployment`."""
    return f"{row.flow_name}/{row.name}"


def spec_of(row: DeploymentRow) -> DeploymentSpec:
    """What it was specified to be."""
    return from_record(from_json(row.spec))


def find_deployment(backend: Backend, reference: str) -> DeploymentRow:
    """The one deployment that a reference names.

    Raises:
        CliError: It names none, or several.
    """
    found = backend.find_deployments(reference)
    if len(found) == 1:
        return found[0]
    if found:
        names = "\n".join(full_name(row) for row in found[:_CANDIDATES])
        raise CliError(
            Code.AMBIGUOUS_RUN,
            f"{reference} names more than one deployment",
            names,
            "name one as FLOW/NAME",
        )
    # Who leaves the flow out is told names without it.
    name = full_name if "/" in reference else attrgetter("name")
    known = [name(row) for row in backend.deployments()]
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"there is no deployment {reference}",
        did_you_mean(reference, known),
        "see noria deployment ls",
    )


def deployment_record(backend: Backend, row: DeploymentRow) -> Record:
    """A deployment for programs."""
    spec = to_record(spec_of(row))
    due = next_due(row, backend.schedules(row.id))
    return {
        "id": full_name(row),
        "deployment_id": to_text(row.id),
        **{name: value for name, value in spec.items() if name != "schedules"},
        "paused": row.paused,
        "next_due": None if due is None else iso(due),
        "schedules": [_schedule_record(each) for each in backend.schedules(row.id)],
        "created": iso(row.created),
        "updated": iso(row.updated),
    }


def columns(app: App, backend: Backend) -> Sequence[Column[DeploymentRow]]:
    """Name, schedules, when it is due, where it runs."""

    def due(row: DeploymentRow) -> str:
        found = next_due(row, backend.schedules(row.id))
        return "paused" if row.paused else "" if found is None else soon(app, found)

    def schedules(row: DeploymentRow) -> str:
        return schedule_words(backend.schedules(row.id))

    return (
        Column("id", "DEPLOYMENT", full_name, shrinks=True),
        Column("schedules", "SCHEDULE", schedules, shrinks=True),
        Column("next_due", "DUE", due),
        Column("pool", "POOL", lambda row: row.pool, shrinks=True),
        Column("tags", "TAGS", lambda row: ", ".join(spec_of(row).tags), shrinks=True),
    )


def schedule_words(schedules: Sequence[ScheduleRow]) -> str:
    """All schedules on a line."""
    found = []
    for each in schedules:
        text = rules.words(rules.from_record(from_json(each.rule)))
        found.append(text if each.active else f"{text} (inactive)")
    return "; ".join(found)


def next_due(row: DeploymentRow, schedules: Sequence[ScheduleRow]) -> int | None:
    """When it is due next; None when it never is, or rests."""
    due = [each.due for each in schedules if each.active and each.due is not None]
    return None if row.paused or not due else min(due)


def upcoming(row: DeploymentRow, schedules: Sequence[ScheduleRow], count: int) -> list[int]:
    """The next times at which it is due; none when it rests."""
    times: set[int] = set()
    for each in [] if row.paused else schedules:
        rule = rules.from_record(from_json(each.rule))
        due = each.due if each.active else None
        for _ in range(count):
            if due is None:
                break
            times.add(due)
            due = rule.next_after(due)
    return sorted(times)[:count]


def when(app: App, time: int) -> str:
    """A time as people read it."""
    text = moment(time, app.utc)
    return text if app.utc else f"{text} ({ago(time, clock.now())})"


def soon(app: App, time: int) -> str:
    """As `when`, where a table has little room: no seconds that are zero, and no offset."""
    if app.utc:
        return moment(time, app.utc)
    return f"{brief(time)} ({ago(time, clock.now())})"


def _schedule_record(row: ScheduleRow) -> Record:
    return {
        "slug": row.slug,
        "rule": from_json(row.rule),
        "active": row.active,
        "next_due": None if row.due is None else iso(row.due),
    }

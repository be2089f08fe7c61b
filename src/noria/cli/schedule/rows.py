"""Schedules of deployments as they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from noria.backend.port import Backend
from noria.cli.app import App
from noria.cli.deployment.rows import full_name, soon
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Record
from noria.cli.timefmt import brief, iso, moment
from noria.core.jsontext import from_json
from noria.core.records import DeploymentRow, ScheduleRow
from noria.core.schedules import rules


class ShownSchedule(NamedTuple):
    """A schedule with its deployment."""

    deployment: DeploymentRow
    schedule: ScheduleRow
    last: int | None
    """When the newest run that it has made was due."""

    @property
    def rests(self) -> str | None:
        """Why it makes no runs; None when it makes some."""
        if self.deployment.paused:
            return "deployment paused"
        return None if self.schedule.active else "paused"

    @property
    def due(self) -> int | None:
        """When it is due next."""
        return None if self.rests else self.schedule.due


def shown(backend: Backend, row: DeploymentRow) -> list[ShownSchedule]:
    """The schedules of a deployment."""
    return [
        ShownSchedule(row, each, backend.last_fired(row.id, each.slug))
        for each in backend.schedules(row.id)
    ]


def check_slug(backend: Backend, row: DeploymentRow, slug: str) -> None:
    """Make sure that a deployment has a schedule.

    Raises:
        CliError: It has none of this slug; says which it has.
    """
    known = [each.slug for each in backend.schedules(row.id)]
    if slug in known:
        return
    has = f"it has {', '.join(known)}" if known else "it has none"
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"{full_name(row)} has no schedule {slug}",
        did_you_mean(slug, known) or has,
        f"see noria schedule ls {full_name(row)}",
    )


def record(each: ShownSchedule) -> Record:
    """A schedule for programs."""
    row = each.schedule
    rule = from_json(row.rule)
    return {
        "id": f"{full_name(each.deployment)}:{row.slug}",
        "deployment": full_name(each.deployment),
        "slug": row.slug,
        "rule": rule,
        "timezone": rule.get("timezone"),
        "active": row.active,
        "deployment_paused": each.deployment.paused,
        "next_due": None if each.due is None else iso(each.due),
        "last_due": None if each.last is None else iso(each.last),
    }


def columns(app: App) -> Sequence[Column[ShownSchedule]]:
    """Deployment, slug, rule with its zone, next and last time."""

    def due(each: ShownSchedule) -> str:
        if each.rests:
            return each.rests
        return "never again" if each.due is None else soon(app, each.due)

    def last(each: ShownSchedule) -> str:
        if each.last is None:
            return ""
        return moment(each.last, app.utc) if app.utc else brief(each.last)

    return (
        Column("deployment", "DEPLOYMENT", lambda each: full_name(each.deployment), shrinks=True),
        Column("slug", "SLUG", lambda each: each.schedule.slug, shrinks=True),
        Column("rule", "RULE", _words, shrinks=True),
        Column("active"),
        Column("next_due", "DUE", due, lambda each: "warn" if each.rests else ""),
        Column("last_due", "LAST FIRED", last),
    )


def _words(each: ShownSchedule) -> str:
    return rules.words(rules.from_record(from_json(each.schedule.rule)))

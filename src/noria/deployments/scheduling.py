"""From the ways in which schedules are given to one: a list of `Schedule`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from noria.client.schemas.actions import DeploymentScheduleCreate
from noria.core.deployments import ScheduleSpec
from noria.core.schedules.rules import to_record, words
from noria.deployments.parameters import as_json
from noria.schedules import Cron, Interval, RRule, Schedule

Many = Iterable[Any] | Any


def schedules_of(
    interval: Many, cron: Many, rrule: Many, schedule: Any, schedules: Iterable[Any] | None
) -> list[Schedule]:
    """The schedules that one of the five has.

    Raises:
        ValueError: More than one is given, or something that is no schedule.
    """
    ways = (interval, cron, rrule, schedule, schedules)
    if sum(each is not None for each in ways) > 1:
        raise ValueError(
            "Only one of interval, cron, rrule, schedule, or schedules can be provided."
        )
    found = [Interval(each) for each in _many(interval, (int, float, timedelta, str))]
    found += [Cron(each) for each in _many(cron, str)]
    found += [RRule(each) for each in _many(rrule, str)]
    given = [schedule] if schedule is not None else _many(schedules, (str, Schedule, Mapping))
    return found + [as_schedule(each) for each in given]


def as_schedule(given: Any) -> Schedule:
    """A schedule from one, or from a dict of its fields.

    Raises:
        ValueError: It is neither.
        TypeError: The dict has a field that schedules do not have.

    Example:
        >>> as_schedule({"cron": "@daily", "active": False}).active
        False
    """
    if isinstance(given, Schedule):
        return given
    if isinstance(given, Mapping):
        return DeploymentScheduleCreate(**given) if "schedule" in given else Schedule(**given)
    raise ValueError(
        f"{given!r} is no schedule; expected one such as Cron('0 2 * * *'), or a dict of its "
        "fields."
    )


def specs_of(schedules: Iterable[Schedule], full_name: str) -> list[ScheduleSpec]:
    """Schedules as they are kept.

    Parameters:
        schedules: The schedules.
        full_name: Whose they are, for messages.

    Raises:
        ValueError: Two have one slug, or one is of no kind.
    """
    found: list[ScheduleSpec] = []
    for schedule in schedules:
        rule = schedule.rule()
        slug = schedule.slug or words(rule)
        if any(each.slug == slug for each in found):
            raise ValueError(
                f"Deployment {full_name!r} has two schedules {slug!r}; give one of them a slug of "
                "its own."
            )
        parameters = as_json(schedule.parameters, full_name)
        record = to_record(rule)
        if schedule.interval is not None and not schedule.is_anchored:
            record["anchor"] = None
        found.append(ScheduleSpec(slug, record, schedule.active, parameters))
    return found


def _many(given: Many, single: Any) -> list[Any]:
    if given is None:
        return []
    return [given] if isinstance(given, single) else list(given)

"""Schedules as deployments are given them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from noria.schedules import Schedule

__all__ = ["DeploymentScheduleCreate"]


class DeploymentScheduleCreate(Schedule):
    """A schedule with what a deployment adds to it.

    Parameters:
        schedule: When runs are due.
        active: Whether it makes runs.
        max_scheduled_runs: Kept for compatibility: runs are made when they are due.
        parameters: These go before the deployment's own.
        slug: A name that is unique among a deployment's schedules.
        replaces: Kept for compatibility.

    Raises:
        ValueError: `schedule` is none.

    Example:
        >>> from noria.client.schemas.schedules import CronSchedule
        >>> DeploymentScheduleCreate(CronSchedule(cron="0 2 * * *"), slug="night").cron
        '0 2 * * *'
    """

    max_scheduled_runs: int | None
    replaces: str | None

    def __init__(
        self,
        schedule: Schedule,
        active: bool | None = True,
        max_scheduled_runs: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        slug: str | None = None,
        replaces: str | None = None,
    ) -> None:
        if not isinstance(schedule, Schedule):
            raise ValueError(
                f"A deployment was given {schedule!r} as a schedule; expected one such as "
                "Cron('0 2 * * *')."
            )
        fields = {
            field.name: getattr(schedule, field.name) for field in dataclasses.fields(schedule)
        }
        own = {"active": active is not False, "parameters": dict(parameters or {}), "slug": slug}
        super().__init__(**{**fields, **own})
        self.__dict__.update(max_scheduled_runs=max_scheduled_runs, replaces=replaces)

    @classmethod
    def from_schedule(cls, schedule: Schedule) -> DeploymentScheduleCreate:
        """The same schedule, with its own `active`, `parameters` and `slug`."""
        return cls(schedule, schedule.active, parameters=schedule.parameters, slug=schedule.slug)

"""Runs, states and artifacts as values."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from noria.core import clock, ids
from noria.core.jsontext import from_json
from noria.core.records import ArtifactRow
from noria.core.states import TERMINAL_STATES, State, StateDetails, StateType
from noria.engine.runs import FlowRun, TaskRun

__all__ = [
    "TERMINAL_STATES",
    "Artifact",
    "ConcurrencyLimitConfig",
    "ConcurrencyLimitStrategy",
    "ConcurrencyOptions",
    "FlowRun",
    "State",
    "StateDetails",
    "StateType",
    "TaskRun",
]

_GRACE = range(60, 86_401)


class ConcurrencyLimitStrategy(StrEnum):
    """What a run of a deployment does that is due when the limit is reached."""

    ENQUEUE = "ENQUEUE"
    """It waits."""
    CANCEL_NEW = "CANCEL_NEW"
    """It is Cancelled."""


@dataclasses.dataclass(frozen=True)
class ConcurrencyOptions:
    """What is done beyond a limit.

    Parameters:
        collision_strategy: A `ConcurrencyLimitStrategy`, or its value.
        grace_period_seconds: Kept for compatibility: a run whose process has died gives its slot
            back by itself.

    Raises:
        ValueError: There is no such strategy, or the grace period is not 60 to 86400 seconds.

    Example:
        >>> ConcurrencyOptions("CANCEL_NEW").collision_strategy.name
        'CANCEL_NEW'
    """

    collision_strategy: ConcurrencyLimitStrategy
    grace_period_seconds: int | None = None

    def __post_init__(self) -> None:
        _check_strategy(self)


@dataclasses.dataclass(frozen=True)
class ConcurrencyLimitConfig:
    """How many runs of a deployment may be under way at once, and what is done beyond that.

    Parameters:
        limit: How many.
        collision_strategy: A `ConcurrencyLimitStrategy`, or its value.
        grace_period_seconds: As for `ConcurrencyOptions`.

    Raises:
        ValueError: One of them cannot be.

    Example:
        >>> ConcurrencyLimitConfig(limit=2).collision_strategy.name
        'ENQUEUE'
    """

    limit: int
    collision_strategy: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.ENQUEUE
    grace_period_seconds: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.limit, int):
            raise ValueError(f"A limit is {self.limit!r}; expected a number of runs.")
        _check_strategy(self)


def _check_strategy(given: ConcurrencyOptions | ConcurrencyLimitConfig) -> None:
    names = [each.value for each in ConcurrencyLimitStrategy]
    if given.collision_strategy not in names:
        raise ValueError(
            f"There is no collision strategy {given.collision_strategy!r}; expected one of "
            f"{', '.join(names)}."
        )
    strategy = ConcurrencyLimitStrategy(given.collision_strategy)
    object.__setattr__(given, "collision_strategy", strategy)
    grace = given.grace_period_seconds
    if grace is not None and grace not in _GRACE:
        raise ValueError(f"A grace period is {grace!r}; expected 60 to 86400 seconds.")


class Artifact(NamedTuple):
    """An artifact as it is stored; made by `noria.artifacts`."""

    id: uuid.UUID
    key: str | None
    type: str | None
    description: str | None
    data: Any
    """The text of a table (JSON), markdown, link or image; the percentage of a progress."""
    metadata_: dict[str, str] | None
    flow_run_id: uuid.UUID | None
    task_run_id: uuid.UUID | None
    created: datetime
    updated: datetime
    version: int | None
    """Counts the artifacts of a key from 1; None while it is not stored yet."""
    note: str | None
    """What was left out of the data, and why."""

    @classmethod
    def from_row(cls, row: ArtifactRow) -> Artifact:
        """The value of a stored row."""
        return cls(
            id=ids.to_uuid(row.id),
            key=row.key,
            type=row.kind,
            description=row.description,
            data=row.data if row.format == "text" else from_json(row.data),
            metadata_=None if row.metadata is None else from_json(row.metadata),
            flow_run_id=None if row.flow_run is None else ids.to_uuid(row.flow_run),
            task_run_id=None if row.task_run is None else ids.to_uuid(row.task_run),
            created=clock.to_datetime(row.created),
            updated=clock.to_datetime(row.updated),
            version=row.version,
            note=row.note,
        )

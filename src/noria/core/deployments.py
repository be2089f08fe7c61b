"""What a deployment is: a flow that can be loaded, with when, where and how it is to run.

A specification is what code or a file says; it is compared field by field with what the store has.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from string import Formatter
from typing import Any, NamedTuple

from noria.core.pools import DEFAULT_POOL
from noria.core.schedules.rules import Catchup

NOTHING: Mapping[str, Any] = {}
"""What is not said; by its type, nobody writes into it."""


class Overlap(StrEnum):
    """What a run does that is due while others of its deployment are under way."""

    ALLOW = "allow"
    QUEUE = "queue"
    SKIP = "skip"
    CANCEL_RUNNING = "cancel_running"


class OnCrash(StrEnum):
    """What becomes of a run whose process has died."""

    RESUME = "resume"
    RETRY = "retry"
    FAIL = "fail"


class ScheduleSpec(NamedTuple):
    """One schedule of a deployment."""

    slug: str
    """Unique within the deployment."""
    rule: dict[str, Any]
    """As `noria.core.schedules.rules.to_record` has it; an interval whose anchor is None counts
    from when it was deployed first, see `anchored`."""
    active: bool = True
    parameters: Mapping[str, Any] = NOTHING
    """These go before the deployment's own."""


class DeploymentSpec(NamedTuple):
    """A deployment as it is to be."""

    flow_name: str
    name: str
    entrypoint: str
    """`path/to/file.py:name` or `module:name`, seen from `path`."""
    path: str | None = None
    """The folder that code is loaded from and runs in."""
    description: str | None = None
    version: str | None = None
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = NOTHING
    parameter_schema: dict[str, Any] | None = None
    """JSON Schema of the flow's parameters."""
    enforce_parameter_schema: bool = True
    pool: str = DEFAULT_POOL
    queue: str | None = None
    job_variables: Mapping[str, Any] = NOTHING
    priority: int = 0
    """Higher ones are claimed first."""
    concurrency_limit: int | None = None
    """How many runs may be under way at once."""
    concurrency_key: str | None = None
    """`{customer}`: the limit and `overlap` hold for each value of this parameter by itself."""
    overlap: Overlap = Overlap.ALLOW
    catchup: Catchup = Catchup.LAST
    jitter: int = 0
    """Runs start up to so many microseconds later than they are due."""
    on_crash: OnCrash = OnCrash.RESUME
    most_crashes: int = 3
    """How often a run may lose its process before it is given up."""
    schedules: tuple[ScheduleSpec, ...] = ()

    @property
    def full_name(self) -> str:
        """`flow/deployment`, by which people name it."""
        return f"{self.flow_name}/{self.name}"


class Change(NamedTuple):
    """A field that is not as it is to be."""

    field: str
    before: Any
    after: Any


class Action(StrEnum):
    """What happens to a deployment."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    KEEP = "keep"


class Step(NamedTuple):
    """What happens to one deployment when specifications are applied."""

    action: Action
    full_name: str
    changes: tuple[Change, ...] = ()


def changes(before: DeploymentSpec, after: DeploymentSpec) -> tuple[Change, ...]:
    """The fields in which two specifications differ.

    Example:
        >>> old = DeploymentSpec("etl", "nightly", "etl.py:etl")
        >>> changes(old, old._replace(tags=("prod",)))
        (Change(field='tags', before=(), after=('prod',)),)
    """
    return tuple(
        Change(field, old, new)
        for field, old, new in zip(DeploymentSpec._fields, before, after, strict=True)
        if old != new
    )


class _Known(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return ""


def lane_key(spec: DeploymentSpec, parameters: Mapping[str, Any]) -> str | None:
    """What a run's limit counts by; None when all runs of the deployment count together.

    Parameters:
        spec: The deployment.
        parameters: Those that the run was asked for with; what it lacks are the deployment's, and
            the flow's defaults.

    Example:
        >>> spec = DeploymentSpec("etl", "nightly", "etl.py:etl", concurrency_key="{customer}")
        >>> lane_key(spec, {"customer": "甲"})
        '甲'
    """
    if spec.concurrency_key is None:
        return None
    properties = (spec.parameter_schema or {}).get("properties", {})
    defaults = {name: each["default"] for name, each in properties.items() if "default" in each}
    try:
        known = _Known({**defaults, **spec.parameters, **parameters})
        return spec.concurrency_key.format_map(known)
    except (AttributeError, LookupError, TypeError, ValueError):
        # `{order[customer]}` of an order that has none: those count together, too.
        return ""


def key_fault(key: str, names: Collection[str]) -> str | None:
    """What is wrong with a key that runs are to be counted by; None if nothing is.

    Parameters:
        key: The key.
        names: The parameters of the flow.

    Example:
        >>> key_fault("{customer}", ["day"])
        "it names 'customer'; the flow takes day"
    """
    try:
        fields = [name for _, name, _, _ in Formatter().parse(key) if name is not None]
    except ValueError as error:
        return str(error)
    if not fields:
        return "it names no parameter; expected such as {customer}"
    for field in fields:
        name = re.split(r"[.\[]", field, maxsplit=1)[0]
        if name not in names:
            return f"it names {name!r}; the flow takes {', '.join(names) or 'none'}"
    return None


def anchored(after: DeploymentSpec, before: DeploymentSpec | None, now: int) -> DeploymentSpec:
    """A specification with an anchor for every interval: where it says none, the one that an equal
    interval of that slug has already, else `now`.

    Example:
        >>> hourly = ScheduleSpec("h", {"kind": "interval", "interval": 3600, "anchor": None})
        >>> spec = DeploymentSpec("etl", "nightly", "etl.py:etl", schedules=(hourly,))
        >>> first = anchored(spec, None, now=7)
        >>> first.schedules[0].rule["anchor"], anchored(spec, first, now=8) == first
        (7, True)
    """
    kept = {} if before is None else {each.slug: each.rule for each in before.schedules}
    schedules = tuple(
        each._replace(rule=_anchored(each.rule, kept.get(each.slug, {}), now))
        for each in after.schedules
    )
    return after._replace(schedules=schedules)


def _anchored(rule: dict[str, Any], before: Mapping[str, Any], now: int) -> dict[str, Any]:
    if rule.get("kind") != "interval" or rule.get("anchor") is not None:
        return rule
    as_before = {**rule, "anchor": before.get("anchor")}
    return as_before if as_before == before else {**rule, "anchor": now}


def to_record(spec: DeploymentSpec) -> dict[str, Any]:
    """The specification as a JSON object."""
    record = spec._asdict()
    record["tags"] = list(spec.tags)
    record["schedules"] = [each._asdict() for each in spec.schedules]
    return record


def from_record(record: dict[str, Any]) -> DeploymentSpec:
    """The specification that `to_record` has written; fields of a later Noria are left out."""
    known = {field: record[field] for field in DeploymentSpec._fields if field in record}
    known["tags"] = tuple(known.get("tags", ()))
    known["schedules"] = tuple(ScheduleSpec(**each) for each in known.get("schedules", ()))
    for field, kind in (("overlap", Overlap), ("catchup", Catchup), ("on_crash", OnCrash)):
        if field in known:
            known[field] = kind(known[field])
    return DeploymentSpec(**known)

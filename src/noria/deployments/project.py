"""`noria.yaml`: the deployments of a folder, as a file says them."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import chdir
from datetime import date, datetime
from typing import Any, NamedTuple

from noria.core.errors import DeploymentError
from noria.deployments.runner import RunnerDeployment
from noria.loading import load_flow_from_entrypoint
from noria.schedules import Interval, Schedule

__all__ = ["FILES", "read_project"]

FILES = ("noria.yaml", "prefect.yaml")
"""The names that are looked for, in this order."""
_VARIABLE = re.compile(r"\{\{\s*\$(\w+)\s*\}\}")


class _Kind(NamedTuple):
    """What a value of the file may be."""

    types: tuple[type, ...]
    words: str


_TEXT = _Kind((str,), "a text; quotes make one of it")
_NUMBER = _Kind((int, float), "a number of seconds")
_WHOLE = _Kind((int,), "a whole number")
_SWITCH = _Kind((bool,), "true or false")
_LIST = _Kind((list,), "a list")
_MAPPING = _Kind((dict,), "names with values")
_SCHEDULE_FIELDS = {
    "cron": _TEXT, "interval": _NUMBER, "rrule": _TEXT, "timezone": _TEXT,
    "anchor_date": _Kind((str, date), "a date and time such as 2026-01-01T02:00"),
    "day_or": _SWITCH, "active": _SWITCH, "parameters": _MAPPING, "slug": _TEXT,
}  # fmt: skip
_OPTIONS = {
    "description": _TEXT, "version": _Kind((str, int, float), "a text"), "tags": _LIST,
    "parameters": _MAPPING, "enforce_parameter_schema": _SWITCH,
    "concurrency_limit": _Kind((int, dict), "a whole number, or limit and collision_strategy"),
    "concurrency_key": _TEXT, "overlap": _TEXT, "catchup": _TEXT, "jitter": _NUMBER,
    "on_crash": _TEXT, "priority": _WHOLE, "paused": _SWITCH,
}  # fmt: skip
_FIELDS = {
    "name": _TEXT, "entrypoint": _TEXT, "flow_name": _TEXT, "schedule": _MAPPING,
    "schedules": _LIST, "work_pool": _Kind((dict,), "names with values, such as `name: etl`"),
    **_OPTIONS,
}  # fmt: skip
_POOL_FIELDS = {"name": _TEXT, "work_queue_name": _TEXT, "job_variables": _MAPPING}
_IGNORED = ("build", "push", "pull", "triggers", "sla", "concurrency_options")
"""What stands in files written for Prefect and means nothing here: code stays where it is."""


def read_project(path: str, names: Iterable[str] = ()) -> list[RunnerDeployment]:
    """The deployments of a file.

    Parameters:
        path: The file.
        names: Only these, by their names or `flow/name`; all by default.

    Raises:
        DeploymentError: The file cannot be read, or says something that cannot be; names the place.
        MissingFlowError: A flow is not where the file says.
    """
    document = _document(path)
    folder = os.path.dirname(os.path.abspath(path))
    entries = document.get("deployments") or []
    if not isinstance(entries, list):
        raise DeploymentError(f"{path}: deployments is no list; expected one entry a deployment.")
    with chdir(folder):
        found = [_deployment(path, number, entry) for number, entry in enumerate(entries, 1)]
    _check_unique(path, found)
    wanted = list(names)
    unknown = [name for name in wanted if not any(_is_named(each, name) for each in found)]
    if unknown:
        known = ", ".join(each.full_name for each in found) or "none"
        raise DeploymentError(f"{path} has no deployment {unknown[0]!r}; it has {known}.")
    return [each for each in found if not wanted or any(_is_named(each, name) for name in wanted)]


def _document(path: str) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 - only this file needs it

    try:
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
    except OSError as error:
        raise DeploymentError(f"{path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise DeploymentError(f"{path} is no YAML: {error}") from None
    if not isinstance(document, Mapping):
        raise DeploymentError(f"{path} has no deployments; expected `deployments:` and a list.")
    filled: Mapping[str, Any] = _filled(path, document)
    return filled


def _filled(path: str, value: Any) -> Any:
    """With `{{ $NAME }}` replaced by variables of the environment."""
    if isinstance(value, Mapping):
        return {key: _filled(path, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(path, each) for each in value]
    if not isinstance(value, str):
        return value

    def variable(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in os.environ:
            raise DeploymentError(
                f"{path} asks for the environment variable {name}; it is not set."
            )
        return os.environ[name]

    return _VARIABLE.sub(variable, value)


def _deployment(path: str, number: int, entry: Any) -> RunnerDeployment:
    place = f"{path}: deployment {number}"
    if not isinstance(entry, Mapping) or not entry.get("name"):
        raise DeploymentError(f"{place} has no name; expected `- name: nightly`.")
    place = f"{path}: deployment {entry['name']!r}"
    _check_fields(place, entry, _FIELDS, _IGNORED)
    if not entry.get("entrypoint"):
        raise DeploymentError(f"{place} has no entrypoint; expected `entrypoint: etl.py:etl`.")
    pool = entry.get("work_pool") or {}
    _check_fields(f"{place}, work_pool", pool, _POOL_FIELDS)
    flow = load_flow_from_entrypoint(entry["entrypoint"])
    options = {key: entry[key] for key in _OPTIONS if entry.get(key) is not None}
    if "version" in options:
        options["version"] = str(options["version"])
    try:
        made = RunnerDeployment.from_flow(
            flow,
            entry["name"],
            schedules=[_schedule(place, each) for each in _schedules(entry)],
            work_pool_name=pool.get("name"),
            work_queue_name=pool.get("work_queue_name"),
            job_variables=pool.get("job_variables"),
            **options,
        )
    except (ValueError, TypeError) as error:
        raise DeploymentError(f"{place}: {error}") from None
    return made


def _schedules(entry: Mapping[str, Any]) -> list[Any]:
    single = entry.get("schedule")
    return [*(entry.get("schedules") or []), *([single] if single else [])]


def _schedule(place: str, given: Any) -> Schedule:
    if not isinstance(given, Mapping):
        raise DeploymentError(f'{place} has a schedule {given!r}; expected `cron: "0 2 * * *"`.')
    _check_fields(f"{place}, schedule", given, _SCHEDULE_FIELDS)
    fields = {key: value for key, value in given.items() if value is not None}
    try:
        if "interval" in fields:
            fields["interval"] = Interval(fields["interval"]).interval
        if "anchor_date" in fields:
            fields["anchor_date"] = _anchor(fields["anchor_date"])
        return Schedule(**fields)
    except ValueError as error:
        raise DeploymentError(f"{place}: {error}") from None


def _anchor(given: Any) -> datetime:
    """YAML makes a date of a day alone, and a text of what stands in quotes."""
    if isinstance(given, datetime):
        return given
    try:
        return datetime.fromisoformat(str(given))
    except ValueError:
        expected = _SCHEDULE_FIELDS["anchor_date"].words
        raise ValueError(f"anchor_date is {given!r}; expected {expected}.") from None


def _check_fields(
    place: str, given: Mapping[str, Any], known: Mapping[str, _Kind], ignored: Iterable[str] = ()
) -> None:
    """That there are no other keys, and that each has a value of its kind, or none."""
    for key, value in given.items():
        if key in ignored:
            continue
        if key not in known:
            near = difflib.get_close_matches(str(key), list(known), 1)
            hint = f" Did you mean {near[0]!r}?" if near else f" It takes {', '.join(known)}."
            raise DeploymentError(f"{place} has {key!r}, which is not known.{hint}")
        kind = known[key]
        fits = isinstance(value, kind.types) and (bool in kind.types) >= isinstance(value, bool)
        if value is not None and not fits:
            raise DeploymentError(f"{place}: {key} is {value!r}; expected {kind.words}.")


def _check_unique(path: str, found: list[RunnerDeployment]) -> None:
    names = [each.full_name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DeploymentError(f"{path} has two deployments {twice[0]!r}; rename one of them.")


def _is_named(deployment: RunnerDeployment, name: str) -> bool:
    return name in (deployment.name, deployment.full_name)

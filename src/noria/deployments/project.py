"""`noria.yaml`: the deployments of a folder, as a file says them."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import chdir
from typing import Any

from noria.core.errors import DeploymentError
from noria.deployments.runner import RunnerDeployment
from noria.loading import load_flow_from_entrypoint
from noria.schedules import Schedule

__all__ = ["FILES", "read_project"]

FILES = ("noria.yaml", "prefect.yaml")
"""The names that are looked for, in this order."""
_VARIABLE = re.compile(r"\{\{\s*\$(\w+)\s*\}\}")
_SCHEDULE_FIELDS = (
    "cron", "interval", "rrule", "timezone", "anchor_date", "day_or", "active", "parameters",
    "slug",
)  # fmt: skip
_OPTIONS = (
    "description", "version", "tags", "parameters", "enforce_parameter_schema", "concurrency_limit",
    "concurrency_key", "overlap", "catchup", "jitter", "on_crash", "priority", "paused",
)  # fmt: skip
_FIELDS = ("name", "entrypoint", "flow_name", "schedule", "schedules", "work_pool", *_OPTIONS)
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
    _check_keys(place, entry, (*_FIELDS, *_IGNORED))
    if not entry.get("entrypoint"):
        raise DeploymentError(f"{place} has no entrypoint; expected `entrypoint: etl.py:etl`.")
    pool = entry.get("work_pool") or {}
    _check_keys(f"{place}, work_pool", pool, ("name", "work_queue_name", "job_variables"))
    flow = load_flow_from_entrypoint(entry["entrypoint"])
    options = {key: entry[key] for key in _OPTIONS if entry.get(key) is not None}
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
    _check_keys(f"{place}, schedule", given, _SCHEDULE_FIELDS)
    fields = dict(given)
    if isinstance(fields.get("interval"), int | float):
        from datetime import timedelta  # noqa: PLC0415 - few files have intervals

        fields["interval"] = timedelta(seconds=fields["interval"])
    try:
        return Schedule(**fields)
    except ValueError as error:
        raise DeploymentError(f"{place}: {error}") from None


def _check_keys(place: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), list(known), 1)
            hint = f" Did you mean {near[0]!r}?" if near else f" It takes {', '.join(known)}."
            raise DeploymentError(f"{place} has {key!r}, which is not known.{hint}")


def _check_unique(path: str, found: list[RunnerDeployment]) -> None:
    names = [each.full_name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DeploymentError(f"{path} has two deployments {twice[0]!r}; rename one of them.")


def _is_named(deployment: RunnerDeployment, name: str) -> bool:
    return name in (deployment.name, deployment.full_name)

"""Parameters of deployments: as JSON, and against the schema of the flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from noria.core.deployments import DeploymentSpec
from noria.core.errors import ParameterTypeError
from noria.core.jsontext import from_json, to_json

_ENV = "env."


def as_json(parameters: Mapping[str, Any], full_name: str) -> dict[str, Any]:
    """Parameters as JSON gives them back; models and times as pydantic writes them.

    Raises:
        ValueError: JSON cannot say them.
    """

    def default(value: Any) -> Any:
        import pydantic_core  # noqa: PLC0415 - most parameters are plain

        return pydantic_core.to_jsonable_python(value)

    try:
        found: dict[str, Any] = from_json(to_json(dict(parameters), default))
    except Exception as error:  # noqa: BLE001 - any object may refuse in its own way
        raise ValueError(
            f"The parameters of deployment {full_name!r} cannot be written as JSON: {error}"
        ) from None
    return found


def nested(job_variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables of a job with `env.NAME` beside `env` put into it.

    Raises:
        ValueError: No process can have such variables.

    Example:
        >>> nested({"env.LEVEL": "DEBUG", "env": {"A": "1"}})
        {'env': {'A': '1', 'LEVEL': 'DEBUG'}}
    """
    given = job_variables.get("env", {})
    if not isinstance(given, Mapping):
        raise ValueError(
            f'job_variables["env"] is {given!r}; expected names and values: {{"NAME": "value"}}.'
        )
    dotted = {key: value for key, value in job_variables.items() if key.startswith(_ENV)}
    others = {key: value for key, value in job_variables.items() if key not in dotted}
    if dotted:
        env = {key.removeprefix(_ENV): value for key, value in dotted.items()}
        others["env"] = {**given, **env}
    for name, value in others.get("env", {}).items():
        _check_variable(str(name), str(value))
    return others


def _check_variable(name: str, value: str) -> None:
    if not name or "=" in name or "\0" in name + value:
        raise ValueError(
            f"The job_variables have an environment variable {name!r} of value {value!r}; expected "
            "a name without '=', and no character of code 0 in either."
        )


def check(spec: DeploymentSpec, given: Mapping[str, Any]) -> None:
    """Refuse parameters with which a run could not begin.

    Raises:
        ParameterTypeError: Names the deployment, the parameter, what was expected and found.
    """
    problems = _problems(spec, {**spec.parameters, **given})
    if problems:
        raise _refused(f"A run of {spec.full_name!r} was not made", spec, problems)


def check_defaults(spec: DeploymentSpec) -> None:
    """Refuse parameters of a deployment, or of a schedule, with which no run could begin.

    Raises:
        ParameterTypeError: As `check`; a schedule has to give all that are required.
    """
    problems = _problems(spec, spec.parameters, whole=False)
    if problems:
        raise _refused(f"Deployment {spec.full_name!r}", spec, problems)
    for schedule in spec.schedules:
        own = {**spec.parameters, **schedule.parameters}
        problems = _problems(spec, own, whole=schedule.active)
        if problems:
            what = f"Schedule {schedule.slug!r} of deployment {spec.full_name!r}"
            raise _refused(what, spec, problems)


def _problems(spec: DeploymentSpec, values: Mapping[str, Any], whole: bool = True) -> list[str]:
    if not spec.enforce_parameter_schema or spec.parameter_schema is None:
        return []
    if not values and not whole:
        return []
    schema = spec.parameter_schema
    unknown = sorted(set(values) - set(schema.get("properties", {})))
    required = schema.get("required", ()) if whole else ()
    problems = [f"there is no parameter {name!r}" for name in unknown]
    problems += [f"parameter {name!r} is missing" for name in required if name not in values]
    return [*problems, *(_misfits(schema, values) if values else ())]


def _refused(what: str, spec: DeploymentSpec, problems: list[str]) -> ParameterTypeError:
    known = ", ".join((spec.parameter_schema or {}).get("properties", {})) or "none"
    return ParameterTypeError(f"{what}: {'; '.join(problems)}. The flow takes: {known}.")


def _misfits(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    import jsonschema  # noqa: PLC0415 - slow to load

    # What pydantic has taken from a definition refers to it from the whole.
    whole = {
        "type": "object",
        "properties": schema.get("properties", {}),
        "definitions": schema.get("definitions", {}),
    }
    validator = jsonschema.Draft202012Validator(whole)
    return [
        f"parameter {'.'.join(map(str, error.absolute_path))!r}: {error.message}"
        for error in validator.iter_errors(dict(values))
    ]

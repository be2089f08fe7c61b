"""Parameters of a deployment's run, given as text on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from noria.cli.errors import CliError, Code
from noria.cli.parameters import read_document, read_value, split_assignment
from noria.core.deployments import DeploymentSpec
from noria.core.errors import ParameterTypeError


def read_given(
    spec: DeploymentSpec, document: str | None, assignments: Iterable[str]
) -> dict[str, Any]:
    """The values to ask for a run with, read as the flow's schema has them.

    Parameters:
        spec: The deployment.
        document: A JSON object, `@` and the path of a file that holds one, or `-` for stdin.
        assignments: `name=value` each; they win over the document.

    Raises:
        CliError: A text cannot be read.
    """
    values = read_document(document) if document is not None else {}
    properties = (spec.parameter_schema or {}).get("properties", {})
    for assignment in assignments:
        name, text = split_assignment(assignment)
        kind = properties.get(name, {}).get("type")
        values[name] = read_value(text, str if kind == "string" else Any)
    return values


def misfit(spec: DeploymentSpec, error: ParameterTypeError) -> CliError:
    """What is said of values that do not fit the deployment's schema."""
    return CliError(
        Code.BAD_PARAMETER, str(error), "", f"see noria deployment show {spec.full_name}"
    )

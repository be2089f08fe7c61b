"""The parameters of functions: bound, taken apart, and described as a JSON schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from noria.core.docstrings import parameter_descriptions
from noria.core.functions import docstring
from noria.core.parameters import ParameterSpec, is_field
from noria.core.validation import adapter_for

__all__ = [
    "ParameterSchema",
    "call_with_parameters",
    "get_call_parameters",
    "get_parameter_defaults",
    "parameter_schema",
    "parameters_to_args_kwargs",
]

_REFERENCES = "#/definitions/{model}"


@dataclass
class ParameterSchema:
    """A JSON schema of a function's parameters, for forms and for checking what is sent."""

    title: str = "Parameters"
    type: str = "object"
    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)

    def model_dump(self) -> dict[str, Any]:
        """The schema as plain data."""
        return dict(vars(self))

    model_dump_for_openapi = model_dump


def get_call_parameters(
    fn: Callable[..., Any],
    call_args: tuple[Any, ...],
    call_kwargs: dict[str, Any],
    apply_defaults: bool = True,
) -> dict[str, Any]:
    """The arguments of a call by parameter name.

    Raises:
        ParameterBindError: They do not fit the function.

    Example:
        >>> get_call_parameters(lambda x, y=2: None, (1,), {})
        {'x': 1, 'y': 2}
    """
    spec = ParameterSpec.of(fn)
    bound = spec.bind(call_args, call_kwargs)
    if apply_defaults:
        return bound
    collected = (spec.var_positional, spec.var_keyword)
    positions = [name for name in spec.names if name not in {*collected, *spec.keyword_only}]
    given = {*positions[: len(call_args)], *call_kwargs}
    given |= {name for name in collected if name is not None and bound[name]}
    return {name: value for name, value in bound.items() if name in given}


def get_parameter_defaults(fn: Callable[..., Any]) -> dict[str, Any]:
    """Name -> default, of the parameters that have one."""
    spec = ParameterSpec.of(fn)
    return {name: spec.default(name) for name in spec.defaults}


def parameters_to_args_kwargs(
    fn: Callable[..., Any], parameters: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and keyword arguments that hand `parameters` to the function.

    Raises:
        SignatureMismatchError: A name is not a parameter of the function.
    """
    return ParameterSpec.of(fn).to_call(parameters)


def call_with_parameters(fn: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    """Call a function with arguments by parameter name."""
    args, kwargs = parameters_to_args_kwargs(fn, parameters)
    return fn(*args, **kwargs)


def parameter_schema(fn: Callable[..., Any]) -> ParameterSchema:
    """The JSON schema of a function's parameters.

    Parameters that JSON cannot describe may be anything in it.

    Example:
        >>> def load(path: str, rows: int = 10): ...
        >>> parameter_schema(load).properties["rows"]
        {'default': 10, 'position': 1, 'title': 'rows', 'type': 'integer'}
    """
    import pydantic

    spec = ParameterSpec.of(fn)
    adapters = [(name, "validation", _adapter(spec, name)) for name in spec.names]
    found, shared = pydantic.TypeAdapter.json_schemas(
        adapters,  # type: ignore[arg-type]
        ref_template=_REFERENCES,
        schema_generator=_generator(),
    )
    descriptions = parameter_descriptions(docstring(fn))
    schema = ParameterSchema(definitions=shared.get("$defs", {}))
    for position, name in enumerate(spec.names):
        about = {**found[name, "validation"], "title": name, "position": position}
        if name in descriptions:
            about["description"] = descriptions[name]
        about |= _default(spec, name)
        schema.properties[name] = dict(sorted(about.items()))
    schema.required = [name for name in spec.names if name in spec.required]
    return schema


def _adapter(spec: ParameterSpec, name: str) -> Any:
    import pydantic

    annotation = spec.annotations.get(name, Any)
    if name == spec.var_positional:
        annotation = list[annotation]  # type: ignore[valid-type]
    elif name == spec.var_keyword:
        annotation = dict[str, annotation]  # type: ignore[valid-type]
    default = spec.defaults.get(name)
    found = adapter_for(annotation, default if is_field(default) else None)
    return pydantic.TypeAdapter(Any) if found is None else found


def _generator() -> Any:
    from pydantic.json_schema import GenerateJsonSchema

    class Lenient(GenerateJsonSchema):
        """A type that JSON knows nothing of may be anything."""

        def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> dict[str, Any]:
            return {}

    return Lenient


def _default(spec: ParameterSpec, name: str) -> dict[str, Any]:
    if name == spec.var_positional:
        return {"default": []}
    if name == spec.var_keyword:
        return {"default": {}}
    if name in spec.required:
        return {}
    import pydantic_core  # noqa: PLC0415 - comes with pydantic

    try:
        return {"default": pydantic_core.to_jsonable_python(spec.default(name))}
    except Exception:  # noqa: BLE001 - any object may refuse in its own way
        # A form must not offer a text in place of what JSON cannot say.
        return {}

"""What a module offers: its public names, and the parameters of what can be called.

Described on the reference, kept in ``golden/surface.json``, and asked of Noria in every test run.
Noria may offer more: other names, further members, further parameters that need not be given.
"""

from __future__ import annotations

import enum
import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from tests.oracle import harness

TOPIC = "surface"

# Names wanted of each module; None stands for all that the module defines or lists as public.
MODULES: dict[str, tuple[str, ...] | None] = {
    "prefect": None,
    "prefect.artifacts": None,
    "prefect.cache_policies": None,
    "prefect.client.schemas.actions": ("DeploymentScheduleCreate",),
    "prefect.client.schemas.objects": (
        "ConcurrencyLimitConfig",
        "ConcurrencyLimitStrategy",
        "ConcurrencyOptions",
        "FlowRun",
        "State",
        "StateType",
        "TaskRun",
    ),
    "prefect.client.schemas.schedules": (
        "CronSchedule",
        "IntervalSchedule",
        "RRuleSchedule",
        "construct_schedule",
    ),
    "prefect.context": (
        "FlowRunContext",
        "TagsContext",
        "TaskRunContext",
        "get_run_context",
        "tags",
    ),
    "prefect.deployments": ("arun_deployment", "deploy", "run_deployment"),
    "prefect.deployments.runner": ("RunnerDeployment",),
    "prefect.exceptions": None,
    "prefect.flow_runs": (
        "apause_flow_run",
        "aresume_flow_run",
        "asuspend_flow_run",
        "pause_flow_run",
        "resume_flow_run",
        "suspend_flow_run",
        "wait_for_flow_run",
    ),
    "prefect.flows": ("Flow", "flow", "select_flow"),
    "prefect.futures": None,
    "prefect.input": None,
    "prefect.input.run_input": None,
    "prefect.locking.filesystem": ("FileSystemLockManager",),
    "prefect.locking.memory": ("MemoryLockManager",),
    "prefect.locking.protocol": ("LockManager",),
    "prefect.logging": None,
    "prefect.logging.loggers": ("disable_run_logger", "get_logger", "get_run_logger"),
    "prefect.results": ("get_result_store", "should_persist_result"),
    "prefect.runtime.deployment": None,
    "prefect.runtime.flow_run": None,
    "prefect.runtime.task_run": None,
    "prefect.schedules": None,
    "prefect.serializers": None,
    "prefect.states": None,
    "prefect.task_runners": None,
    "prefect.tasks": None,
    "prefect.transactions": None,
    "prefect.types.entrypoint": ("EntrypointType",),
    "prefect.utilities.annotations": None,
    "prefect.variables": None,
}

# Not promised (yet): what belongs to servers, deployments, blocks and infrastructure, and what is
# the reference's own machinery rather than something to call.
LEFT_OUT: dict[str, set[str]] = {
    "prefect": {
        "get_client",
    },
    "prefect.exceptions": {
        "BlockMissingCapabilities",
        "EventTooLarge",
        "InfrastructureError",
        "InfrastructureNotAvailable",
        "InfrastructureNotFound",
        "InvalidRepositoryURLError",
        "ObjectUnsupported",
        "PrefectHTTPStatusError",
        "PrefectImportError",
        "ProfileSettingsValidationError",
        "ProtectedBlockError",
    },
    "prefect.logging": {"LogEavesdropper"},
    "prefect.task_runners": {"PrefectTaskRunner"},
    "prefect.futures": {"PrefectDistributedFuture", "PrefectFlowRunFuture", "PrefectWrappedFuture"},
    "prefect.serializers": {
        "UnknownSerializer",
        "prefect_json_object_decoder",
        "prefect_json_object_encoder",
    },
    "prefect.states": {
        "exception_to_crashed_state",
        "format_exception",
        "get_state_result",
        "return_value_to_state",
        "to_state_create",
    },
    "prefect.tasks": {"MaterializingTask", "TaskOptions", "TaskRunNameCallbackWithParameters"},
    "prefect.utilities.annotations": {"Quote"},
}
LEFT_OUT_MEMBERS = {
    # drawings
    "agenerate_mermaid_graph",
    "avisualize",
    "generate_mermaid_graph",
    "visualize",
    # the remote places and triggers of deployments, and what pydantic makes of them
    "afrom_storage",
    "from_rrule",
    "from_storage",
    "reconcile_paused",
    "reconcile_schedules",
    "serialize_block_parameters",
    "storage",
    "to_rrule",
    "triggers",
    "valid_cron_string",
    "valid_timezone",
    "validate_active",
    "validate_automation_names",
    "validate_block_parameters",
    "validate_deployment_parameters",
    "validate_max_scheduled_runs",
    "validate_name",
    "validate_rrule_str",
    "validate_timezone",
    "version_type",
    # tasks sent to a server
    "next_scheduled_start_time",
    "serve",
    "apply_async",
    "aserve",
    "create_local_run",
    "create_run",
    "delay",
    # fields and methods that only the reference's own parts use
    "cache_expiration",
    "cache_key",
    "check_compressionlib",
    "check_picklelib",
    "client",
    "context",
    "created_by",
    "default_name_from_type",
    "default_scheduled_start_time",
    "detached",
    "dumps_kwargs_cannot_contain_default",
    "dynamic_key",
    "empirical_policy",
    "estimated_start_time_delta",
    "events",
    "flow_run_run_count",
    "flow_run_suspension_request",
    "infrastructure_document_id",
    "infrastructure_pid",
    "input_keyset",
    "labels",
    "loads_kwargs_cannot_contain_object_hook",
    "observed_flow_pauses",
    "persist_result",
    "reset_fields",
    "result_store",
    "run_results",
    "prepare_transaction",
    "reset",
    "run_hook",
    "serialize",
    "set_default_name",
    "set_unpersisted_results_to_none",
    "state_id",
    "task_inputs",
    "task_run_assets",
    "task_run_dynamic_keys",
    "validate_serializer",
    "work_pool_id",
    "work_queue_id",
    "wrapped_future",
}
LEFT_OUT_PARAMETERS = {"subprocess_message_processor_factories"}

Description = dict[str, Any]

OPTIONAL = "optional"  # a default that is made anew for each call


def names_of(module_name: str) -> list[str]:
    """Public names that are looked at in a module of the reference."""
    wanted = MODULES[module_name]
    if wanted is None:
        module = importlib.import_module(module_name)
        listed = getattr(module, "__all__", None) or list(_defined(module))
        wanted = tuple(listed)
    return sorted(set(wanted) - LEFT_OUT.get(module_name, set()))


def _defined(module: Any) -> Iterator[str]:
    for name, value in vars(module).items():
        if isinstance(value, TypeVar | ParamSpec) or name.startswith("_"):
            continue
        if getattr(value, "__module__", None) == module.__name__:
            yield name


def describe_all() -> dict[str, Description]:
    """Descriptions by ``module:name`` of everything that is looked at."""
    return {
        f"{module}:{name}": describe(getattr(importlib.import_module(module), name))
        for module in MODULES
        for name in names_of(module)
    }


def describe(thing: Any) -> Description:
    """Kind, parameters and members of one public name."""
    if isinstance(thing, type):
        return _describe_class(thing)
    if inspect.isroutine(thing):
        return {"kind": "function", "parameters": parameters_of(thing)}
    if callable(thing):
        return {"kind": "callable", "parameters": parameters_of(type(thing).__call__, bound=True)}
    return {"kind": "value"}


def _describe_class(cls: type) -> Description:
    if issubclass(cls, enum.Enum):
        return {"kind": "class", "values": {member.name: str(member.value) for member in cls}}
    fields = getattr(cls, "model_fields", None)
    if fields is not None:
        kept = sorted(set(fields) - LEFT_OUT_MEMBERS)
        return {"kind": "class", "fields": kept, "members": _members(cls)}
    if issubclass(cls, BaseException):
        return {"kind": "class"}
    # Nobody but the library makes a future.
    parameters = None if cls.__name__.endswith("Future") else parameters_of(cls)
    return {"kind": "class", "parameters": parameters, "members": _members(cls)}


def _members(cls: type) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if not base.__module__.startswith("prefect"):
            continue
        for name, value in vars(base).items():
            if _is_public(name) and (member := _member(value)) is not None:
                members[name] = member
    return dict(sorted(members.items()))


def _is_public(name: str) -> bool:
    return not name.startswith(("_", "model_")) and name not in LEFT_OUT_MEMBERS


def _member(value: Any) -> Any:
    if isinstance(value, property):
        return "property"
    if isinstance(value, staticmethod):
        return parameters_of(value.__func__)
    if isinstance(value, classmethod):
        return parameters_of(value.__func__, bound=True)
    if inspect.isfunction(value):
        return parameters_of(value, bound=True)
    return None


def parameters_of(call: Callable[..., Any], *, bound: bool = False) -> list[list[str]] | None:
    """Name, kind and default of each parameter, or nothing if the callable does not tell."""
    try:
        parameters = list(inspect.signature(call).parameters.values())
    except (TypeError, ValueError):
        return None
    named = [p for p in parameters[bound:] if not p.name.startswith("_")]
    return [[p.name, p.kind.name, _default(p)] for p in named if p.name not in LEFT_OUT_PARAMETERS]


def _default(parameter: inspect.Parameter) -> str:
    value = parameter.default
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or isinstance(value, bool | int | float | str | list | tuple | dict):
        return str(harness.plain(repr(value)))
    if type(value).__name__ == "_HAS_DEFAULT_FACTORY_CLASS":
        return OPTIONAL
    return value.__name__ if isinstance(value, type) else f"a {type(value).__name__}"


def missing(wanted: Description, thing: Any) -> list[str]:
    """What the reference's description has and Noria's object lacks or does differently."""
    found = describe(thing)
    if wanted["kind"] == "value":
        return []
    if wanted["kind"] == "class" and found["kind"] != "class":
        return [f"is no class but a {found['kind']}"]
    gaps = [f"lacks the field {name}" for name in wanted.get("fields", []) if not _has(thing, name)]
    for name, text in wanted.get("values", {}).items():
        if found.get("values", {}).get(name) != text:
            gaps.append(f"lacks the value {name}")
    gaps += _missing_parameters("", wanted.get("parameters"), found.get("parameters"))
    for name, parameters in wanted.get("members", {}).items():
        gaps += _missing_member(thing, name, parameters)
    return gaps


def _has(thing: Any, field: str) -> bool:
    annotated = {name for base in thing.__mro__ for name in vars(base).get("__annotations__", {})}
    return field in annotated or hasattr(thing, field)


def _missing_member(thing: Any, name: str, wanted: Any) -> list[str]:
    member = inspect.getattr_static(thing, name, None)
    if member is None:
        return [] if _has(thing, name) else [f"lacks {name}"]
    if wanted == "property" or wanted is None:
        return []
    found = _member(member)
    return _missing_parameters(f"{name}: ", wanted, found if isinstance(found, list) else None)


def _missing_parameters(where: str, wanted: Any, found: Any) -> list[str]:
    if wanted is None:
        return []
    if found is None:
        return [f"{where}has no signature"]
    have = {name: [kind, default] for name, kind, default in found}
    gaps = []
    for name, kind, default in wanted:
        if name not in have:
            gaps.append(f"{where}lacks the parameter {name}")
        elif not _agree(have[name], kind, default):
            gaps.append(f"{where}{name} is {have[name]} instead of {[kind, default]}")
    names = {name for name, _, _ in wanted}
    for name, kind, default in found:
        if name not in names and default == "required" and not kind.startswith("VAR_"):
            gaps.append(f"{where}requires {name}, which the reference does not know")
    return gaps


def _agree(have: list[str], kind: str, default: str) -> bool:
    if default == OPTIONAL:
        return have[0] == kind and have[1] != "required"
    return have == [kind, default]

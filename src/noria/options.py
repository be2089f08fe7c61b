"""The options of `flow` and `task` as types, for signatures that pass them on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from noria.circuit_breaker import CircuitBreaker

Errors = tuple[type[BaseException], ...] | type[BaseException] | None


class TaskOptions(TypedDict, total=False):
    """What `task` takes."""

    name: str | None
    description: str | None
    tags: Iterable[str] | None
    version: str | None
    cache_policy: Any
    cache_key_fn: Callable[..., str | None] | None
    cache_expiration: timedelta | None
    task_run_name: str | Callable[..., str] | None
    retries: int | None
    retry_delay_seconds: Any
    retry_jitter_factor: float | None
    persist_result: bool | None
    result_storage: Any
    result_storage_key: str | None
    result_serializer: Any
    cache_result_in_memory: bool
    timeout_seconds: float | None
    log_prints: bool | None
    refresh_cache: bool | None
    on_completion: list[Any] | None
    on_failure: list[Any] | None
    on_running: list[Any] | None
    retry_condition_fn: Callable[..., bool] | None
    viz_return_value: Any
    asset_deps: list[Any] | None
    retry_on: Errors
    no_retry_on: Errors
    on_cancellation: list[Any] | None
    on_crashed: list[Any] | None
    fallback: Any
    circuit_breaker: CircuitBreaker | None


class FlowOptions(TypedDict, total=False):
    """What `flow` takes."""

    name: str | None
    version: str | None
    flow_run_name: str | Callable[..., str] | None
    retries: int | None
    retry_delay_seconds: float | None
    task_runner: Any
    description: str | None
    timeout_seconds: float | None
    validate_parameters: bool
    persist_result: bool | None
    result_storage: Any
    result_serializer: Any
    cache_result_in_memory: bool
    log_prints: bool | None
    on_completion: list[Any] | None
    on_failure: list[Any] | None
    on_cancellation: list[Any] | None
    on_crashed: list[Any] | None
    on_running: list[Any] | None
    on_unobserved_failure: str
    durability: str


class DeploymentOptions(TypedDict, total=False):
    """What deployments take beside Prefect's options; see `noria.deployments.RunnerDeployment`."""

    concurrency_key: str | None
    overlap: str
    catchup: str
    jitter: float
    on_crash: str
    priority: int

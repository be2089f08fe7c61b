"""What a task is told: its name, its hooks, and how its runs retry, cache and keep results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from noria import runtime
from noria.cache_policies import DEFAULT, NO_CACHE, CachePolicy
from noria.core import backoff, functions
from noria.core.annotations import NotSet
from noria.core.outcomes import error_types
from noria.core.states import StateType
from noria.engine import defaults, fallbacks
from noria.engine.marked import Marked, run_name

if TYPE_CHECKING:
    from noria.circuit_breaker import CircuitBreaker

_HOOK_STATES = {
    "on_completion": StateType.COMPLETED,
    "on_failure": StateType.FAILED,
    "on_running": StateType.RUNNING,
    "on_cancellation": StateType.CANCELLED,
    "on_crashed": StateType.CRASHED,
}


class TaskSettings(Marked):
    """A function with the options of `noria.task` around it; `Task` adds how it is called."""

    kind = "task"
    attributes: ClassVar[dict[str, str]] = {
        "cache_policy": "_user_cache_policy",
        "persist_result": "_user_persist_result",
    }

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        version: str | None = None,
        cache_policy: Any = NotSet,
        cache_key_fn: Callable[..., str | None] | None = None,
        cache_expiration: timedelta | None = None,
        task_run_name: str | Callable[..., str] | None = None,
        retries: int | None = None,
        retry_delay_seconds: Any = None,
        retry_jitter_factor: float | None = None,
        persist_result: bool | None = None,
        result_storage: Any = None,
        result_serializer: Any = None,
        result_storage_key: str | None = None,
        cache_result_in_memory: bool = True,
        timeout_seconds: float | None = None,
        log_prints: bool | None = False,
        refresh_cache: bool | None = None,
        on_completion: list[Any] | None = None,
        on_failure: list[Any] | None = None,
        on_running: list[Any] | None = None,
        on_rollback: list[Any] | None = None,
        on_commit: list[Any] | None = None,
        retry_condition_fn: Callable[..., bool] | None = None,
        viz_return_value: Any = None,
        asset_deps: list[Any] | None = None,
        retry_on: tuple[type[BaseException], ...] | type[BaseException] | None = None,
        no_retry_on: tuple[type[BaseException], ...] | type[BaseException] | None = None,
        on_cancellation: list[Any] | None = None,
        on_crashed: list[Any] | None = None,
        fallback: Any = None,
        circuit_breaker: CircuitBreaker | None = None,
    ) -> None:
        self.set_hooks(_HOOK_STATES, locals())
        self.adopt(fn)
        self.name = name or functions.name_of(self.fn)
        self.identify()
        self.description = description or functions.docstring(self.fn)
        self.tags: set[str] = set(tags or ())
        self.tag_set = frozenset(self.tags)
        self.version = version
        if task_run_name is not None and not (
            isinstance(task_run_name, str) or callable(task_run_name)
        ):
            raise TypeError(
                "Expected string or callable for 'task_run_name'; got "
                f"{type(task_run_name).__name__} instead."
            )
        self.task_run_name = task_run_name
        self.log_prints = log_prints
        self._set_retries(retries, retry_delay_seconds, retry_jitter_factor, retry_condition_fn)
        self.retry_on = error_types("retry_on", retry_on)
        self.no_retry_on = error_types("no_retry_on", no_retry_on)
        self.circuit_breaker = _checked_breaker(circuit_breaker)
        self.timeout_seconds = float(timeout_seconds) if timeout_seconds else None
        self.result_storage = result_storage
        self.result_serializer = result_serializer
        self.result_storage_key = result_storage_key
        self.cache_result_in_memory = cache_result_in_memory
        self._set_cache(cache_policy, cache_key_fn, cache_expiration, refresh_cache, persist_result)
        self.on_rollback_hooks = list(on_rollback or ())
        self.on_commit_hooks = list(on_commit or ())
        self.viz_return_value = viz_return_value
        self.asset_deps = list(asset_deps or ())
        self.fallback = fallback
        self.fallbacks = fallbacks.as_tasks(fallback, self._fallback_task)
        fallbacks.check(self)

    @classmethod
    def _fallback_task(cls, fn: Callable[..., Any]) -> TaskSettings:
        """The task of a plain function that is a fallback."""
        return cls(fn, retries=0, cache_policy=NO_CACHE, log_prints=None)

    def _set_retries(
        self, retries: int | None, delays: Any, jitter: float | None, condition: Any
    ) -> None:
        default_retries, default_delay = defaults.task_retries()
        self.retries: int = default_retries if retries is None else retries
        delays = default_delay if delays is None else delays
        self.retry_delay_seconds = backoff.retry_delays(delays, self.retries)
        backoff.check_jitter(jitter)
        self.retry_jitter_factor = jitter
        if condition is not None and not callable(condition):
            raise TypeError(
                "Expected `retry_condition_fn` to be callable, got "
                f"{type(condition).__name__} instead."
            )
        self.retry_condition_fn = condition

    def _set_cache(
        self,
        policy: Any,
        key_fn: Any,
        expiration: timedelta | None,
        refresh: bool | None,
        persist: bool | None,
    ) -> None:
        """Settle what is cached and kept, from options that bear on one another."""
        self._user_cache_policy = policy
        self._user_persist_result = persist
        if key_fn is not None:
            policy = CachePolicy.from_cache_key_fn(key_fn)
        asked = policy is not NotSet and policy is not None and policy != NO_CACHE
        if persist is None:
            special = (self.result_storage_key, self.result_storage, self.result_serializer)
            if asked or any(option is not None for option in special):
                persist = True
        self.persist_result = persist
        self.cache_key_fn = key_fn
        self.cache_expiration = expiration
        self.refresh_cache = refresh
        if persist is False:
            self.cache_policy: Any = None if policy is None else NO_CACHE
        elif self.result_storage_key is not None and policy != NO_CACHE:
            self.cache_policy = None
        elif policy is NotSet:
            self.cache_policy = DEFAULT
        else:
            self.cache_policy = policy
        by_policy = self.cache_policy is not None and self.cache_policy != NO_CACHE
        self.caches = bool(persist) and (by_policy or self.result_storage_key is not None)
        self.caches_if_flow_persists = persist is None and by_policy
        special = (self.result_storage, self.result_serializer, self.result_storage_key)
        self.keeps_specially = persist is False or any(option is not None for option in special)

    @property
    def source_code(self) -> str | None:
        """The function's source; None when there is none to read."""
        import inspect

        try:
            return inspect.getsource(self.fn)
        except (TypeError, OSError):
            return None

    def on_commit(self, fn: Any) -> Any:
        """Decorator: call `fn(transaction)` when the result is committed."""
        self.on_commit_hooks.append(fn)
        return fn

    def on_rollback(self, fn: Any) -> Any:
        """Decorator: call `fn(transaction)` when the result is rolled back."""
        self.on_rollback_hooks.append(fn)
        return fn

    def name_run(self, parameters: dict[str, Any]) -> Any:
        """The name that `task_run_name` gives a run."""
        return run_name(self.task_run_name, parameters, self.name, "task_run_name")

    def storage_key(self, parameters: dict[str, Any]) -> str:
        """The name under which `result_storage_key` keeps a result."""
        assert self.result_storage_key is not None
        return self.result_storage_key.format(
            flow_run=runtime.flow_run, deployment=runtime.deployment, parameters=parameters
        )


def _checked_breaker(given: Any) -> Any:
    # Its class is not loaded for tasks that have none.
    if given is None or (hasattr(given, "enter") and hasattr(given, "leave")):
        return given
    raise TypeError(
        "'circuit_breaker' takes a CircuitBreaker, such as "
        f"circuit_breaker=CircuitBreaker('crm-api', failure_threshold=5); got {given!r}."
    )

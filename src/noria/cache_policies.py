"""Cache policies: what makes two calls of a task the same for the cache.

A policy computes a key from the task, its arguments and the run. Policies are added (`INPUTS +
TASK_SOURCE`: the same when both are) and arguments are taken out (`INPUTS - "logger"`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any, Self

from noria.core.functions import code_of
from noria.values.digest import Undigestable, content_digest, digest_named

if TYPE_CHECKING:
    from noria.engine.context import TaskRunContext

_WITHOUT_INPUT = (
    "Leave it out (cache_policy=INPUTS - {name!r}), give a cache_key_fn of your own, or set "
    "cache_policy=NO_CACHE."
)
_WITHOUT_FLOW = "Use a policy without FLOW_PARAMETERS for this task, or set cache_policy=NO_CACHE."

CacheKeyFn = Callable[["TaskRunContext", dict[str, Any]], str | None]


class CachePolicy:
    """Base of all policies; derive from it and define `compute_key` for one of your own.

    Args:
        key_storage: Where keys are kept, when not in the store.
        isolation_level: `"READ_COMMITTED"` or `"SERIALIZABLE"`.
        lock_manager: What locks a key, when it is `"SERIALIZABLE"`.

    >>> (INPUTS + TASK_SOURCE) - "debug"  # doctest: +ELLIPSIS
    CompoundCachePolicy(...exclude=['debug'])])
    """

    # Also on the class, for a derived class that does not call this __init__.
    key_storage: Any = None
    isolation_level: Any = None
    lock_manager: Any = None

    def __init__(
        self, key_storage: Any = None, isolation_level: Any = None, lock_manager: Any = None
    ) -> None:
        self.key_storage = key_storage
        self.isolation_level = isolation_level
        self.lock_manager = lock_manager

    @property
    def of_run(self) -> bool:
        """Whether no two flow runs have the same key: then it goes with its run."""
        return False

    @classmethod
    def from_cache_key_fn(cls, cache_key_fn: CacheKeyFn) -> CacheKeyFnPolicy:
        """The policy whose keys a function gives.

        Args:
            cache_key_fn: `fn(context, arguments)`, the key or None for no caching.
        """
        return CacheKeyFnPolicy(cache_key_fn=cache_key_fn)

    def configure(
        self, key_storage: Any = None, lock_manager: Any = None, isolation_level: Any = None
    ) -> Self:
        """The same policy with other settings; None leaves one as it is."""
        given = {
            "key_storage": key_storage,
            "lock_manager": lock_manager,
            "isolation_level": isolation_level,
        }
        return self._replaced(**{name: value for name, value in given.items() if value is not None})

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The key of a call.

        Args:
            task_ctx: The context of the task run.
            inputs: The task's arguments by parameter name.
            flow_parameters: The parameters of the flow that runs it; empty outside of flows.
            kwargs: Whatever else a policy of yours is given.

        Returns:
            The key; None when the call is not to be cached.

        Raises:
            ValueError: An argument has no content that could be compared; the message names it.
        """
        raise NotImplementedError

    def __add__(self, other: CachePolicy) -> CachePolicy:
        """Both policies: a call is the same when it is the same for each."""
        if not isinstance(other, CachePolicy):
            return NotImplemented
        if isinstance(other, _None):
            return self
        return self._joined([self, other], other)

    def __sub__(self, other: str) -> CachePolicy:
        """Without an argument; only a policy that looks at arguments changes.

        Raises:
            TypeError: What is taken out is not the name of a parameter.
        """
        _check_name(other)
        return self

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({shown})"

    def _joined(self, policies: Sequence[CachePolicy], other: CachePolicy) -> CompoundCachePolicy:
        return CompoundCachePolicy(
            key_storage=self._agreed(other, "key_storage", "storage locations"),
            isolation_level=self._agreed(other, "isolation_level", "isolation levels"),
            lock_manager=self._agreed(other, "lock_manager", "lock implementations"),
            policies=policies,
        )

    def _agreed(self, other: CachePolicy, name: str, spoken: str) -> Any:
        mine, theirs = getattr(self, name), getattr(other, name)
        if mine is not None and theirs is not None and mine != theirs:
            raise ValueError(
                f"Policies with different {spoken} cannot be added: {mine!r} and {theirs!r}. "
                f"Give both the same with `configure({name}=...)`."
            )
        return mine or theirs

    def _replaced(self, **changes: Any) -> Self:
        new = object.__new__(type(self))
        vars(new).update({**vars(self), **changes})
        return new


class CacheKeyFnPolicy(CachePolicy):
    """The key that a function gives.

    Args:
        cache_key_fn: `fn(context, arguments)`, the key or None for no caching.
    """

    def __init__(
        self,
        key_storage: Any = None,
        isolation_level: Any = None,
        lock_manager: Any = None,
        cache_key_fn: CacheKeyFn | None = None,
    ) -> None:
        super().__init__(key_storage, isolation_level, lock_manager)
        self.cache_key_fn = cache_key_fn

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """What the function says."""
        if self.cache_key_fn is None:
            return None
        if self.cache_key_fn is task_input_hash:
            # Called by a user it gives None for what cannot be hashed; a run is to say which it is.
            return _task_input_key(task_ctx, inputs)
        return self.cache_key_fn(task_ctx, inputs)


class CompoundCachePolicy(CachePolicy):
    """Several policies: a call is the same when it is the same for each of them.

    Policies that give no key for a call do not count.

    Args:
        policies: The policies; compound ones are taken apart, and those that look at arguments
            become one, which leaves out what any of them leaves out.
    """

    def __init__(
        self,
        key_storage: Any = None,
        isolation_level: Any = None,
        lock_manager: Any = None,
        policies: Sequence[CachePolicy] = (),
    ) -> None:
        super().__init__(key_storage, isolation_level, lock_manager)
        self.policies = _simplified(policies)

    @property
    def of_run(self) -> bool:
        """Whether one of them is."""
        return any(policy.of_run for policy in self.policies)

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """One key of all keys, in whatever order the policies were added."""
        keys = [
            policy.compute_key(
                task_ctx=task_ctx, inputs=inputs, flow_parameters=flow_parameters, **kwargs
            )
            for policy in self.policies
        ]
        given = sorted(key for key in keys if key is not None)
        return content_digest(given).hex() if given else None

    def __add__(self, other: CachePolicy) -> CachePolicy:
        """These policies and another."""
        if not isinstance(other, CachePolicy):
            return NotImplemented
        return self._joined([*self.policies, other], other)

    def __sub__(self, other: str) -> CachePolicy:
        """These policies without an argument."""
        _check_name(other)
        if not any(isinstance(policy, Inputs) for policy in self.policies):
            return self
        return self._replaced(policies=_simplified([*self.policies, Inputs(exclude=[other])]))


class _None(CachePolicy):
    """Never a key: no caching."""

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """None, always."""
        return None

    def __add__(self, other: CachePolicy) -> CachePolicy:
        """The other policy."""
        return other


class TaskSource(CachePolicy):
    """The code of the task's function: an edited task is another one.

    It is the code that runs, so comments and where it stands in the file do not matter; functions
    that it calls do not count either.
    """

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any] | None,
        flow_parameters: dict[str, Any] | None,
        **kwargs: Any,
    ) -> str | None:
        """The digest of the code."""
        if _is_absent(task_ctx):
            return None
        return _code_digest(getattr(task_ctx.task, "fn", task_ctx.task)).hex()


class FlowParameters(CachePolicy):
    """The parameters of the flow run."""

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The digest of the flow's parameters; None when it has none."""
        if not flow_parameters:
            return None
        return _named_digest(flow_parameters, "The flow's parameter", _WITHOUT_FLOW).hex()


class RunId(CachePolicy):
    """The flow run: a key holds within one run only."""

    @property
    def of_run(self) -> bool:
        """It is the run's."""
        return True

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The id of the flow run, outside of flows that of the task run."""
        if _is_absent(task_ctx):
            return None
        run = task_ctx.task_run
        return str(run.id if run.flow_run_id is None else run.flow_run_id)


class Inputs(CachePolicy):
    """The content of the task's arguments.

    Args:
        exclude: Names of parameters that do not matter.
    """

    def __init__(
        self,
        key_storage: Any = None,
        isolation_level: Any = None,
        lock_manager: Any = None,
        exclude: Sequence[str] = (),
    ) -> None:
        super().__init__(key_storage, isolation_level, lock_manager)
        self.exclude = list(exclude)

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The digest of the arguments; None when there are none."""
        given = {**_bound(task_ctx), **(inputs or {})}
        if not given:
            return None
        counted = {name: value for name, value in given.items() if name not in self.exclude}
        return _named_digest(counted, "Parameter", _WITHOUT_INPUT).hex()

    def __sub__(self, other: str) -> CachePolicy:
        """These arguments without one."""
        _check_name(other)
        return self._replaced(exclude=[*self.exclude, other])


def task_input_hash(context: TaskRunContext, arguments: dict[str, Any]) -> str | None:
    """A `cache_key_fn`: the same key for the same task code and the same arguments.

    Args:
        context: The context of the task run.
        arguments: The task's arguments by parameter name.

    Returns:
        32 hex digits; None when an argument has no content that could be compared.

    >>> from noria import task
    >>> @task(cache_key_fn=task_input_hash)
    ... def double(x):
    ...     return 2 * x
    """
    try:
        return _task_input_key(context, arguments)
    except ValueError:
        return None


def _task_input_key(context: TaskRunContext, arguments: Mapping[str, Any]) -> str:
    content = _named_digest({**_bound(context), **arguments}, "Parameter", _WITHOUT_INPUT)
    return content_digest((context.task.task_key, _code_digest(context.task.fn), content)).hex()


def _named_digest(values: Mapping[str, Any], spoken: str, way_out: str) -> bytes:
    try:
        return digest_named(values)
    except Undigestable as error:
        advice = way_out.format(name=error.name)
        raise ValueError(
            f"{spoken} {error.name!r} cannot be part of a cache key: {error}. {advice}"
        ) from error


def _bound(context: TaskRunContext | None) -> dict[str, Any]:
    """What a method or a partial brings to each call, beside the arguments."""
    fn = getattr(context.task, "fn", None) if context else None
    found: dict[str, Any] = {}
    while isinstance(fn, partial):
        found["partial"] = (*fn.args, *found.get("partial", ()))
        fn = fn.func
    if isinstance(fn, MethodType):
        found["self"] = fn.__self__
    return found


def _code_digest(fn: Any) -> bytes:
    """The digest of a function's code, with that of what it wraps.

    Not of what it closes over: that may well be a client or a lock.
    """
    codes = []
    while fn is not None:
        codes.append(code_of(fn))
        fn = getattr(fn, "__wrapped__", None)
    return content_digest(codes)


def _simplified(policies: Sequence[CachePolicy]) -> list[CachePolicy]:
    flat = [
        single
        for policy in policies
        for single in (policy.policies if isinstance(policy, CompoundCachePolicy) else [policy])
    ]
    by_inputs = [policy for policy in flat if isinstance(policy, Inputs)]
    others = [policy for policy in flat if not isinstance(policy, Inputs)]
    if not by_inputs:
        return others
    excluded = {name for policy in by_inputs for name in policy.exclude}
    return [*others, Inputs(exclude=sorted(excluded))]


def _is_absent(context: object) -> bool:
    """Whether a policy is asked without a context, which the types do not allow but people do."""
    return context is None


def _check_name(other: object) -> None:
    if not isinstance(other, str):
        raise TypeError(
            "Only strings, the names of parameters, can be subtracted from a cache policy; "
            f"found {other!r}."
        )


INPUTS = Inputs()
NONE = _None()
NO_CACHE = _None()
TASK_SOURCE = TaskSource()
FLOW_PARAMETERS = FlowParameters()
RUN_ID = RunId()
DEFAULT = INPUTS + TASK_SOURCE + RUN_ID

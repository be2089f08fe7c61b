"""Tasks: functions whose every run is recorded, retried, cached and resumed."""

from __future__ import annotations

import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
)
from contextlib import aclosing
from datetime import timedelta
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from noria.cache_policies import task_input_hash
from noria.core.annotations import NotSet
from noria.core.backoff import exponential_backoff
from noria.core.errors import MissingContextError, UpstreamTaskError
from noria.core.records import GroupKind
from noria.core.states import Name, State, StateType
from noria.core.tracebacks import user_traceback
from noria.engine import defaults
from noria.engine.calls import TaskCall, place_of
from noria.engine.context import flow_around
from noria.engine.drivers import adrive, drive
from noria.engine.futures import Future, FutureList
from noria.engine.generators import adrive_generator, drive_generator
from noria.engine.runs import TaskRun
from noria.engine.streaming import Window, astream, stream
from noria.engine.task_run import run_task
from noria.engine.tolerance import Tally
from noria.task_runners import ThreadPoolTaskRunner
from noria.task_settings import TaskSettings

if TYPE_CHECKING:
    from noria.circuit_breaker import CircuitBreaker
    from noria.options import TaskOptions

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

__all__ = ["Task", "exponential_backoff", "task", "task_input_hash"]


class Task(TaskSettings, Generic[P, R]):
    """A function of the user's that runs as a task; made by the decorator `task`.

    Parameters are those of `task`.
    """

    def with_options(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        cache_policy: Any = NotSet,
        cache_key_fn: Callable[..., str | None] | None = None,
        task_run_name: Any = NotSet,
        cache_expiration: timedelta | None = None,
        retries: Any = NotSet,
        retry_delay_seconds: Any = NotSet,
        retry_jitter_factor: Any = NotSet,
        persist_result: Any = NotSet,
        result_storage: Any = NotSet,
        result_serializer: Any = NotSet,
        result_storage_key: Any = NotSet,
        cache_result_in_memory: bool | None = None,
        timeout_seconds: float | None = None,
        log_prints: Any = NotSet,
        refresh_cache: Any = NotSet,
        on_completion: list[Any] | None = None,
        on_failure: list[Any] | None = None,
        on_running: list[Any] | None = None,
        retry_condition_fn: Callable[..., bool] | None = None,
        viz_return_value: Any = None,
        asset_deps: list[Any] | None = None,
        retry_on: Any = NotSet,
        no_retry_on: Any = NotSet,
        on_cancellation: list[Any] | None = None,
        on_crashed: list[Any] | None = None,
        fallback: Any = NotSet,
        circuit_breaker: Any = NotSet,
    ) -> Task[P, R]:
        """The same task with some options changed.

        Example:
            >>> @task
            ... def load(): ...
            >>> load.with_options(name="load again", retries=2).retries
            2
        """
        given = dict(locals())
        options = self.changed(given, Task.with_options.__kwdefaults__ or {})
        rollback, commit = list(self.on_rollback_hooks), list(self.on_commit_hooks)
        return Task(
            self.original(),
            version=self.version,
            on_rollback=rollback,
            on_commit=commit,
            **options,
        )

    def __get__(self, instance: Any, owner: type | None = None) -> Task[P, R]:
        return cast("Task[P, R]", self.bound_to(instance, owner))

    @overload
    def __call__(
        self, *args: Any, return_state: Literal[True], wait_for: Any = None, **kwargs: Any
    ) -> Any: ...
    @overload
    def __call__(
        self, *args: Any, return_state: Literal[False] = False, wait_for: Any = None, **kwargs: Any
    ) -> R: ...
    def __call__(
        self, *args: Any, return_state: bool = False, wait_for: Any = None, **kwargs: Any
    ) -> Any:
        """Run the task here and now.

        Parameters:
            return_state: Give the final `State` instead of the value, and raise nothing.
            wait_for: Futures that must complete first.

        Returns:
            What the function returns; a coroutine of it for an async function, a generator for
            a generator function.

        Raises:
            ParameterBindError: The arguments do not fit the function.
        """
        parameters = self.spec.bind(args, kwargs)
        call = TaskCall(self, parameters, wait_for, GroupKind.CALL, place_of(sys._getframe(1)))
        if self.isgenerator:
            return self._generate_async(call) if self.isasync else self._generate(call)
        if self.isasync:
            return self._run_async(call, return_state)
        try:
            drive(run_task(call))
        except BaseException as exc:
            exc.__traceback__ = user_traceback(exc.__traceback__)
            raise
        return _outcome(call, return_state)

    def _generate(self, call: TaskCall) -> Generator[Any, Any, Any]:
        yield from drive_generator(run_task(call))
        return _outcome(call, False)

    async def _generate_async(self, call: TaskCall) -> AsyncGenerator[Any, None]:
        async with aclosing(adrive_generator(run_task(call))) as items:
            async for item in items:
                yield item
        _outcome(call, False)

    async def _run_async(self, call: TaskCall, return_state: bool) -> Any:
        try:
            await adrive(run_task(call))
        except BaseException as exc:
            exc.__traceback__ = user_traceback(exc.__traceback__)
            raise
        return _outcome(call, return_state)

    @overload
    def submit(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: Any = None,
        **kwargs: Any,
    ) -> Future[T]: ...
    @overload
    def submit(
        self, *args: Any, return_state: Literal[False] = False, wait_for: Any = None, **kwargs: Any
    ) -> Future[R]: ...
    @overload
    def submit(
        self, *args: Any, return_state: Literal[True], wait_for: Any = None, **kwargs: Any
    ) -> State[Any]: ...
    def submit(
        self, *args: Any, return_state: bool = False, wait_for: Any = None, **kwargs: Any
    ) -> Any:
        """Start a run with the flow's task runner.

        Parameters:
            return_state: Wait and give the final `State` instead of a future.
            wait_for: Futures that must complete first.

        Returns:
            A future.

        Raises:
            MissingContextError: There is no flow around the call.
        """
        parameters = self.spec.bind(args, kwargs)
        runner = _runner(self.name)
        if runner.knows_places("submit"):
            place = place_of(sys._getframe(1))
            call = TaskCall(self, parameters, wait_for, GroupKind.SUBMIT, place)
            future: Future[Any] = runner.submit_call(call)
        else:
            future = runner.submit(self, parameters, wait_for)
        if return_state:
            future.wait()
            return future.state
        return future

    def map(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: Any = None,
        deferred: bool = False,
        max_failures: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Start one run for each element of the iterable arguments.

        Parameters:
            return_state: Wait and give the final states instead of futures.
            wait_for: Futures that must complete first.
            max_failures: How many calls may fail, or which fraction of them (a float): then the
                flow does not fail for these, and `.result()` has the values of the others. As soon
                as one more fails, calls that have not begun never do (they are Cancelled), and
                `.result()` raises TooManyFailures.

        Returns:
            The futures, in order.

        Raises:
            MappingMissingIterable: No argument is iterable.
            MappingLengthMismatch: The iterables differ in length.
            MissingContextError: There is no flow around the call.
        """
        spec = self.spec
        if max_failures is not None and "max_failures" in spec.names:
            # The task's own parameter of this name goes before.
            kwargs["max_failures"], max_failures = max_failures, None
        tally = None if max_failures is None else Tally(self.name, max_failures)
        bound = spec.bind(args, kwargs)
        by_position = spec.names[: len(args)] if not spec.has_var_positional else spec.names
        given = {*by_position, *kwargs, spec.var_keyword}
        parameters = {name: value for name, value in bound.items() if name in given}
        runner = _runner(self.name)
        if runner.knows_places("map"):
            place = place_of(sys._getframe(1))
            futures: FutureList[Any] = runner.map_at(self, parameters, wait_for, place, tally)
        else:
            futures = runner.map(self, parameters, wait_for)
            if tally is not None:
                tally.watch_all(futures)
        if return_state:
            futures.wait()
            return [future.state for future in futures]
        return futures

    def stream(
        self,
        iterable: Iterable[Any] | AsyncIterable[Any],
        *,
        concurrency: int = 8,
        ordered: bool = False,
        max_failures: int | None = None,
        **static: Any,
    ) -> Any:
        """Run the task over an iterable of any length, giving results as they come.

        At most `concurrency` runs exist at a time: the iterable is read only as fast as results
        are taken, so memory stays flat however long it is.

        Parameters:
            iterable: Elements for the task's first parameter; also an async iterable.
            concurrency: How many runs may be under way.
            ordered: Give results in the order of the elements instead of as they end (those of
                an async iterable always come in order).
            max_failures: How many runs may fail: they give no result. One more raises
                TooManyFailures. By default the first failure is raised.
            static: Further arguments, the same for each run.

        Returns:
            A generator of results; of an async iterable an async generator.

        Example:
            >>> from noria import flow
            >>> @task
            ... def double(n: int) -> int:
            ...     return 2 * n
            >>> @flow
            ... def total() -> int:
            ...     return sum(double.stream(range(100), concurrency=4))
            >>> total()
            9900
        """
        runner = _runner(self.name)
        place = place_of(sys._getframe(1))
        if isinstance(iterable, AsyncIterable):
            window = Window(self, runner, concurrency, True, static, place, max_failures)
            return astream(iterable, window)
        window = Window(self, runner, concurrency, ordered, static, place, max_failures)
        return stream(iterable, window)

    def delay(self, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start a run in the background, without a flow around it if there is none.

        Returns:
            A future.
        """
        runner = defaults.background_runner(ThreadPoolTaskRunner)
        return cast("Future[Any]", runner.submit(self, self.spec.bind(args, kwargs)))

    def apply_async(
        self,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        wait_for: Any = None,
        dependencies: Any = None,
    ) -> Future[Any]:
        """The same as `delay`, with the arguments in a tuple and a dict.

        Parameters:
            args: Positional arguments.
            kwargs: Arguments by name.
            wait_for: Futures that must complete first.
            dependencies: Accepted for compatibility; the arguments tell.
        """
        runner = defaults.background_runner(ThreadPoolTaskRunner)
        bound = self.spec.bind(args or (), kwargs or {})
        return cast("Future[Any]", runner.submit(self, bound, wait_for))

    def __repr__(self) -> str:
        return f"<Task {self.name!r}>"


def _runner(name: str) -> Any:
    context = flow_around()
    if context is None:
        raise MissingContextError(
            f"Task {name!r} was submitted outside a flow, so there is no task runner to run it. "
            f"Submit it inside a flow, call it directly, or use `.delay()`."
        )
    return context.task_runner


def _outcome(call: TaskCall, return_state: bool) -> Any:
    """What a direct call gives: the value or the state, or the exception as it was raised."""
    run: TaskRun = call.run
    if return_state:
        return run.state
    if run.state_type is StateType.COMPLETED:
        return run.data if call.returned is NotSet else call.returned
    if call.returned is not NotSet and isinstance(call.returned, State | list | tuple | set):
        return call.returned
    if isinstance(run.data, BaseException):
        raise run.data.with_traceback(user_traceback(run.data.__traceback__))
    if run.state_name == Name.NOT_READY:
        raise UpstreamTaskError(run.state_message)
    return run.state.result()


@overload
def task(__fn: Callable[P, R]) -> Task[P, R]: ...
@overload
def task(
    __fn: None = None, **options: Unpack[TaskOptions]
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(
    __fn: Callable[P, R] | None = None,
    *,
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
    result_storage_key: str | None = None,
    result_serializer: Any = None,
    cache_result_in_memory: bool = True,
    timeout_seconds: float | None = None,
    log_prints: bool | None = None,
    refresh_cache: bool | None = None,
    on_completion: list[Any] | None = None,
    on_failure: list[Any] | None = None,
    on_running: list[Any] | None = None,
    retry_condition_fn: Callable[..., bool] | None = None,
    viz_return_value: Any = None,
    asset_deps: list[Any] | None = None,
    retry_on: tuple[type[BaseException], ...] | type[BaseException] | None = None,
    no_retry_on: tuple[type[BaseException], ...] | type[BaseException] | None = None,
    on_cancellation: list[Any] | None = None,
    on_crashed: list[Any] | None = None,
    fallback: Any = None,
    circuit_breaker: CircuitBreaker | None = None,
) -> Any:
    """Mark a function as a task.

    Parameters:
        name: What its runs are called after; the function's name by default.
        description: Shown to people; the docstring by default.
        tags: Tags of every run.
        version: A version of your own.
        cache_policy: What makes two calls the same for the cache; see `noria.cache_policies`.
        cache_key_fn: `fn(context, parameters) -> key`; the same key means the same result.
        cache_expiration: How long a cached result serves.
        task_run_name: Template such as `"{day}"`, or a function.
        retries: How many more times a failing run is tried.
        retry_delay_seconds: Seconds before each retry: a number, a list, or a function of the
            number of retries such as `exponential_backoff(2)`.
        retry_jitter_factor: How far delays are spread, 0 or more.
        persist_result: True keeps results of any size, False drops them when the run has ended.
        result_storage: Folder or fsspec URL of kept results.
        result_storage_key: Template of the name under which a result is kept.
        result_serializer: `pickle`, `json`, `compressed/pickle`, `compressed/json` or a serializer.
        timeout_seconds: Seconds after which a run fails as TimedOut.
        log_prints: Whether prints become log lines; None leaves it to the flow.
        refresh_cache: True runs the task and renews what is cached.
        on_completion, on_failure, on_running, on_cancellation, on_crashed: Lists of functions
            `hook(task, task_run, state)`.
        retry_condition_fn: `fn(task, task_run, state) -> bool`: whether to retry this failure.
        retry_on: Retry only these exceptions.
        no_retry_on: Never retry these.
        fallback: A task or function, or a list of them to be tried in order, that is called with
            the same arguments when a run has finally failed; its value is then the run's, and the
            state is named Fallback. A parameter `error` of it is given the exception.
        circuit_breaker: Skips attempts while what they need keeps failing; see
            `noria.circuit_breaker`.

    Returns:
        A `Task`, or a decorator that makes one.

    Raises:
        TypeError: An option has a type that cannot be used.
        ReservedArgumentError: The function has a parameter named `return_state` or `wait_for`.

    Example:
        >>> @task(retries=2, retry_delay_seconds=1)
        ... def add(x: int, y: int) -> int:
        ...     return x + y
        >>> add(1, 2)
        3
    """
    options = {key: value for key, value in locals().items() if not key.endswith("__fn")}
    if __fn is not None:
        return Task(fn=__fn, **options)
    return lambda fn: Task(fn=fn, **options)

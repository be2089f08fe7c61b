"""Flows: functions whose runs are recorded and can be resumed, with the tasks they call."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import AbstractContextManager, ContextDecorator, aclosing, nullcontext
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from noria import runs
from noria.backend.port import MemoEntry
from noria.core import functions
from noria.core.annotations import NotSet
from noria.core.errors import CancelledRun, CancelRun, LoadingEnds, PausedRun, TerminationSignal
from noria.core.hashing import blake2b
from noria.core.jsontext import from_json, to_json
from noria.core.names import check_name
from noria.core.previews import preview
from noria.core.records import FlowRunRow
from noria.core.states import Name, State, StateType, state_result
from noria.core.tracebacks import user_traceback
from noria.core.validation import validate_parameters as validated
from noria.deployable import Deployable
from noria.engine import defaults, interrupts
from noria.engine.calls import place_of
from noria.engine.context import being_loaded, current_tags, flow_context
from noria.engine.drivers import adrive, drive
from noria.engine.flow_calls import FlowCall
from noria.engine.flow_run import run_flow
from noria.engine.generators import adrive_generator, drive_generator
from noria.engine.groups import NOWHERE
from noria.engine.marked import Marked, run_name
from noria.engine.stopping import LoopStopper, Stopper
from noria.loading import load_flow_from_entrypoint, select_flow
from noria.task_runners import TaskRunner, ThreadPoolTaskRunner

if TYPE_CHECKING:
    from noria.engine.runs import FlowRun
    from noria.options import FlowOptions
    from noria.utilities.callables import ParameterSchema

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["Flow", "flow", "load_flow_from_entrypoint", "select_flow"]

_UNSEEN_CHOICES = ("fail", "warn", "ignore")
_DURABILITIES = ("grouped", "strict")
_HOOK_STATES = {
    "on_completion": StateType.COMPLETED,
    "on_failure": StateType.FAILED,
    "on_cancellation": StateType.CANCELLING,
    "on_crashed": StateType.CRASHED,
    "on_running": StateType.RUNNING,
}


class Flow(Marked, Deployable, Generic[P, R]):
    """A function of the user's that runs as a flow; made by the decorator `flow`.

    Parameters are those of `flow`.
    """

    kind = "flow"
    attributes: ClassVar[dict[str, str]] = {
        "validate_parameters": "should_validate_parameters",
        "version": "_version",
    }
    tag_set: frozenset[str] = frozenset()
    """A flow has no tags of its own; its runs take those around the call."""

    def __init__(
        self,
        fn: Callable[P, R],
        name: str | None = None,
        version: str | None = None,
        flow_run_name: str | Callable[..., str] | None = None,
        retries: int | None = None,
        retry_delay_seconds: float | None = None,
        task_runner: Any = None,
        description: str | None = None,
        timeout_seconds: float | None = None,
        validate_parameters: bool = True,
        persist_result: bool | None = None,
        result_storage: Any = None,
        result_serializer: Any = None,
        cache_result_in_memory: bool = True,
        log_prints: bool | None = None,
        on_completion: list[Any] | None = None,
        on_failure: list[Any] | None = None,
        on_cancellation: list[Any] | None = None,
        on_crashed: list[Any] | None = None,
        on_running: list[Any] | None = None,
        on_unobserved_failure: str = "fail",
        durability: str = "grouped",
    ) -> None:
        if name is not None and not isinstance(name, str):
            hint = " Perhaps you meant to call it?" if callable(name) else ""
            raise TypeError(
                f"Expected string for flow parameter 'name'; got {type(name).__name__} "
                f"instead.{hint}"
            )
        self.set_hooks(_HOOK_STATES, locals())
        self.adopt(fn)
        plain = functions.name_of(self.fn).replace("_", "-").replace("<lambda>", "unknown-lambda")
        self.name = check_name(name or plain, "name")
        self.identify()
        self.description = description or functions.docstring(self.fn)
        if flow_run_name is not None and not (
            isinstance(flow_run_name, str) or callable(flow_run_name)
        ):
            raise TypeError(
                "Expected string or callable for 'flow_run_name'; got "
                f"{type(flow_run_name).__name__} instead."
            )
        self.flow_run_name = flow_run_name
        self._version = version
        self.task_runner: TaskRunner[Any] = _runner(task_runner)
        self.timeout_seconds = float(timeout_seconds) if timeout_seconds else None
        self._set_retries(retries, retry_delay_seconds)
        self.should_validate_parameters = validate_parameters
        if persist_result is None and (result_storage or result_serializer) is not None:
            persist_result = True
        self.persist_result = persist_result
        self.result_storage = result_storage
        self.result_serializer = result_serializer
        self.cache_result_in_memory = cache_result_in_memory
        self.keeps_specially = result_storage is not None or result_serializer is not None
        self.log_prints = log_prints
        self.on_unobserved_failure = _choice(
            "on_unobserved_failure", on_unobserved_failure, _UNSEEN_CHOICES
        )
        self.durability = _choice("durability", durability, _DURABILITIES)

    def _set_retries(self, retries: int | None, retry_delay_seconds: float | None) -> None:
        default_retries, default_delay = defaults.flow_retries()
        self.retries: int = default_retries if retries is None else retries
        self.retry_delay_seconds = (
            default_delay if retry_delay_seconds is None else retry_delay_seconds
        )

    @property
    def parameters(self) -> ParameterSchema:
        """A JSON schema of the parameters, for forms and for checking what is sent."""
        from noria.utilities.callables import parameter_schema  # noqa: PLC0415 - loads pydantic

        return parameter_schema(self.fn)

    @property
    def version(self) -> str | None:
        """The given version; else a digest of the file that the flow is written in."""
        if self._version is None:
            self._version = _file_version(functions.source_file(self.fn))
        return self._version

    @property
    def entrypoint(self) -> str | None:
        """Where the flow can be loaded from: `file.py:name`; None when it is in no file, or is a
        method of an object that only the caller has."""
        file = None if self.ismethod else functions.source_file(self.fn)
        return None if file is None else f"{file}:{functions.qualname_of(self.fn)}"

    def with_options(
        self,
        *,
        name: str | None = None,
        version: str | None = None,
        retries: int | None = None,
        retry_delay_seconds: float | None = None,
        description: str | None = None,
        flow_run_name: str | Callable[..., str] | None = None,
        task_runner: Any = None,
        timeout_seconds: float | None = None,
        validate_parameters: bool | None = None,
        persist_result: Any = NotSet,
        result_storage: Any = NotSet,
        result_serializer: Any = NotSet,
        cache_result_in_memory: bool | None = None,
        log_prints: Any = NotSet,
        on_completion: list[Any] | None = None,
        on_failure: list[Any] | None = None,
        on_cancellation: list[Any] | None = None,
        on_crashed: list[Any] | None = None,
        on_running: list[Any] | None = None,
        on_unobserved_failure: str | None = None,
        durability: str | None = None,
    ) -> Flow[P, R]:
        """The same flow with some options changed.

        Example:
            >>> @flow
            ... def load(): ...
            >>> load.with_options(name="load again", retries=2).retries
            2
        """
        given = dict(locals())
        options = self.changed(given, Flow.with_options.__kwdefaults__ or {})
        return Flow(self.original(), **options)

    def __get__(self, instance: Any, owner: type | None = None) -> Flow[P, R]:
        return cast("Flow[P, R]", self.bound_to(instance, owner))

    def name_run(self, parameters: dict[str, Any]) -> Any:
        """The name that `flow_run_name` gives a run."""
        return run_name(self.flow_run_name, parameters, self.name, "flow_run_name")

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Parameters coerced to what the function's annotations say.

        Raises:
            ParameterTypeError: One cannot be; names flow, parameter, value and expected type.
        """
        return validated(self.name, self.spec, parameters)

    def serialize_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Parameters as JSON has them; what it cannot say becomes a short description."""
        serialized: dict[str, Any] = {}
        for name, value in parameters.items():
            try:
                serialized[name] = from_json(to_json(value, default=_plain))
            except (TypeError, ValueError):
                serialized[name] = preview(value)
        return serialized

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
        """Run the flow here and now.

        Parameters:
            return_state: Give the final `State` instead of the value, and raise nothing.
            wait_for: Futures that must complete first.

        Returns:
            What the function returns, futures made states; a coroutine of it for an async
            function, a generator for a generator function.

        Raises:
            ParameterBindError: The arguments do not fit the function.
            ParameterTypeError: An argument does not fit its annotation.
        """
        if being_loaded.get():
            raise LoadingEnds(f"The script calls flow {self.name!r} outside of any function.")
        parameters = self.spec.bind(args, kwargs)
        place = place_of(sys._getframe(1)) if flow_context.get() is not None else NOWHERE
        if self.isgenerator or self.isasync:
            return self._start(FlowCall(self, parameters, wait_for, place), return_state)
        return self._run(FlowCall(self, parameters, wait_for, place), return_state)

    def _start(self, call: FlowCall, return_state: bool) -> Any:
        if not self.isgenerator:
            return self._run_async(call, return_state)
        return self._generate_async(call) if self.isasync else self._generate(call)

    def _generate(self, call: FlowCall) -> Generator[Any, Any, Any]:
        call.stopper = stopper = Stopper()
        with _signals(call, stopper):
            try:
                yield from drive_generator(run_flow(call), stopper)
            except BaseException as exc:
                leaving = _leaving(call, exc)
                if leaving is exc:
                    raise
                if leaving is not None:
                    raise leaving from None
        return _outcome(call, False)

    async def _generate_async(self, call: FlowCall) -> AsyncGenerator[Any, None]:
        call.stopper = stopper = LoopStopper()
        with _signals(call, stopper):
            try:
                async with aclosing(adrive_generator(run_flow(call), stopper)) as items:
                    async for item in items:
                        yield item
            except BaseException as exc:
                leaving = _leaving(call, exc)
                if leaving is exc:
                    raise
                if leaving is not None:
                    raise leaving from None
            finally:
                stopper.uncancel()
        _outcome(call, False)

    def execute(
        self,
        parameters: dict[str, Any],
        row: FlowRunRow | None = None,
        memo: dict[bytes, MemoEntry] | None = None,
        tags: Iterable[str] = (),
    ) -> Any:
        """Execute an existing run again, or a new one that knows an old one's results.

        What people call is `noria.runs.resume` and `noria.runs.fork`.

        Parameters:
            parameters: The arguments.
            row: The run; None for a new one.
            memo: Results of another run by identity.
            tags: Tags of a new run, besides those of the block around the call.

        Returns:
            The final state; an awaitable of it for an async flow.
        """
        call = FlowCall(self, parameters, None, NOWHERE, existing=row, memo=memo)
        call.run.tags = sorted({*call.run.tags, *tags})
        return self._start(call, True) if self.isasync else self._run(call, True)

    def resume(self, run_id: Any) -> Any:
        """Go on with a run of this flow that crashed, failed or was cancelled.

        Parameters:
            run_id: The run's id, as `UUID` or text.

        Returns:
            The final state; an awaitable of it for an async flow.
        """
        return runs.resume(run_id, flow=self)

    def _run(self, call: FlowCall, return_state: bool) -> Any:
        call.stopper = stopper = Stopper()
        with _signals(call, stopper):
            try:
                drive(run_flow(call))
            except BaseException as exc:
                leaving = _leaving(call, exc)
                if leaving is exc:
                    raise
                if leaving is not None:
                    raise leaving from None
        return _outcome(call, return_state)

    async def _run_async(self, call: FlowCall, return_state: bool) -> Any:
        call.stopper = stopper = LoopStopper()
        with _signals(call, stopper):
            try:
                await adrive(run_flow(call))
            except BaseException as exc:
                leaving = _leaving(call, exc)
                if leaving is exc:
                    raise
                if leaving is not None:
                    raise leaving from None
            finally:
                # The asyncio task was cancelled for this run's sake, not for what is around it.
                stopper.uncancel()
        return _outcome(call, return_state)

    def __repr__(self) -> str:
        return f"<Flow {self.name!r}>"


def _is_outermost(call: FlowCall) -> bool:
    return call.tracking is None or call.tracking.execution is None


def _signals(call: FlowCall, stopper: Stopper) -> AbstractContextManager[None]:
    """Signals go to the outermost run; what it calls ends with it."""
    return interrupts.termination(stopper) if _is_outermost(call) else nullcontext()


def _leaving(call: FlowCall, exc: BaseException) -> BaseException | None:
    """What leaves a flow whose program was left by `exc`; None when that came too late."""
    if isinstance(exc, GeneratorExit):
        return exc
    stopper, asked = call.stopper, None if call.execution is None else call.execution.cancelled
    if stopper is not None:
        # What is still on its way to this run must not reach the one around it.
        stopper.over = True
    ended = call.run.end is not None and call.run.state_type is not StateType.CANCELLED
    if ended and isinstance(exc, CancelRun) and exc is asked:
        return None
    if not _is_outermost(call):
        if isinstance(asked, CancelRun) and exc is not asked and _comes_of(exc, asked, stopper):
            return asked
    else:
        for reason in (exc, asked):
            if isinstance(reason, TerminationSignal):
                # The status by which a shell knows a process that a signal ended.
                return SystemExit(128 + reason.signal)
        if isinstance(asked, CancelRun):
            return CancelledRun(str(asked) or "The run was cancelled.")
    exc.__traceback__ = user_traceback(exc.__traceback__)
    if isinstance(exc, KeyboardInterrupt):
        exc.__traceback__ = interrupts.struck_at(exc.__traceback__)
    return exc


def _comes_of(exc: BaseException, asked: CancelRun, stopper: Stopper | None) -> bool:
    """Whether what leaves a flow is what its cancel has become on an event loop."""
    if isinstance(stopper, LoopStopper) and stopper.has_cancelled:
        return True
    if isinstance(exc, BaseExceptionGroup):
        # A task group of asyncio wraps what its block raises.
        return exc.subgroup(lambda each: each is asked) is not None
    return False


def _outcome(call: FlowCall, return_state: bool) -> Any:
    """What a call gives: the value or the state, or the exception as it was raised."""
    run = call.run
    if return_state:
        return run.state
    if run.state_type is StateType.PAUSED and run.state_name == Name.SUSPENDED:
        raise PausedRun(_how_to_go_on(run), state=run.state)
    returned = call.returned
    whole = run.state_type is StateType.COMPLETED or isinstance(returned, list | tuple | set)
    if whole and returned is not NotSet and not isinstance(returned, State):
        return returned
    if isinstance(run.data, BaseException) and run.state_type is not StateType.COMPLETED:
        raise run.data.with_traceback(user_traceback(run.data.__traceback__))
    return state_result(run.state)


def _how_to_go_on(run: FlowRun) -> str:
    said = f": {run.state_message}" if run.state_message else ""
    return (
        f"Flow run {run.name!r} is {run.state_name.lower()}{said}. It has no result yet. Let it go "
        f"on: noria runs approve {run.id}"
    )


def _runner(given: Any) -> TaskRunner[Any]:
    if given is None:
        return ThreadPoolTaskRunner()
    runner: TaskRunner[Any] = given() if isinstance(given, type) else given
    return runner


def _choice(option: str, given: str, choices: tuple[str, ...]) -> str:
    if given not in choices:
        raise ValueError(f"{option} is {given!r}; expected one of {', '.join(choices)}.")
    return given


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, set | frozenset):
        return list(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _file_version(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            return blake2b(file.read(), digest_size=16).hexdigest()
    except OSError:
        return None


class tags(ContextDecorator):
    """Give tags to every run that begins inside the block, or inside a function it decorates.

    Example:
        >>> from noria import flow, tags
        >>> @flow
        ... def report():
        ...     from noria.runtime import flow_run
        ...     return flow_run.tags
        >>> with tags("nightly"):
        ...     report()
        ['nightly']
    """

    def __init__(self, *new_tags: str) -> None:
        self._new = frozenset(new_tags)
        self._tokens: list[Any] = []

    def _recreate_cm(self) -> tags:
        # As a decorator: calls may overlap, and each has tokens of its own.
        return tags(*self._new)

    def __enter__(self) -> set[str]:
        together = current_tags.get() | self._new
        self._tokens.append(current_tags.set(together))
        return set(together)

    def __exit__(self, *exc_info: object) -> None:
        current_tags.reset(self._tokens.pop())


class FlowDecorator:
    """The decorator `flow`; also `flow.from_source`."""

    @overload
    def __call__(self, __fn: Callable[P, R]) -> Flow[P, R]: ...
    @overload
    def __call__(
        self, __fn: None = None, **options: Unpack[FlowOptions]
    ) -> Callable[[Callable[P, R]], Flow[P, R]]: ...
    def __call__(
        self,
        __fn: Callable[P, R] | None = None,
        *,
        name: str | None = None,
        version: str | None = None,
        flow_run_name: str | Callable[..., str] | None = None,
        retries: int | None = None,
        retry_delay_seconds: float | None = None,
        task_runner: Any = None,
        description: str | None = None,
        timeout_seconds: float | None = None,
        validate_parameters: bool = True,
        persist_result: bool | None = None,
        result_storage: Any = None,
        result_serializer: Any = None,
        cache_result_in_memory: bool = True,
        log_prints: bool | None = None,
        on_completion: list[Any] | None = None,
        on_failure: list[Any] | None = None,
        on_cancellation: list[Any] | None = None,
        on_crashed: list[Any] | None = None,
        on_running: list[Any] | None = None,
        on_unobserved_failure: str = "fail",
        durability: str = "grouped",
    ) -> Any:
        """Mark a function as a flow.

        Parameters:
            name: The flow's name; the function's with dashes by default.
            version: A version of your own; a digest of the file by default.
            flow_run_name: Template such as `"{day}"`, or a function.
            retries: How many more times a failing run is tried; what finished is not run again.
            retry_delay_seconds: Seconds before each retry.
            task_runner: Runs what is submitted; threads by default.
            description: Shown to people; the docstring by default.
            timeout_seconds: Seconds after which a run fails as TimedOut.
            validate_parameters: Whether arguments are coerced to their annotations.
            persist_result: True keeps a result of any size.
            result_storage: Folder or fsspec URL of kept results.
            result_serializer: How results are written.
            log_prints: Whether prints become log lines.
            on_completion, on_failure, on_cancellation, on_crashed, on_running: Lists of
                functions `hook(flow, flow_run, state)`.
            on_unobserved_failure: What a failed submitted task means that nobody looked at:
                `fail` the flow, `warn`, or `ignore`.
            durability: `grouped` commits every few milliseconds; `strict` hands a task's result
                on only once it is committed.

        Returns:
            A `Flow`, or a decorator that makes one.

        Raises:
            TypeError: An option has a type that cannot be used.
            InvalidNameError: The name holds a character that is not permitted.

        Example:
            >>> @flow
            ... def add(x: int, y: int = 2) -> int:
            ...     return x + y
            >>> add(1)
            3
        """
        skipped = ("self", "_FlowDecorator__fn")
        options = {key: value for key, value in locals().items() if key not in skipped}
        options.pop("skipped", None)
        if __fn is not None:
            return Flow(fn=__fn, **options)
        return lambda fn: Flow(fn=fn, **options)

    def from_source(self, source: Any, entrypoint: str) -> Any:
        """A flow from a folder; `Flow.from_source` tells of the parameters."""
        return Flow.from_source(source, entrypoint)


flow = FlowDecorator()


def flows_in(namespace: Iterable[Any]) -> list[Flow[Any, Any]]:
    """The flows among some values."""
    return [value for value in namespace if isinstance(value, Flow)]

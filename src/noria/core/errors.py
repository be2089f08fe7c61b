"""Every exception of Noria; `noria.exceptions` is where users import them from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from noria.core.states import State


class NoriaException(Exception):
    """Base of all errors that Noria raises."""


class CrashedRun(NoriaException):
    """The result of a crashed run was asked for and the state carries no exception."""


class FailedRun(NoriaException):
    """The result of a failed run was asked for and the state carries no exception."""


class CancelledRun(NoriaException):
    """The result of a cancelled run was asked for and the state carries no exception."""


class PausedRun(NoriaException):
    """The result of a paused run was asked for."""

    def __init__(self, *args: Any, state: State[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = state


class UnfinishedRun(NoriaException):
    """The result of a run that has not ended was asked for."""


class MissingFlowError(NoriaException):
    """A script holds no flow of the name asked for."""


class UnspecifiedFlowError(NoriaException):
    """A script holds several flows and none was named."""


class MissingResult(NoriaException):
    """A state's result was not kept, so it cannot be read back."""


class ScriptError(NoriaException):
    """A user's script raised while it was being loaded."""

    def __init__(self, user_exc: BaseException, path: str) -> None:
        # The repr of a syntax error is a tuple of all that the parser knew.
        said = (
            f"{type(user_exc).__name__}: {user_exc}"
            if isinstance(user_exc, SyntaxError)
            else repr(user_exc)
        )
        super().__init__(f"Script at {path!r} encountered an exception: {said}")
        self.user_exc = user_exc


class ParameterTypeError(NoriaException):
    """A parameter does not fit its annotation."""

    def __init__(self, msg: str) -> None:
        super().__init__(msg)

    @classmethod
    def from_validation_error(cls, exc: Any) -> ParameterTypeError:
        """Say what a pydantic `ValidationError` says, a line for each parameter."""
        lines = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors()]
        return cls("\n - ".join(["Flow run received invalid parameters:", *lines]))


class ParameterBindError(TypeError, NoriaException):
    """The arguments of a call do not fit the function's signature."""

    @classmethod
    def from_bind_failure(
        cls,
        fn: Callable[..., Any],
        exc: TypeError,
        call_args: tuple[Any, ...],
        call_kwargs: dict[str, Any],
    ) -> ParameterBindError:
        """Say which function was called how, and what its signature is."""
        import inspect

        signature = str(inspect.signature(fn)).strip("()")
        name = getattr(fn, "__name__", type(fn).__name__)
        return cls(
            f"Error binding parameters for function '{name}': {exc}.\n"
            f"Function '{name}' has signature '{signature}' "
            f"but received args: {call_args} and kwargs: {list(call_kwargs)}."
        )


class SignatureMismatchError(NoriaException, TypeError):
    """Given parameters do not match a function's signature."""

    @classmethod
    def from_bad_params(
        cls, expected_params: list[str], provided_params: list[str]
    ) -> SignatureMismatchError:
        """Name the parameters that were expected and those that came."""
        return cls(
            f"Function expects parameters {expected_params} "
            f"but was provided with parameters {provided_params}"
        )


class ObjectNotFound(NoriaException):
    """A named object does not exist in the store or on the server."""

    def __init__(
        self,
        http_exc: Exception | None = None,
        help_message: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(help_message, *args, **kwargs)
        self.http_exc = http_exc
        self.help_message = help_message

    def __str__(self) -> str:
        return self.help_message or super().__str__()


class ObjectAlreadyExists(NoriaException):
    """An object of this name exists already."""

    def __init__(self, http_exc: Exception | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.http_exc = http_exc


class ObjectLimitReached(NoriaException):
    """There can be no more objects of this kind."""

    def __init__(self, http_exc: Exception | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.http_exc = http_exc


class UpstreamTaskError(NoriaException):
    """A task needs the result of another one that did not complete."""


class MissingContextError(NoriaException, RuntimeError):
    """Something that needs an active run was used outside one."""


class MissingProfileError(NoriaException, ValueError):
    """A profile of settings does not exist."""


class ReservedArgumentError(NoriaException, TypeError):
    """A function has a parameter whose name Noria keeps for itself."""


class InvalidNameError(NoriaException, ValueError):
    """A name contains characters that are not permitted."""


class UnknownFieldError(InvalidNameError, KeyError):
    """The template of a run's name asks for a parameter that there is not."""

    def __str__(self) -> str:
        # A KeyError would show the sentence in quotes.
        return str(self.args[0]) if self.args else ""


class MappingLengthMismatch(NoriaException):
    """`Task.map` was given iterables of different lengths."""


class MappingMissingIterable(NoriaException):
    """`Task.map` was given no iterable at all."""


class NotPausedError(NoriaException):
    """A run that is not paused was resumed."""


class PauseRefused(NoriaException, RuntimeError):
    """A run cannot be paused or suspended here; the message says why."""


class RunInputError(NoriaException, RuntimeError):
    """What a waiting run was given is not what it asks for; the message says where."""


class FlowPauseTimeout(NoriaException):
    """A paused run was not resumed in time."""


class FlowRunWaitTimeout(NoriaException):
    """A flow run took longer than the given time."""


class FlowRunWatchError(NoriaException):
    """A flow run that was being waited for cannot be followed any longer."""


class HashError(NoriaException):
    """An object has no content that could be hashed."""


class SerializationError(NoriaException):
    """An object cannot be serialized; the message names which and why."""


class ConfigurationError(NoriaException):
    """A setting has a value that cannot be used."""


class StoreError(NoriaException):
    """The store cannot be opened, read or written; the message says which file and what to do."""


class EncryptionError(NoriaException):
    """A secret cannot be encrypted or opened: its key is missing or another one, or what is stored
    was changed; the message says which and what to do."""


class RetiredKey(EncryptionError):
    """A secret was to be encrypted with a key that `noria secret rotate` has given up."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The encryption key {key} was given up by `noria secret rotate`. "
            "Set NORIA_ENCRYPTION_KEY to the key that has replaced it."
        )
        self.key = key

    def __reduce__(self) -> tuple[type[RetiredKey], tuple[str]]:
        return type(self), (self.key,)


class RunConflict(StoreError):
    """A run is in no state for what was asked of it: somebody executes it, or it has ended."""


class TooManyFailures(NoriaException):
    """More calls have failed than may; the message has the counts and the first causes.

    Attributes:
        collected: What `collect` had found, when it was asked.
    """

    def __init__(self, message: str, collected: Any = None) -> None:
        super().__init__(message)
        self.collected = collected


class ConcurrencySlotAcquisitionError(NoriaException):
    """Slots of a concurrency limit cannot be had; the message says which and why."""


class AcquireConcurrencySlotTimeoutError(NoriaException, TimeoutError):
    """Slots of a concurrency limit did not come free in time."""


class TemporaryError(NoriaException):
    """Base for errors of yours that are worth another try; see `@task(retry_on=...)`."""


class PermanentError(NoriaException):
    """Base for errors of yours that no retry can mend: a task that raises one is not tried again,
    unless its `retry_on` names it."""


class CircuitOpen(NoriaException):
    """A call was skipped by a circuit breaker.

    Attributes:
        name: The breaker's; None when it has none.
        since: When it has opened, or begun to try whether things are well again.
        next_try: When the next call may go through; None when nobody knows.
        half_open: Whether another call was just trying whether things are well again.
    """

    def __init__(
        self,
        message: str,
        name: str | None = None,
        since: datetime | None = None,
        next_try: datetime | None = None,
        half_open: bool = False,
    ) -> None:
        super().__init__(message, name, since, next_try, half_open)
        self.name = name
        self.since = since
        self.next_try = next_try
        self.half_open = half_open

    def __str__(self) -> str:
        return str(self.args[0])


class TaskRunTimeoutError(TimeoutError):
    """A task ran longer than its `timeout_seconds`."""


class FlowRunTimeoutError(TimeoutError):
    """A flow ran longer than its `timeout_seconds`."""


class NoriaSignal(BaseException):
    """Control flow that user code must not swallow, hence no `Exception`."""


class Abort(NoriaSignal):
    """The run must end at once: it belongs to somebody else now."""


class Pause(NoriaSignal):
    """The run is paused and leaves its process."""

    def __init__(self, *args: Any, state: State[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = state


class LoadingEnds(NoriaSignal):
    """A script that is loaded for its flows has come to where it would call one."""


class CancelRun(NoriaSignal):
    """The run was asked to cancel; raised inside the user's code to stop it."""


class ExternalSignal(BaseException):
    """A signal from outside; never caught by user code."""


class TerminationSignal(ExternalSignal):
    """The process was asked to terminate."""

    def __init__(self, signal: int) -> None:
        self.signal = signal


def exception_traceback(exc: BaseException) -> str:
    """An exception as Python prints it, traceback first."""
    import traceback  # noqa: PLC0415 - only who shows errors needs it

    return "".join(traceback.TracebackException.from_exception(exc).format())


class ProcessDied(ExternalSignal):
    """The process that ran a task has ended under it; the message says which and how."""


# Prefect's spellings, so that `except PrefectException` in a user's code goes on working.
PrefectException = NoriaException
PrefectSignal = NoriaSignal


class InvalidSchedule(NoriaException, ValueError):
    """A schedule cannot be read, or is never due."""


class DeploymentError(NoriaException):
    """A flow cannot be deployed as it is."""

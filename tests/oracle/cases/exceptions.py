"""The exceptions module: names, bases, messages."""

import pickle
from typing import Any

import prefect.exceptions
import pydantic
from prefect import flow, task
from prefect.states import Paused

from tests.oracle.harness import caught_as, error_kind, outcome

EVERYDAY = (
    "Abort",
    "CancelledRun",
    "ConfigurationError",
    "CrashedRun",
    "FailedRun",
    "FlowPauseTimeout",
    "FlowRunWaitTimeout",
    "HashError",
    "InvalidNameError",
    "MappingLengthMismatch",
    "MappingMissingIterable",
    "MissingContextError",
    "MissingFlowError",
    "MissingProfileError",
    "MissingResult",
    "NotPausedError",
    "ObjectAlreadyExists",
    "ObjectLimitReached",
    "ObjectNotFound",
    "ParameterBindError",
    "ParameterTypeError",
    "Pause",
    "PausedRun",
    "PrefectException",
    "PrefectSignal",
    "ReservedArgumentError",
    "ScriptError",
    "SerializationError",
    "SignatureMismatchError",
    "TerminationSignal",
    "UnfinishedRun",
    "UnspecifiedFlowError",
    "UpstreamTaskError",
)
BUILT_IN = (TypeError, ValueError, RuntimeError, TimeoutError, ImportError, Exception)


def case_the_everyday_exceptions_exist() -> Any:
    return [name for name in EVERYDAY if not hasattr(prefect.exceptions, name)]


def case_which_derive_from_the_base_exception() -> Any:
    base = prefect.exceptions.PrefectException
    return {name: issubclass(getattr(prefect.exceptions, name), base) for name in EVERYDAY}


def case_which_are_built_in_errors_too() -> Any:
    return {
        name: [b.__name__ for b in BUILT_IN if issubclass(getattr(prefect.exceptions, name), b)]
        for name in EVERYDAY
    }


def case_signals_are_not_exceptions() -> Any:
    names = ("PrefectSignal", "Abort", "Pause", "ExternalSignal", "TerminationSignal")
    return {
        name: [
            issubclass(getattr(prefect.exceptions, name), Exception),
            issubclass(getattr(prefect.exceptions, name), BaseException),
        ]
        for name in names
    }


def case_a_termination_signal_keeps_its_number() -> Any:
    return prefect.exceptions.TerminationSignal(signal=15).signal


def case_a_paused_run_keeps_its_state() -> Any:
    state = Paused()
    paused = prefect.exceptions.PausedRun
    return [paused("m", state=state).state is state, str(paused("m")), paused().state]


def case_a_parameter_type_error_from_a_validation_error() -> Any:

    class Model(pydantic.BaseModel):
        a: int
        b: list[int]

    try:
        Model.model_validate({"a": "x", "b": [1, "y"]})
    except pydantic.ValidationError as error:
        return str(prefect.exceptions.ParameterTypeError.from_validation_error(error)).splitlines()
    return "nothing raised"


def case_a_parameter_bind_error_from_a_failed_bind() -> Any:
    def fn(a: int, b: int = 2) -> None: ...

    error = prefect.exceptions.ParameterBindError.from_bind_failure(
        fn, TypeError("missing a required argument: 'a'"), (), {"c": 1}
    )
    text = str(error)
    return [type(error).__name__, "'fn'" in text, "missing a required argument: 'a'" in text]


def case_a_signature_mismatch_error() -> Any:
    error = prefect.exceptions.SignatureMismatchError.from_bad_params(["a", "b"], ["c"])
    return [str(error), isinstance(error, TypeError)]


def case_what_calling_with_wrong_arguments_can_be_caught_as() -> Any:
    @flow
    def f(x: int) -> None: ...

    @task
    def t(x: int) -> None: ...

    bind_error = prefect.exceptions.ParameterBindError
    return [caught_as(f, TypeError), caught_as(t, TypeError), caught_as(t, bind_error)]


def case_a_plain_exception_takes_a_message() -> Any:
    names = ("FailedRun", "CrashedRun", "CancelledRun", "UnfinishedRun", "MissingResult")
    return {name: str(getattr(prefect.exceptions, name)("text")) for name in names}


def case_messages_that_name_the_reserved_argument() -> Any:
    def f(wait_for: Any) -> None: ...

    return [
        error_kind(flow, f, mentions=("wait_for",)),
        error_kind(task, f, mentions=("wait_for",)),
    ]


def case_messages_that_name_the_invalid_name() -> Any:
    return error_kind(lambda: flow(lambda: 1, name="a/b"), mentions=("a/b",))


def case_messages_of_an_object_not_found() -> Any:
    error = prefect.exceptions.ObjectNotFound(
        http_exc=ValueError("404"), help_message="no such run"
    )
    return [str(error), error.http_exc, error.help_message]


def case_a_script_error_keeps_the_users_error() -> Any:
    error = prefect.exceptions.ScriptError(user_exc=ValueError("v"), path="flow.py")
    return [error.user_exc, "flow.py" in str(error)]


def case_exceptions_can_be_pickled() -> Any:

    errors = [
        prefect.exceptions.FailedRun("m"),
        prefect.exceptions.MissingResult("m"),
        prefect.exceptions.ParameterTypeError("m"),
        prefect.exceptions.ParameterBindError("m"),
    ]
    return [outcome(lambda e=e: str(pickle.loads(pickle.dumps(e)))) for e in errors]


def case_exception_traceback() -> Any:
    text = prefect.exceptions.exception_traceback(ValueError("v"))
    return text.strip().splitlines()[-1]

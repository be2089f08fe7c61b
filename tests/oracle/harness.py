"""How an oracle case is found, run and made comparable.

A case is a module-level function of ``cases/<topic>.py`` whose name starts with ``case_``.
It returns what it saw as plain data. The same case runs on the reference implementation, when the
golden answers are recorded, and on Noria, in every test run.
"""

from __future__ import annotations

import asyncio
import datetime
import enum
import importlib
import inspect
import json
import re
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
CASES = HERE / "cases"
GOLDEN = HERE / "golden"
PREFIX = "case_"

Case = Callable[[], Any]


class CaseTimeout(BaseException):
    """A case took too long; no `Exception`, so that nobody takes it for the failure of a run."""


_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_REFERENCE = re.compile(r"prefect", re.IGNORECASE)


def topics() -> list[str]:
    """Names of the case files, in order."""
    return sorted(path.stem for path in CASES.glob("*.py") if not path.stem.startswith("_"))


def cases_of(topic: str) -> dict[str, Case]:
    """The cases of one topic by name without prefix, in the order in which they are written."""
    module = importlib.import_module(f"tests.oracle.cases.{topic}")
    return dict(_cases_in(module))


def _cases_in(module: ModuleType) -> Iterator[tuple[str, Case]]:
    for name, value in vars(module).items():
        if name.startswith(PREFIX) and inspect.isfunction(value):
            yield name.removeprefix(PREFIX), value


def observe(case: Case) -> Any:
    """Run a case, on an event loop if it is asynchronous, and return what it saw as JSON data."""
    seen = case()
    return plain(asyncio.run(seen) if inspect.iscoroutine(seen) else seen)


def plain(value: Any) -> Any:
    """JSON data that is equal whenever two observations mean the same.

    Ids, addresses and the implementation's own name are replaced, since they differ between runs
    and implementations by design. Sets are sorted; tuples become lists; states and exceptions
    become their facts.
    """
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _neutral(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, datetime.date | datetime.timedelta | uuid.UUID):
        return _neutral(str(value))
    if isinstance(value, BaseException):
        return plain(error_facts(value))
    if hasattr(value, "is_final"):
        return plain(state_facts(value))
    raise TypeError(
        f"a case returned {value!r}, which is not plain data; return its attributes instead"
    )


def _neutral(text: str) -> str:
    text = _UUID.sub("<id>", text)
    text = _ADDRESS.sub("<address>", text)
    return _REFERENCE.sub(_own_name, text)


def _own_name(found: re.Match[str]) -> str:
    word = found.group()
    if word.isupper():
        return "NORIA"
    return "Noria" if word[0].isupper() else "noria"


def read_golden(topic: str) -> dict[str, Any]:
    """The recorded answers of a topic by case name."""
    path = GOLDEN / f"{topic}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def write_golden(topic: str, answers: Mapping[str, Any]) -> None:
    """Replace the recorded answers of a topic."""
    text = json.dumps(answers, indent=1, ensure_ascii=False)
    (GOLDEN / f"{topic}.json").write_text(text + "\n", encoding="utf-8")


# What cases use to describe what they see, and to pass time.


def pause(seconds: float) -> None:
    """Block as a slow function of a user would; a timeout can interrupt it between short naps."""
    nap = 0.02
    for _ in range(round(seconds / nap)):
        threading.Event().wait(nap)


def outcome(call: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The value that a call returns, or the type and message of what it raises."""
    try:
        return {"value": call(*args, **kwargs)}
    except CaseTimeout:
        raise
    except BaseException as error:  # noqa: BLE001 - a case may look at interrupts and exits too
        return error_facts(error)


async def aoutcome(awaitable: Awaitable[Any]) -> dict[str, Any]:
    """Like `outcome`, for something to await."""
    try:
        return {"value": await awaitable}
    except CaseTimeout:
        raise
    except BaseException as error:  # noqa: BLE001 - a case may look at interrupts and exits too
        return error_facts(error)


def error_facts(error: BaseException) -> dict[str, Any]:
    """Type name and message of an exception."""
    return {"raised": type(error).__name__, "message": str(error)}


def error_kind(
    call: Callable[..., Any], *args: Any, mentions: tuple[str, ...] = (), **kwargs: Any
) -> Any:
    """Type of what a call raises, and which of the given words its message contains.

    For messages whose wording is free but which must name what they are about.
    """
    try:
        call(*args, **kwargs)
    except CaseTimeout:
        raise
    except BaseException as error:  # noqa: BLE001 - a case may look at interrupts and exits too
        return {
            "raised": type(error).__name__,
            "mentions": {word: word in str(error) for word in mentions},
        }
    return "nothing raised"


def caught_as(call: Callable[..., Any], kind: type[BaseException]) -> bool:
    """Whether a call raises something that `except kind` catches."""
    try:
        call()
    except kind:
        return True
    except Exception:  # noqa: BLE001 - whatever else is raised answers the question
        return False
    return False


def refused(call: Callable[[], Any]) -> bool:
    """Whether a call raises anything at all, where the kind of error is free."""
    return caught_as(call, Exception)


def state_facts(state: Any) -> dict[str, Any]:
    """Type, name and message of a state."""
    return {"type": state.type.value, "name": state.name, "message": state.message}


def lineage(cls: type) -> list[str]:
    """Names of a class and its bases, nearest first."""
    return [base.__name__ for base in cls.__mro__ if base is not object]

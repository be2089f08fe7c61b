"""How many failures of a map or stream are borne, and what is said when there were more."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from noria.core import clock
from noria.core.errors import TooManyFailures, UpstreamTaskError
from noria.core.ids import new_id
from noria.core.previews import preview
from noria.core.redaction import redactor
from noria.core.states import TERMINAL_STATES, StateType, get_state_exception
from noria.core.tracebacks import message as text_of
from noria.core.tracebacks import type_name, user_frame
from noria.engine.futures import Future, FutureList
from noria.engine.runs import TaskRun

CAUSES = 3
"""Kinds of failure that an error names."""
_LONG_MESSAGE = 200

Cause = tuple[Any, BaseException]
"""What was worked on, and the exception it came to."""


def allowed_failures(given: Any, total: int | None) -> int:
    """How many calls may fail.

    Parameters:
        given: A number, or a fraction of all (a float from 0 to 1).
        total: How many calls there are; None when nobody knows.

    Raises:
        TypeError: It is no number.
        ValueError: It is negative, no fraction, or a fraction of nobody knows what.
    """
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise TypeError(
            f"'max_failures' is a number of calls or a fraction of them; got {given!r}."
        )
    if isinstance(given, int):
        if given < 0:
            raise ValueError(f"'max_failures' must be at least 0, got {given}.")
        return given
    if not 0 <= given <= 1:
        raise ValueError(
            f"'max_failures' as a fraction is from 0.0 to 1.0, got {given}; a number of calls is "
            "an int."
        )
    if total is None:
        raise ValueError(
            f"'max_failures={given}' is a fraction, but of how many is not known before a stream "
            "has ended; give a number of calls."
        )
    # Of 10 calls 0.3 is 3, also where the product is 2.9999999999999996.
    return int(given * total + 1e-9)


class Tally:
    """Counts the failures of one map, and stops it when there are too many.

    Parameters:
        name: The task's.
        given: `max_failures`.

    Attributes:
        tripped: Whether more have failed than may.
    """

    def __init__(self, name: str, given: Any) -> None:
        self.name = name
        self.given = given
        self.tripped = False
        self._allowed = 0
        self._failed = 0
        self._futures: list[Future[Any]] = []
        self._lock = threading.Lock()

    def expect(self, total: int) -> None:
        """So many calls there are."""
        self._allowed = allowed_failures(self.given, total)

    def watch(self, future: Future[Any]) -> None:
        """Count a future that was submitted."""
        self._futures.append(future)
        future.on_done(self._ended)
        if self.tripped:
            self._withdraw(future)

    def watch_all(self, futures: FutureList[Any]) -> None:
        """Count futures that a task runner of another make has submitted."""
        self.expect(len(futures))
        futures.tally = self
        for future in futures:
            self.watch(future)

    def _ended(self, future: Future[Any]) -> None:
        kind = future.run.state_type
        if kind is StateType.COMPLETED or kind is StateType.CANCELLED or self.tripped:
            return
        with self._lock:
            self._failed += 1
            trips = self._failed == self._allowed + 1
            if trips:
                self.tripped = True
        if trips:
            for other in list(self._futures):
                self._withdraw(other)
        else:
            # It may fail: that is no failure which nobody has looked at.
            future.observed = True

    @property
    def reason(self) -> str:
        """Why the rest has not begun."""
        return f"Not begun: more than {self._allowed} calls had failed (max_failures={self.given})."

    def _withdraw(self, future: Future[Any]) -> None:
        work = future.work
        if work is not None:
            work.withdraw(self.reason)

    def never_begun(self, task: Any, parameters: dict[str, Any], like: TaskRun) -> Future[Any]:
        """The ended future of a call that is not made any more; there is no record of it.

        Parameters:
            task: The task.
            parameters: The call's.
            like: A run of the same map.
        """
        run = TaskRun(new_id(), task, like.flow_run_raw, like.group, like.parent, clock.now())
        run.enter(StateType.CANCELLED, message=self.reason)
        future: Future[Any] = Future(run)
        future.arguments = parameters
        future.settle()
        return future

    def error(self, futures: FutureList[Any]) -> TooManyFailures:
        """What is raised in the place of the results."""
        failures = failures_of(futures, futures.mapped)
        begun = [future for future in futures if future.run.state_type is not StateType.CANCELLED]
        rest = len(futures) - len(begun)
        more = f"; {rest:,} were not begun" if rest else ""
        return TooManyFailures(
            f"{len(failures):,} of {len(futures):,} calls of {self.name!r} failed, and "
            f"{self._allowed:,} may (max_failures={self.given}){more}. {causes(failures)}"
        )


def failures_of(futures: Iterable[Future[Any]], names: tuple[str, ...] = ()) -> list[Cause]:
    """What failed, each with its exception; what was cancelled has not.

    Parameters:
        futures: Ended futures.
        names: The parameters that differ from call to call; all when empty.
    """
    return [
        (item_of(future, names), error_of(future.run))
        for future in futures
        if future.run.state_type not in (StateType.COMPLETED, StateType.CANCELLED)
    ]


def error_of(run: TaskRun) -> BaseException:
    """The exception of a run that did not complete."""
    if run.state_type in TERMINAL_STATES:
        return get_state_exception(run.state)
    return UpstreamTaskError(run.state_message or f"The run is {run.state_name}.")


def item_of(future: Future[Any], names: tuple[str, ...] = ()) -> Any:
    """What a call that did not complete was about.

    Parameters:
        future: The call's.
        names: The parameters that differ from call to call; all when empty.

    Returns:
        The one argument, or several in a dict; None when they are not known.
    """
    given = future.arguments
    if given is None:
        return None
    found = {name: given[name] for name in names or given if name in given}
    return next(iter(found.values())) if len(found) == 1 else found or None


def causes(failures: list[Cause]) -> str:
    """The failures by kind, the most frequent first, each with its first example."""
    kinds: dict[tuple[str, str | None], list[Cause]] = {}
    for item, error in failures:
        kinds.setdefault((type_name(error), user_frame(error)), []).append((item, error))
    ordered = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    parts = [_cause(frame, found) for (_, frame), found in ordered[:CAUSES]]
    others = sum(len(found) for _, found in ordered[CAUSES:])
    if others:
        parts.append(f"{others:,} of other kinds")
    return "; ".join(parts) + "." if parts else ""


def _cause(frame: str | None, found: list[Cause]) -> str:
    item, error = found[0]
    text = " ".join(describe(error).split())
    if len(text) > _LONG_MESSAGE:
        text = text[: _LONG_MESSAGE - 1] + "…"
    times = f"{len(found):,} × " if len(found) > 1 else ""
    about = [] if item is None else [redactor.mask(preview(item, 80))]
    if frame:
        about.append(f"at {frame}")
    first = "first " if len(found) > 1 and item is not None else ""
    return f"{times}{text}" + (f" ({first}{', '.join(about)})" if about else "")


def describe(error: BaseException) -> str:
    """`ValueError: what it says`, masked, whatever its own `__str__` does."""
    text = text_of(error)
    return f"{type_name(error)}: {text}" if text else type_name(error)

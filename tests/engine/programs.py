"""Lifecycle programs fed by hand: what they ask for, and the records they leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from noria.backend.local import LocalBackend
from noria.core import clock
from noria.core.records import FlowRunRow, GroupKind, LogRow, Record, TaskRunRow
from noria.core.settings import Settings
from noria.core.states import default_name
from noria.engine.calls import TaskCall
from noria.engine.context import FlowRunContext, flow_context
from noria.engine.effects import Ask, Call, Commit, Effect, Hook, Listen, Program, Sleep, Wait
from noria.engine.flow_calls import FlowCall
from noria.engine.futures import Future
from noria.engine.groups import NOWHERE
from noria.session import Session, temporary_session, use

NOON = 1_795_348_863_000_000


class SteppedClock(clock.Clock):
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.time / 1e6

    def sleep(self, seconds: float) -> None:
        self.time += int(seconds * 1_000_000)


class Records:
    """Takes the journal's place and keeps what is appended."""

    flush_timeout = 0.0

    def __init__(self) -> None:
        self.rows: list[Record] = []

    def append(self, record: Record) -> None:
        self.rows.append(record)

    def commit(self) -> None:
        """Nothing to wait for."""

    def close(self) -> None:
        """Nothing to write."""

    def states(self) -> list[str]:
        """The names of all recorded states of flow and task runs, as they came."""
        runs = (row for row in self.rows if isinstance(row, FlowRunRow | TaskRunRow))
        return [row.state_name or default_name(row.state) for row in runs]

    def lines(self) -> list[str]:
        """The log."""
        return [row.message for row in self.rows if isinstance(row, LogRow)]


class Raise:
    """An answer that is thrown."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Do:
    """An answer that is worked out when it is asked for, inside the run."""

    def __init__(self, fn: Callable[[], Any]) -> None:
        self.fn = fn


def spelled(effect: Effect) -> str:
    """An effect as a test writes it."""
    match effect:
        case Call(fn=fn, timeout=None):
            return f"call {fn.__name__}"
        case Call(fn=fn, timeout=timeout):
            return f"call {fn.__name__} within {timeout:g} s"
        case Hook(fn=fn):
            return f"hook {fn.__name__}"
        case Sleep(seconds=seconds):
            return f"sleep {seconds:g}"
        case Wait(futures=futures):
            return f"wait for {len(futures)}"
        case Listen(seconds=seconds):
            return "listen" if seconds is None else f"listen for {seconds:g} s"
        case Ask():
            return "ask"
        case Commit():
            return "commit"


class Fed:
    """A program that was given `answers` to its calls and hooks, in order.

    What it asks the store is really asked; sleeps and commits are answered at once.
    """

    def __init__(self, program: Program[Any], *answers: Any) -> None:
        self.effects: list[str] = []
        self.asked: list[Effect] = []
        self.raised: BaseException | None = None
        left = iter(answers)
        try:
            effect = program.send(None)
            while True:
                self.asked.append(effect)
                self.effects.append(spelled(effect))
                answer = _answer(effect, left)
                if isinstance(answer, Raise):
                    effect = program.throw(answer.error)
                else:
                    effect = program.send(answer)
        except StopIteration:
            pass
        except BaseException as error:  # noqa: BLE001 - what a test looks at
            self.raised = error
        assert list(left) == [], "the program did not ask for all of the answers"


def _answer(effect: Effect, left: Iterator[Any]) -> Any:
    if isinstance(effect, Call | Hook):
        answer = next(left)
        return answer.fn() if isinstance(answer, Do) else answer
    if isinstance(effect, Ask):
        try:
            return effect.fn()
        except Exception as error:  # noqa: BLE001 - as a driver does
            return Raise(error)
    return None


class Stage:
    """A session whose records are kept in a list, and the runs played on it."""

    def __init__(self) -> None:
        self.backend = LocalBackend(":memory:")
        self.session: Session = temporary_session(
            Settings(home="/nowhere", log_format="off"), lambda: self.backend
        )
        self.records = Records()
        self.session.journal = self.records  # type: ignore[assignment]

    @contextmanager
    def running(self, flow: Any) -> Iterator[FlowRunContext]:
        """A flow run to call tasks in; nothing of it is driven."""
        call = FlowCall(flow, {}, None, NOWHERE)
        context = FlowRunContext(flow, call.run, {}, call.begin_execution())
        token = flow_context.set(context)
        try:
            with context.execution.runner:
                yield context
        finally:
            flow_context.reset(token)

    def task_call(self, task: Any, *args: Any, wait_for: Any = None, **kwargs: Any) -> TaskCall:
        """A call of a task as the decorator makes it."""
        parameters = task.spec.bind(args, kwargs)
        return TaskCall(task, parameters, wait_for, GroupKind.CALL, NOWHERE)

    def flow_call(self, flow: Any, *args: Any, **kwargs: Any) -> FlowCall:
        """A call of a flow as the decorator makes it."""
        return FlowCall(flow, flow.spec.bind(args, kwargs), None, NOWHERE)

    def ended(self, task: Any, end: Callable[[Any], None]) -> Future[Any]:
        """A future of a run that `end` has put into its last state."""
        call = self.task_call(task)
        future: Future[Any] = Future(call.run)
        if call.execution is not None:
            call.execution.adopt(future)
        end(call.run)
        future.settle()
        return future


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage under a clock that stands still."""
    with clock.use(SteppedClock()):
        made = Stage()
        with use(made.session):
            yield made
        made.backend.close()

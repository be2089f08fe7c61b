"""Waiting for a person: in the process (paused), or without one (suspended)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NamedTuple

from noria.core import clock, ids
from noria.core.errors import CancelRun, FlowPauseTimeout, PauseRefused
from noria.core.jsontext import from_json, to_json
from noria.core.records import PauseOutcome, PauseRow, RunInputRow
from noria.core.redaction import redactor
from noria.core.states import Name, StateType, default_name
from noria.engine.bell import Ear
from noria.engine.effects import Ask, Effect, Listen, Program
from noria.engine.execution import FlowExecution
from noria.engine.suspension import keyset, state_of, suspended

SECOND = 1_000_000


class Question(NamedTuple):
    """What a person is asked."""

    schema: dict[str, Any]
    """JSON Schema of the answer."""
    description: str | None
    read: Callable[[Any], Any]
    """From the answer, as JSON has it, to the value; raises `ValueError`."""


class Stop(NamedTuple):
    """A place where a run waits.

    `timeout` and `poll_interval` are in seconds.
    """

    execution: FlowExecution
    key: str
    question: Question | None
    timeout: float | None
    poll_interval: float
    state_name: str

    @property
    def base_key(self) -> str:
        """The key of the pause: the state's name and the key, as in `paused-1`."""
        return f"{self.state_name.lower()}-{self.key}"

    @property
    def message(self) -> str:
        """What is waited for, in one line."""
        return message_of(self.question)


def message_of(question: Question | None) -> str:
    """What is waited for, in one line."""
    if question is None:
        return "waits to be resumed"
    if question.description:
        return " ".join(question.description.split())
    return f"waits for input: {', '.join(question.schema.get('properties', {}))}"


def pause(stop: Stop) -> Program[Any]:
    """The program of a pause: block until somebody resumes the run.

    Returns:
        What the answer was read as; None when there was no question.

    Raises:
        FlowPauseTimeout: Nobody resumed it in time.
        CancelRun: It was rejected.
    """
    execution = stop.execution
    if getattr(execution.session, "bell", None) is None:
        raise PauseRefused(
            "A task in a process of its own cannot pause its flow run. Pause it in the flow, or "
            "run the task with ThreadPoolTaskRunner."
        )
    execution.session.journal.watch()
    fault = None
    with execution.session.bell.listening() as ear:
        while True:
            row = yield from _begin(stop, fault)
            if row.ended is None:
                _enter(stop, row)
                row = yield from _until_ended(stop, row, ear)
                _leave(stop)
            if row.outcome == PauseOutcome.EXPIRED:
                raise FlowPauseTimeout(
                    f"Flow run {execution.flow_run.name!r} was paused for {stop.timeout:g} s "
                    f"(key {stop.key!r}) and nobody resumed it."
                )
            if row.outcome == PauseOutcome.REJECTED:
                raise _rejection(execution, row)
            value, fault = yield from _answer(stop)
            if fault is None:
                return value
            execution.log(30, f"The answer was not accepted, so it is asked for again: {fault}")


def suspend(stop: Stop) -> Program[Any]:
    """The program of a suspension: end the work on the run, unless it has been resumed already.

    Returns:
        What the answer was read as; None when there was no question.

    Raises:
        Pause: The run is to leave its process.
    """
    fault = None
    while True:
        row = yield from _begin(stop, fault)
        if row.ended is None:
            raise suspended(row, stop.message if fault is None else f"{stop.message} ({fault})")
        value, fault = yield from _answer(stop)
        if fault is None:
            return value
        stop.execution.log(30, f"The answer was not accepted, so it is asked for again: {fault}")


def _begin(stop: Stop, fault: str | None) -> Generator[Effect, Any, PauseRow]:
    execution, now = stop.execution, clock.now()
    row = new_row(
        execution.flow_run.raw_id,
        stop.base_key,
        stop.state_name,
        now,
        stop.timeout,
        stop.question,
    )._replace(fault=fault)
    asked = question_rows(row, stop.question)
    found: PauseRow = yield Ask(lambda: execution.session.backend.begin_pause(row, asked))
    return found


def new_row(
    flow_run: bytes,
    key: str,
    state_name: str,
    now: int,
    timeout: float | None,
    question: Question | None,
    requested: bool = False,
) -> PauseRow:
    """A pause that begins now."""
    return PauseRow(
        flow_run=flow_run,
        key=key,
        name=state_name,
        since=now,
        until=None if timeout is None else now + int(timeout * SECOND),
        wants_input=question is not None,
        requested=requested,
        fault=None,
        ended=None,
        outcome=None,
        note=None,
    )


def question_rows(row: PauseRow, question: Question | None) -> list[RunInputRow]:
    """What a pause asks for, as the run's inputs keep it."""
    if question is None:
        return []
    keys = keyset(row.key)
    found: list[tuple[str, Any]] = [(keys["schema"], question.schema)]
    if question.description:
        found.append((keys["description"], redactor.mask(question.description)))
    return [
        RunInputRow(ids.new_id(), row.flow_run, key, to_json(value), None, row.since)
        for key, value in found
    ]


def _until_ended(stop: Stop, row: PauseRow, ear: Ear) -> Generator[Effect, Any, PauseRow]:
    backend, flow_run, key = stop.execution.session.backend, row.flow_run, row.key
    deadline = None if stop.timeout is None else clock.monotonic() + stop.timeout
    while True:
        ear.forget()
        found: PauseRow | None = yield Ask(lambda: backend.pause(flow_run, key))
        if found is None or found.ended is not None:
            # A pause that was deleted under the run is nothing to wait for.
            return found or row._replace(outcome=PauseOutcome.RESUMED)
        left = stop.poll_interval
        if deadline is not None:
            left = min(left, deadline - clock.monotonic())
        if left <= 0:
            yield Ask(partial(backend.end_pause, flow_run, key, PauseOutcome.EXPIRED, clock.now()))
            deadline = None
        else:
            yield Listen(ear, left, aside=True)


def _answer(stop: Stop) -> Generator[Effect, Any, tuple[Any, str | None]]:
    """What the answer is read as, and what is wrong with it."""
    question = stop.question
    if question is None:
        return None, None
    execution = stop.execution
    key = keyset(stop.base_key)["response"]
    found = yield Ask(lambda: execution.session.backend.run_input(execution.flow_run.raw_id, key))
    given = {} if found is None else from_json(found.value)
    try:
        return question.read(given), None
    except ValueError as exc:
        return None, fault_of(exc)


def fault_of(exc: ValueError) -> str:
    """What is wrong with an answer, in one line."""
    if not hasattr(exc, "errors"):
        return " ".join(str(exc).split())
    lines = []
    for error in exc.errors():
        where = ".".join(map(str, error["loc"]))
        said = str(error["msg"]).removeprefix("Value error, ")
        lines.append(f"{where}: {said}" if where else said)
    return "; ".join(lines)


def _enter(stop: Stop, row: PauseRow) -> None:
    execution = stop.execution
    run = execution.flow_run
    with execution.pauses.lock:
        execution.pauses.waiting.add(row.key)
        if run.state_type is not StateType.PAUSED:
            run.remember()
        run.enter_state(state_of(row, stop.message))
        execution.retold()


def _leave(stop: Stop) -> None:
    execution = stop.execution
    run = execution.flow_run
    with execution.pauses.lock:
        execution.pauses.waiting.discard(stop.base_key)
        if not execution.pauses.waiting and run.state_type is StateType.PAUSED:
            run.remember()
            run.enter(StateType.RUNNING)
            execution.retold()


def _rejection(execution: FlowExecution, row: PauseRow) -> CancelRun:
    reason = f"The run was rejected: {row.note}" if row.note else "The run was rejected."
    if not execution.stopper.is_here():
        # A task in a thread of its own paused the run; what is rejected is the run.
        execution.cancel(reason)
    return CancelRun(reason)


PAUSED = default_name(StateType.PAUSED)
SUSPENDED = Name.SUSPENDED

"""Giving a run that waits for a person what it waits for."""

from __future__ import annotations

from typing import Any

from noria.backend.port import Backend
from noria.core import ids
from noria.core.errors import FlowPauseTimeout, NotPausedError, RunInputError
from noria.core.jsonschema import Problem, problems
from noria.core.jsontext import from_json, to_json
from noria.core.records import FlowRunRow, PauseOutcome, PauseRow, RunInputRow
from noria.core.states import Name, StateType
from noria.engine.suspension import keyset


def schema_of(backend: Backend, pause: PauseRow) -> dict[str, Any] | None:
    """The JSON Schema of what a pause asks for; None when it asks for nothing."""
    if not pause.wants_input:
        return None
    row = backend.run_input(pause.flow_run, keyset(pause.key)["schema"])
    found: dict[str, Any] = {} if row is None else from_json(row.value)
    return found


def description_of(backend: Backend, pause: PauseRow) -> str | None:
    """What a pause says to who is asked."""
    row = backend.run_input(pause.flow_run, keyset(pause.key)["description"])
    return None if row is None else str(from_json(row.value))


def faults(backend: Backend, pause: PauseRow, given: Any) -> list[Problem]:
    """What of an answer is not as the pause asks for it."""
    schema = schema_of(backend, pause)
    return [] if schema is None else problems(given or {}, schema)


def give(
    backend: Backend, run: FlowRunRow, pause: PauseRow, given: dict[str, Any] | None, now: int
) -> PauseRow:
    """End a pause with an answer.

    Parameters:
        backend: Where it is kept.
        run: The run, for the messages.
        pause: The pause.
        given: The answer by field; None gives nothing.
        now: The time.

    Returns:
        The pause as it is afterwards.

    Raises:
        RunInputError: The answer is not what the pause asks for; it still waits.
        FlowPauseTimeout: It is too late.
        NotPausedError: Somebody else was faster.
    """
    wrong = faults(backend, pause, given)
    if wrong:
        told = "; ".join(map(str, wrong))
        raise RunInputError(f"Flow run {run.name!r} still waits, for another input: {told}.")
    answer = None
    if pause.wants_input:
        key = keyset(pause.key)["response"]
        answer = RunInputRow(ids.new_id(), pause.flow_run, key, to_json(given or {}), None, now)
    outcome = PauseOutcome.RESUMED
    ended = backend.end_pause(pause.flow_run, pause.key, outcome, now, None, answer)
    if ended is None:
        raise NotPausedError(f"Flow run {run.name!r} does not wait any more: it was resumed.")
    if ended.outcome == PauseOutcome.EXPIRED:
        raise too_late(run)
    return ended


def give_all(backend: Backend, run: FlowRunRow, given: dict[str, Any] | None, now: int) -> None:
    """Resume all that a suspended run waits for, with an answer for the oldest question.

    Raises what `give` raises, for the oldest question; later ones stay open and are asked again.
    """
    asked = False
    for pause in backend.open_pauses(run.id):
        if not pause.wants_input:
            give(backend, run, pause, None, now)
        elif not asked:
            asked = True
            give(backend, run, pause, given, now)


def too_late(run: FlowRunRow) -> FlowPauseTimeout:
    """What somebody is told who resumes a run too late."""
    return FlowPauseTimeout(
        f"Flow run {run.name!r} can no longer be resumed: the time that it waits for is over."
    )


def is_of_deployment(run: FlowRunRow) -> bool:
    """Whether a run was asked for by its deployment, so that a worker takes it."""
    return "deployment" in from_json(run.settings or "{}")


def is_suspended(run: FlowRunRow) -> bool:
    """Whether a run waits for a person and has left its process."""
    return run.state is StateType.PAUSED and run.state_name == Name.SUSPENDED

"""An attempt of a task that has a circuit breaker."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from noria.core import clock
from noria.core.breakers import Outcome
from noria.core.errors import CircuitOpen
from noria.core.states import Name, State, StateType
from noria.engine.breakers import Guard, Passage
from noria.engine.calls import TaskCall
from noria.engine.context import TaskRunContext
from noria.engine.effects import Ask, Effect, Sleep
from noria.engine.task_run import begin, one_attempt

LONGEST_PAUSE = 5.0
"""Seconds after which a task that waits for its breaker looks at it again."""


def guarded_attempt(
    guard: Guard,
    call: TaskCall,
    context: TaskRunContext,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    name: str | None,
) -> Generator[Effect, Any, State[Any] | None]:
    """Call a task's function once, if its circuit breaker lets it through; as `one_attempt`."""
    passage = Passage()
    waits = guard.retries_wait and call.task.retries > 0
    pauses = 0
    try:
        while (refused := (yield Ask(partial(guard.enter, passage)))) is not None:
            if not waits:
                return State(StateType.FAILED, message=str(refused), data=refused)
            yield Sleep(_pause_before(call, refused, pauses))
            pauses += 1
        yield from begin(call, Name.RETRYING if pauses and call.run.run_count else name)
        state = yield from one_attempt(call, context, args, kwargs)
        yield Ask(partial(_tell, guard, passage, state))
    except BaseException as exc:
        guard.leave(passage, exc)
        raise
    return state


def _pause_before(call: TaskCall, refused: CircuitOpen, pauses: int) -> float:
    """Seconds until a circuit breaker is asked again; at first, record that the run waits."""
    run, now = call.run, clock.now()
    if pauses == 0:
        run.remember()
        run.enter(StateType.SCHEDULED, Name.AWAITING_RETRY, str(refused))
        if refused.next_try is not None:
            run.state.state_details.scheduled_time = refused.next_try
        if call.execution is not None:
            call.execution.record(run)
        run.remember()
    # It may be reset, or its trial may end, at any time.
    pause: float = min(LONGEST_PAUSE, 0.1 * 2 ** min(pauses, 6))
    if refused.next_try is None or refused.half_open:
        return pause
    left = (clock.to_micros(refused.next_try) - now) / 1_000_000
    return min(LONGEST_PAUSE, max(left, 0.001))


def _tell(guard: Guard, passage: Passage, state: State[Any] | None) -> None:
    """Tell a circuit breaker how an attempt has ended."""
    if state is None or isinstance(state.data, BaseException):
        guard.leave(passage, None if state is None else state.data)
    else:
        guard.leave(passage, None, Outcome.FAILURE, state.message)

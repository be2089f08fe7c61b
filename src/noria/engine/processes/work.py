"""A submitted call whose function is called in a child process.

Everything else that makes up a task's life (retries, hooks, cache, records, results) happens in the
thread that owns the process, as in a pool of threads. Only the effect `Call` is performed there.
"""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any

from noria.core import clock
from noria.core.errors import CancelRun, ProcessDied, SerializationError
from noria.core.outcomes import describe_exception
from noria.core.records import CacheRow, LogRow
from noria.engine import caching, transacting
from noria.engine.calls import TaskCall
from noria.engine.context import current_tags, task_context
from noria.engine.effects import Ask, Call, Program
from noria.engine.pool import Work
from noria.engine.processes.answers import take_in
from noria.engine.processes.channel import NOTHING
from noria.engine.processes.exceptions import unpack
from noria.engine.processes.messages import (
    MOST_TASKS,
    Alike,
    FlowFacts,
    Kind,
    Order,
    Outcome,
    TaskByName,
    TaskByValue,
)
from noria.engine.processes.process import ChildProcess
from noria.engine.processes.processors import processed
from noria.engine.runs import TaskRun
from noria.engine.task_run import run_task

if TYPE_CHECKING:
    from noria.engine.groups import Group
    from noria.engine.processes.pool import ProcessPool

LOOK_SECONDS = 1.0
"""How often a waiting thread looks whether its process lives, for when the pipe cannot tell:
what a killed process has forked may hold it open."""


class ProcessWork(Work):
    """One submitted call, made in the process of the thread that it comes to."""

    __slots__ = ("_alike", "_child", "_interrupted", "_lock", "_processes")

    def __init__(self, call: TaskCall, pool: ProcessPool, context: Context) -> None:
        super().__init__(call, pool, context)
        self._processes = pool
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None
        self._interrupted = False
        self._alike: Alike = ()

    def program(self, call: TaskCall) -> Program[TaskRun]:
        """The lifecycle, with the function called elsewhere."""
        return _calling(partial(self._perform, call), run_task(call))

    def cancel(self) -> None:
        """Never start, or end the process in which the function runs."""
        with self._lock:
            child = self._child
            self._interrupted = child is not None
        if child is None:
            super().cancel()
        else:
            child.interrupt()

    def _perform(self, call: TaskCall, effect: Call) -> Any:
        """Have the function called; returns what it returns and raises what it raises."""
        while call.stand_in is not None and call.stand_in.call is not None:
            # The function is that of the fallback which has taken over.
            call = call.stand_in.call
        pool, run = self._processes, call.run
        # First of all, so that a new process gets ready while its first task is pickled.
        child = pool.child(call.session())
        task = pool.sender.task(call.task)
        arguments = pool.sender.arguments(call.task, call.parameters)
        run.process, run.cpu, run.peak_memory = child.pid, None, None
        if call.execution is not None:
            call.execution.record(run)
        order = self._order(call, effect, child, _unless_known(task, child), arguments)
        outcome = self._in_child(call, effect, child, order)
        run.cpu, run.peak_memory = outcome.cpu, outcome.peak_memory
        self._alike = outcome.alike
        if call.execution is not None:
            take_in(call.execution, call.task, outcome)
        if outcome.values is not None:
            _set(outcome.values)
        return _value(call, child, outcome)

    def _in_child(self, call: TaskCall, effect: Call, child: ChildProcess, order: Order) -> Outcome:
        with self._lock:
            self._child, self._interrupted = child, False
        try:
            child.channel.send(order)
            return self._outcome(call, effect, child)
        except (EOFError, BrokenPipeError):
            self._end(call, child)
            if self._interrupted:
                raise CancelRun from None
            raise ProcessDied(f"The process {child.pid} that ran it {child.epitaph()}.") from None
        except BaseException:
            self._end(call, child)
            raise
        finally:
            with self._lock:
                self._child = None

    def _outcome(self, call: TaskCall, effect: Call, child: ChildProcess) -> Outcome:
        """Serve the process until it says how the call has ended."""
        deadline: float | None = None
        while True:
            seconds = LOOK_SECONDS
            if deadline is not None:
                seconds = min(seconds, max(0.0, deadline - clock.monotonic()))
            message = child.channel.receive(seconds)
            if message is NOTHING:
                if deadline is not None and clock.monotonic() >= deadline:
                    raise effect.on_timeout()
                if not child.lives():
                    raise EOFError
            elif message[0] == Kind.STARTED:
                assert effect.timeout is not None
                deadline = clock.monotonic() + effect.timeout
            elif message[0] == Kind.OUTCOME:
                if self._interrupted:
                    raise CancelRun
                outcome: Outcome = message[1]
                return outcome
            else:
                self._serve(call, child, message)

    def _serve(self, call: TaskCall, child: ChildProcess, message: Any) -> None:
        """Take in or answer what a process says on the way."""
        kind, *content = message
        if kind == Kind.RECORD:
            record = content[0]
            if type(record) is LogRow:
                record = processed(record, self._processes.processors)
            elif type(record) is CacheRow:
                caching.remember(call.session(), record)
            if record is not None:
                call.session().journal.append(record)
        elif kind == Kind.ASK:
            child.channel.send_pickle(self._processes.answers.answer(call, *content))
        elif kind == Kind.TELL:
            self._processes.answers.hear(call, *content)
        elif kind == Kind.BROKEN:
            error = unpack(content[0], pickle.loads)
            raise RuntimeError(self._processes.break_down(child.pid, error)) from error

    def _end(self, call: TaskCall, child: ChildProcess) -> None:
        """End a process that is of no more use, and hear its last words."""
        self._processes.forget_child()
        if child.lives():
            child.interrupt()
        try:
            while (message := child.channel.receive(LOOK_SECONDS)) is not NOTHING or child.lives():
                if message is not NOTHING and message[0] != Kind.BROKEN:
                    self._serve(call, child, message)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            # It has said all that it will say.
            pass
        finally:
            child.end()

    def _order(
        self,
        call: TaskCall,
        effect: Call,
        child: ChildProcess,
        task: TaskByName | TaskByValue,
        arguments: bytes,
    ) -> Order:
        run, execution = call.run, call.execution
        context = task_context.get()
        group: Group | int | None = run.group
        if run.group is not None:
            self._processes.answers.know(run.group)
            if run.group.number in child.groups:
                group = run.group.number
            child.groups.add(run.group.number)
        facts = None
        if execution is not None and child.flow_run != execution.flow_run.raw_id:
            facts = _facts(call)
            child.flow_run = execution.flow_run.raw_id
        return Order(
            task,
            call.task.name,
            arguments,
            run.raw_id,
            run.name,
            run.run_count,
            run.born,
            run.start,
            run.parent,
            run.identity,
            run.tags,
            context is not None and context.log_prints,
            current_tags.get(),
            group,
            None if execution is None else execution.flow_run.raw_id,
            facts,
            self._alike,
            effect.timeout is not None,
        )


def _calling(perform: Callable[[Call], Any], program: Program[TaskRun]) -> Program[TaskRun]:
    """A program with `perform` in the place of its driver's calls."""
    try:
        effect = program.send(None)
        while True:
            if type(effect) is Call:
                effect = Ask(partial(perform, effect))
            try:
                answer = yield effect
            except BaseException as exc:  # noqa: BLE001 - the program decides what it means
                effect = program.throw(exc)
            else:
                effect = program.send(answer)
    except StopIteration as stop:
        run: TaskRun = stop.value
        return run


def _unless_known(task: TaskByName | TaskByValue, child: ChildProcess) -> TaskByName | TaskByValue:
    """The task as it has to be sent to this process."""
    if isinstance(task, TaskByValue):
        if task.digest in child.tasks:
            return task._replace(blob=None)
        if len(child.tasks) >= MOST_TASKS:
            child.tasks.clear()
        child.tasks.add(task.digest)
    return task


def _facts(call: TaskCall) -> FlowFacts:
    execution, context = call.execution, call.flow_context
    assert execution is not None
    assert context is not None
    flow = execution.flow
    run = copy.copy(execution.flow_run)
    # What may be large or refuse to be pickled is fetched when it is asked for.
    run.parameters, run.data, run._state, run.arguments = {}, None, None, None
    return FlowFacts(
        run,
        flow.name,
        flow.version,
        "strict" if execution.strict else flow.durability,
        context.log_prints,
        bool(execution.memo),
    )


def _set(values: bytes) -> None:
    """Let the hooks find what the task has set in its transaction."""
    context = task_context.get()
    assert context is not None
    transacting.set_values(context, pickle.loads(values))


def _value(call: TaskCall, child: ChildProcess, outcome: Outcome) -> Any:
    if outcome.error is not None:
        raise unpack(outcome.error, pickle.loads)
    assert outcome.value is not None
    try:
        return pickle.loads(outcome.value)
    except Exception as exc:
        raise SerializationError(
            f"What task {call.task.name!r} returned in process {child.pid} cannot be read here: "
            f"{describe_exception(exc)}"
        ) from exc

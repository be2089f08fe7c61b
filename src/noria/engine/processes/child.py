"""What a process of a pool runs: it makes the calls it is sent until the pipe is closed."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from contextlib import nullcontext
from contextvars import copy_context
from functools import partial
from types import FrameType
from typing import Any, cast

from noria.core import clock
from noria.core.annotations import NotSet
from noria.core.errors import SerializationError, TerminationSignal
from noria.core.outcomes import describe_exception
from noria.core.redaction import redactor
from noria.core.states import StateType
from noria.engine import session as sessions
from noria.engine.context import TaskRunContext, current_tags, flow_context, task_context
from noria.engine.drivers import drive, exhaust, finish
from noria.engine.futures import Future
from noria.engine.gate import gate
from noria.engine.groups import Group
from noria.engine.logs import install
from noria.engine.prints import prints_of
from noria.engine.processes import names
from noria.engine.processes.channel import Channel
from noria.engine.processes.exceptions import PackedException, pack
from noria.engine.processes.home import Home
from noria.engine.processes.messages import Kind, Order, Outcome, SetUp, Unseen
from noria.engine.processes.receiving import Receiver
from noria.engine.processes.stand_ins import (
    NotNow,
    RemoteExecution,
    RemoteFlowContext,
    RemoteSession,
)
from noria.engine.resources import peak_memory
from noria.engine.runs import TaskRun
from noria.engine.transacting import settle_alone

GRACE = 2.0
"""Seconds that a task has to clean up once its process is asked to end."""
_LOOK = 1000
"""Milliseconds between looks at whether the flow's process lives, for when the pipe cannot tell."""


def main(incoming: int, outgoing: int) -> None:
    """Serve the process at the other ends of two pipes."""
    signal.signal(signal.SIGINT, _ignore)
    signal.signal(signal.SIGTERM, _terminate)
    for file in (incoming, outgoing):
        os.set_inheritable(file, False)
    channel = Channel(incoming, outgoing)
    try:
        worker = _made_ready(channel)
        if worker is not None:
            threading.Thread(target=worker.watch, args=(incoming,), daemon=True).start()
            worker.serve()
    except (EOFError, BrokenPipeError):
        return
    except TerminationSignal:
        _die()


def _ignore(signum: int, frame: FrameType | None) -> None:
    """Ctrl-C is the business of the flow's process. Unlike SIG_IGN, this is not handed on to
    programs that a task starts."""


def _terminate(signum: int, frame: FrameType | None) -> None:
    gate().arrive(TerminationSignal(signal=signum))


def _die() -> None:
    """End as the signal would have ended the process, so that who waits for it sees why."""
    _flush()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


def _made_ready(channel: Channel) -> _Worker | None:
    set_up: SetUp = channel.receive()
    sys.argv[:] = set_up.argv
    home = Home(channel)
    redactor.add(set_up.secrets)
    # What a task loads here is masked by the journal, which is there.
    redactor.on_add = partial(home.tell, "secrets")
    receiver = Receiver(home, set_up.scripts, set_up.main_file)
    names.find = receiver.find
    not_now = sessions.use(cast("Any", NotNow()))
    try:
        with not_now:
            install()
            if set_up.initializer is not None:
                initializer, arguments = receiver.loads(set_up.initializer)
                initializer(*arguments)
    except Exception as exc:  # noqa: BLE001 - the user's code; it is reported
        channel.send((Kind.BROKEN, pack(exc, receiver.dumps)))
        return None
    return _Worker(channel, home, receiver, set_up)


class _Worker:
    """Makes one call at a time, in the main thread, where signals can reach it."""

    def __init__(self, channel: Channel, home: Home, receiver: Receiver, set_up: SetUp) -> None:
        self._channel = channel
        self._home = home
        self._receiver = receiver
        self._session = RemoteSession(home, set_up)
        self._runner = set_up.runner()
        self._runner.__enter__()
        self._contexts: dict[bytes, RemoteFlowContext] = {}
        self._groups: dict[int, Group] = {}
        self._busy = False
        self._parent = os.getppid()

    def watch(self, incoming: int) -> None:
        """End this process, with what it has started, when the flow's process has gone while a
        task is under way."""
        hangup = select.poll()
        hangup.register(incoming, 0)
        while not hangup.poll(_LOOK) and os.getppid() == self._parent:
            continue
        ended = threading.Event()
        if self._busy:
            os.killpg(0, signal.SIGTERM)
        ended.wait(GRACE)
        if self._busy:
            os.killpg(0, signal.SIGKILL)

    def serve(self) -> None:
        """Make calls until the pipe is closed."""
        with sessions.use(cast("Any", self._session)):
            while True:
                order: Order | None = self._channel.receive()
                if order is None:
                    return
                self._busy = True
                outcome = self._make(order)
                _flush()
                # Whoever has the outcome may close the pipe at once: that must not look like the
                # death of the flow's process in the middle of a task.
                self._busy = False
                self._channel.send((Kind.OUTCOME, outcome))

    def _make(self, order: Order) -> Outcome:
        self._note(order)
        try:
            with sessions.use(cast("Any", NotNow())):
                task = self._receiver.task(order.task)
                parameters = self._receiver.loads(order.arguments)
        except Exception as exc:  # noqa: BLE001 - whatever unpickling or an import raises
            return self._failed(
                f"Task {order.task_name!r} could not be loaded in process {os.getpid()}: "
                f"{describe_exception(exc)}",
                exc,
            )
        context = self._context(order, task, parameters)
        flow = cast("RemoteFlowContext | None", context.flow_context)
        execution = None if flow is None else cast("RemoteExecution", flow.execution)
        if execution is not None:
            execution.begin_task(order.alike)
        if order.timed:
            self._channel.send((Kind.STARTED,))
        before = clock.process_cpu_time()
        value: Any = NotSet
        error: PackedException | None = None
        try:
            value = copy_context().run(_call, context, order.current_tags)
        except TerminationSignal:
            raise
        except BaseException as exc:  # noqa: BLE001 - the flow's process decides what it means
            error = pack(exc, self._receiver.dumps)
        if execution is not None:
            _wait_for(execution)
        outcome = Outcome(None, error, (clock.process_cpu_time() - before) // 1000, peak_memory())
        if error is None:
            outcome = self._with_value(outcome, value, order.task_name)
        if context.transaction is not None and context.transaction.values:
            outcome = self._with_transaction(outcome, context.transaction.values, order.task_name)
        return outcome if execution is None else self._with_traces(outcome, execution)

    def _failed(self, message: str, cause: BaseException) -> Outcome:
        error = SerializationError(message)
        error.__cause__ = cause
        return Outcome(None, pack(error, self._receiver.dumps), 0, peak_memory())

    def _with_value(self, outcome: Outcome, value: Any, task_name: str) -> Outcome:
        try:
            return outcome._replace(value=self._receiver.dumps(value, "result"))
        except SerializationError as exc:
            error = SerializationError(
                f"What task {task_name!r} returned cannot be sent back from its process: {exc}"
            )
            return outcome._replace(error=pack(error, self._receiver.dumps))

    def _with_transaction(
        self, outcome: Outcome, values: dict[str, Any], task_name: str
    ) -> Outcome:
        try:
            return outcome._replace(values=self._receiver.dumps(values, "transaction's values"))
        except SerializationError as exc:
            error = SerializationError(
                f"What task {task_name!r} has set in its transaction cannot be sent back from its "
                f"process: {exc}"
            )
            return outcome._replace(error=pack(error, self._receiver.dumps))

    def _with_traces(self, outcome: Outcome, execution: RemoteExecution) -> Outcome:
        unseen = [self._describe(future) for future in execution.failures_nobody_saw()]
        return outcome._replace(
            alike=execution.made_calls(),
            transient=tuple(execution.transient),
            reused=execution.reused,
            unseen=tuple(unseen),
        )

    def _describe(self, future: Future[Any]) -> Unseen:
        run = future.run
        error = run.data if isinstance(run.data, BaseException) else None
        return Unseen(
            run.raw_id,
            run.name,
            run.born,
            run.state_type,
            run.state_name,
            run.state_message,
            None if error is None else pack(error, self._receiver.dumps),
        )

    def _context(self, order: Order, task: Any, parameters: dict[str, Any]) -> TaskRunContext:
        group = order.group if isinstance(order.group, Group | None) else self._groups[order.group]
        run = TaskRun(order.run_id, task, order.flow_run, group, order.parent, order.created)
        if order.run_name is not None:
            run.name = order.run_name
        run.enter(StateType.RUNNING)
        run.run_count, run.start = order.run_count, order.start
        run.identity, run.tags = order.identity, order.run_tags
        flow = None if order.flow_run is None else self._contexts[order.flow_run]
        context = TaskRunContext(task, run, parameters, flow)
        context.log_prints = order.log_prints
        return context

    def _note(self, order: Order) -> None:
        """Keep what is sent only once, whatever becomes of the order."""
        if isinstance(order.group, Group):
            self._groups[order.group.number] = order.group
        if order.flow is not None:
            execution = RemoteExecution(self._home, self._session, order.flow, self._runner)
            context = RemoteFlowContext(self._home, execution, order.flow.log_prints)
            self._contexts[order.flow.run.raw_id] = context


def _call(context: TaskRunContext, tags: frozenset[str]) -> Any:
    """Call the task's function in its context."""
    flow, task = context.flow_context, context.task
    flow_context.set(flow)
    task_context.set(context)
    current_tags.set(tags)
    args, kwargs = task.spec.to_call(context.parameters)
    with nullcontext() if flow is None else prints_of(flow), prints_of(context):
        try:
            value = exhaust(finish(task.fn(*args, **kwargs)))
        except BaseException:
            drive(settle_alone(context, well=False))
            raise
        drive(settle_alone(context, well=True))
        return value


def _wait_for(execution: RemoteExecution) -> None:
    """A task does not end before what it has submitted, nor before what that submits."""
    while execution.futures:
        for future in list(execution.futures):
            future.wait_silently()

"""How the end of a task bears on transactions: its own, and the one it was called in."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from noria.core.errors import MissingResult
from noria.core.records import StoredValue, TransactionMark
from noria.core.states import State
from noria.core.transactions import CommitMode, IsolationLevel, TransactionState
from noria.engine import caching
from noria.engine.calls import TaskCall
from noria.engine.context import TaskRunContext, task_context, transaction_context
from noria.engine.effects import Effect
from noria.engine.execution import FlowExecution
from noria.engine.locks import default_lock_manager
from noria.engine.runs import TaskRun
from noria.engine.transaction_marks import Known, Marker, is_undecided
from noria.engine.transactions import BaseTransaction, Transaction, around, found, of_task

Steps = Generator[Effect, Any, None]


def completed(
    call: TaskCall, context: TaskRunContext, key: str | None, stored: StoredValue | None
) -> BaseTransaction | None:
    """Stage what a completed task has done.

    Parameters:
        call: The task's call.
        context: The task's context.
        key: What its result is cached under; None when it is not.
        stored: Its kept result.

    Returns:
        The task's transaction, to be handed over; None when nobody has anything to decide.
    """
    task, own = call.task, context.transaction
    hooked = bool(task.on_commit_hooks or task.on_rollback_hooks)
    in_block = transaction_context.get() is not None
    row = None
    if key is not None and stored is not None:
        row = caching.row_of(call, key, stored)
        if not hooked and not in_block and own is not None:
            # Nothing undoes it: that a task around it may fail makes the result no worse.
            own.commit_mode = CommitMode.EAGER
    undone = bool(task.on_rollback_hooks) and around(context, make=True) is not None
    if own is None and not in_block and not task.on_commit_hooks and not undone:
        if row is not None:
            caching.store(call.session(), row)
        return None
    own = of_task(context)
    own.key = key
    if row is not None:
        own.write = partial(caching.store, call.session(), row)
    own.stage(call.run.data, task.on_rollback_hooks, task.on_commit_hooks)
    if call.execution is not None:
        _mark_staged(own, call.execution, call.run, hooked)
    return own


def _mark_staged(
    own: BaseTransaction, execution: FlowExecution, run: TaskRun, hooked: bool
) -> None:
    has_inner = any(True for child in own.children for _ in child.marked())
    own.marker = marker = Marker(execution, run, has_inner)
    if hooked or has_inner:
        if own.values:
            marker.keep(own.values)
        marker.place(TransactionMark.STAGED)


def serialized(call: TaskCall, context: TaskRunContext, key: str) -> Steps:
    """Wait until no other transaction of the key is under way, when the task's cache policy or the
    block around it says so."""
    level = getattr(call.task.cache_policy, "isolation_level", None)
    block = transaction_context.get()
    if level is None and block is not None:
        level = block.isolation_level
    if level is None or IsolationLevel(level) is not IsolationLevel.SERIALIZABLE:
        return
    own = of_task(context)
    own.isolation_level = IsolationLevel.SERIALIZABLE
    manager = getattr(call.task.cache_policy, "lock_manager", None)
    at = own.get_parent()
    while manager is None and at is not None:
        manager = getattr(at.store, "lock_manager", None)
        at = at.get_parent()
    yield from own.locking(manager or default_lock_manager(), key)


def handed_over(own: BaseTransaction) -> Steps:
    """Commit a task's work, or leave that to the transaction around it."""
    own.open = False
    if own.get_parent() is None or own.commit_mode is CommitMode.EAGER:
        yield from own.committing()
    if own.get_parent() is None:
        own.unlock_all()
    yield from own.hand_over()


def failed(call: TaskCall, context: TaskRunContext) -> Steps:
    """Roll back what was done inside a task that has failed for good, and what it is part of."""
    own = context.transaction
    if isinstance(call.returned, State) and call.task.on_rollback_hooks:
        # It has come to its end, and says itself that it failed.
        own = of_task(context)
        own.stage(None, call.task.on_rollback_hooks)
    if own is not None:
        own.open = False
        yield from own.rolling_back()
    outer = around(context, make=False)
    if outer is not None:
        yield from outer.rolling_back()


def retried(own: BaseTransaction) -> Steps:
    """Roll back what was done inside a failed attempt; the next one begins anew."""
    yield from own.rolling_back()
    own.begin_again()


def is_to_run_again(call: TaskCall) -> Generator[Effect, Any, bool]:
    """Whether a call that an earlier execution has finished is made again all the same; a rollback
    that was cut off is finished first."""
    known = call.memo and call.memo.transaction
    if not known:
        return False
    mark, has_inner, _ = known
    if mark == TransactionMark.ROLLED_BACK:
        return True
    if mark == TransactionMark.ROLLING_BACK:
        own = _taken_up(call, known)
        own.join(None)
        yield from own.rolling_back()
        return True
    # Only inside it the calls are made that have hooks of their own.
    return has_inner and mark != TransactionMark.COMMITTED


def taken_over(call: TaskCall, value: Any) -> BaseTransaction | None:
    """Stage what a task has done in an earlier execution.

    Returns:
        The task's transaction, to be handed over; None when nobody has anything to decide.
    """
    known = call.memo and call.memo.transaction
    if known and known[0] == TransactionMark.COMMITTED:
        _marker(call, known).place(TransactionMark.COMMITTED)
        return None
    if not known and transaction_context.get() is None:
        return None
    own = _taken_up(call, known)
    own.state = TransactionState.STAGED
    own._staged_value = value
    if known and known[0] == TransactionMark.COMMITTING:
        if any(_was_staged(one) for one in own.outermost().marked()):
            # The kill came between the marks, before anything was done about them.
            _marker_of(own).place(TransactionMark.STAGED)
        else:
            # It was decided, and nothing that comes now can change it.
            own.join(None)
            own.state = TransactionState.STAGED
    return own


def _was_staged(one: BaseTransaction) -> bool:
    return one.taken and _marker_of(one).mark == TransactionMark.STAGED


def _marker_of(one: BaseTransaction) -> Marker:
    assert one.marker is not None
    return one.marker


def _taken_up(call: TaskCall, known: Known | None) -> BaseTransaction:
    """The transaction that a task had in an earlier execution."""
    context = call.task_context()
    context.caller = task_context.get()
    own = of_task(context)
    own.marker = marker = _marker(call, known)
    own.taken = True
    if known is not None:
        own.on_rollback_hooks = list(call.task.on_rollback_hooks)
        own.on_commit_hooks = list(call.task.on_commit_hooks)
        marker.place(known[0])
        try:
            own.values = marker.values()
        except MissingResult as exc:
            execution = call.execution
            assert execution is not None
            execution.say_once(str(exc), f"{exc} Hooks will not find what the task has set.")
    stored = None if call.memo is None else call.memo.result
    if stored is not None and (call.task.caches or _flow_persists(call)):
        key = caching.key_of(call, context)
        if key is not None:
            own.write = partial(caching.store, call.session(), caching.row_of(call, key, stored))
    own.open = False
    return own


def _flow_persists(call: TaskCall) -> bool:
    return call.task.caches_if_flow_persists and bool(call.execution and call.execution.persists)


def _marker(call: TaskCall, known: Known | None) -> Marker:
    assert call.execution is not None
    marker = Marker(call.execution, call.run, bool(known and known[1]))
    if known is not None:
        marker.again(known)
    return marker


def sub_flow_completed(tracking: TaskCall) -> BaseTransaction | None:
    """Let the transaction around a sub-flow know that it has ended: when that is rolled back, the
    sub-flow is to run again.

    Returns:
        What is to be handed over; None when there is nothing around it.
    """
    outer = found()
    if outer is None or tracking.execution is None:
        return None
    child = tracking.run.child_run
    inside = (one.run for one in outer.marked() if one.run is not None)
    has_inner = any(run.flow_run_raw == child for run in inside)
    if not has_inner and transaction_context.get() is None:
        return None
    own = Transaction(isolation_level=None)
    own.run = tracking.run
    own.join(outer)
    own.state = TransactionState.STAGED
    own.marker = marker = Marker(tracking.execution, tracking.run, has_inner)
    if has_inner:
        marker.place(TransactionMark.STAGED)
    return own


def settle_alone(own: BaseTransaction, well: bool) -> Steps:
    """End what a task has begun in a process of its own, where nobody around it can decide."""
    own.open = False
    yield from own.committing() if well else own.rolling_back()
    own.unlock_all()


__all__ = [
    "completed",
    "failed",
    "handed_over",
    "is_to_run_again",
    "is_undecided",
    "of_task",
    "retried",
    "serialized",
    "settle_alone",
    "sub_flow_completed",
    "taken_over",
]

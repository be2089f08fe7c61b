"""How the end of a task bears on transactions: its own, and the one it was called in."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from noria.core.records import StoredValue
from noria.core.states import State
from noria.core.transactions import CommitMode
from noria.engine import caching
from noria.engine.calls import TaskCall
from noria.engine.context import TaskRunContext, transaction_context
from noria.engine.effects import Effect
from noria.engine.transactions import BaseTransaction, around, of_task

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
        if not hooked and not in_block:
            # Nothing undoes it: that a task around it may fail makes the result no worse.
            caching.store(call.session(), row)
            row = None
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
    return own


def handed_over(own: BaseTransaction) -> Steps:
    """Commit a task's work, or leave that to the transaction around it."""
    own.open = False
    if own.get_parent() is None or own.commit_mode is CommitMode.EAGER:
        yield from own.committing()
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


def settle_alone(context: TaskRunContext, well: bool) -> Steps:
    """End what a task has begun in a process of its own, where nobody around it can decide."""
    own = context.transaction
    if own is not None:
        own.open = False
        yield from own.committing() if well else own.rolling_back()

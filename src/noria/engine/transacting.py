"""Where runs meet transactions: the little that each run pays.

What does the work (`noria.engine.task_transactions`) is loaded with the first task that has a hook,
a block around it, or a lock to wait for.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from noria.core.records import StoredValue
from noria.engine import caching
from noria.engine.context import TaskRunContext, transaction_context
from noria.engine.effects import Effect

if TYPE_CHECKING:
    from noria.engine.calls import TaskCall
    from noria.engine.transactions import BaseTransaction

Steps = Generator[Effect, Any, None]


def _workings() -> Any:
    from noria.engine import task_transactions  # noqa: PLC0415 - few runs are in a transaction

    return task_transactions


def _in_use() -> ModuleType | None:
    """Whether this process can have made a transaction at all."""
    return sys.modules.get("noria.engine.transactions")


def serialized(call: TaskCall, context: TaskRunContext, key: str) -> Steps:
    """Wait until no other transaction of the key is under way, if the task asks for it."""
    level = getattr(call.task.cache_policy, "isolation_level", None)
    if level is not None or transaction_context.get() is not None:
        yield from _workings().serialized(call, context, key)


def served(context: TaskRunContext) -> None:
    """The result was there: give back the lock, if one was taken."""
    if context.transaction is not None:
        context.transaction.unlock()


def completed(
    call: TaskCall, context: TaskRunContext, key: str | None, stored: StoredValue | None
) -> BaseTransaction | None:
    """Stage what a completed task has done, or write it into the cache when nobody can undo it.

    Returns:
        What is to be handed over once the end is on record.
    """
    task = call.task
    if (
        context.transaction is not None
        or task.on_commit_hooks
        or task.on_rollback_hooks
        or transaction_context.get() is not None
    ):
        staged: BaseTransaction | None = _workings().completed(call, context, key, stored)
        return staged
    if key is not None and stored is not None:
        caching.store(call.session(), caching.row_of(call, key, stored))
    return None


def handed_over(staged: BaseTransaction | None) -> Steps:
    """Commit what was staged, or leave that to the transaction around it."""
    if staged is not None:
        yield from _workings().handed_over(staged)


def failed(call: TaskCall, context: TaskRunContext) -> Steps:
    """Roll back what a task that failed for good has done, and what it is part of."""
    if call.task.on_rollback_hooks or _in_use():
        yield from _workings().failed(call, context)


def retried(context: TaskRunContext) -> Steps:
    """Roll back what was done inside a failed attempt."""
    if context.transaction is not None:
        yield from _workings().retried(context.transaction)


def is_to_run_again(call: TaskCall) -> Generator[Effect, Any, bool]:
    """Whether a call that an earlier execution has finished is made again all the same."""
    if call.memo is None or call.memo.transaction is None:
        return False
    return bool((yield from _workings().is_to_run_again(call)))


def taken_over(call: TaskCall, value: Any) -> BaseTransaction | None:
    """Stage what a task has done in an earlier execution."""
    known = call.memo is not None and call.memo.transaction is not None
    if not known and transaction_context.get() is None:
        return None
    staged: BaseTransaction | None = _workings().taken_over(call, value)
    return staged


def sub_flow_completed(tracking: TaskCall) -> BaseTransaction | None:
    """Let the transaction around a sub-flow know that it has ended."""
    if not _in_use():
        return None
    staged: BaseTransaction | None = _workings().sub_flow_completed(tracking)
    return staged


def sub_flow_is_undecided(tracking: TaskCall) -> bool:
    """Whether a sub-flow that has ended is entered again: it was undone, or tasks in it may be."""
    known = tracking.memo and tracking.memo.transaction
    return bool(known) and bool(_workings().is_undecided(known))


def settle_alone(context: TaskRunContext, well: bool) -> Steps:
    """End what a task has begun in a process of its own, where nobody around it can decide."""
    if context.transaction is not None:
        yield from _workings().settle_alone(context.transaction, well)


def set_values(context: TaskRunContext, values: dict[str, Any]) -> None:
    """Let hooks find what a task has set in another process."""
    _workings().of_task(context).values.update(values)

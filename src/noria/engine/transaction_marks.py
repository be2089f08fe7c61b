"""What a resume is to know of tasks in transactions: marks beside their records.

That a task is staged stands in the store before that it has ended; that a commit or a rollback is
decided, before a hook is called; that it is done, after. So whatever a kill cuts off, the next
execution finds the decision, and finishes it when it comes to the call again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noria.core.errors import NoriaException
from noria.core.records import StoredValue, TransactionMark, TransactionRow

if TYPE_CHECKING:
    from noria.engine.execution import FlowExecution
    from noria.engine.runs import TaskRun

Known = tuple[int, bool, StoredValue | None]
"""What an earlier execution has left: the mark, whether tasks inside have marks, the values."""


class Marker:
    """Marks one task run of a flow.

    Parameters:
        execution: The flow's execution.
        run: The task run.
        has_inner: Whether tasks that were called inside it have marks of their own.
    """

    __slots__ = ("_execution", "_has_inner", "_run", "_values", "mark")

    def __init__(self, execution: FlowExecution, run: TaskRun, has_inner: bool = False) -> None:
        self._execution = execution
        self._run = run
        self._has_inner = has_inner
        self._values: StoredValue | None = None
        self.mark: int | None = None
        """The last one; None as long as a resume needs none."""

    @property
    def journal(self) -> Any:
        """Where marks are made safe."""
        return self._execution.session.journal

    def keep(self, values: dict[str, Any]) -> None:
        """Keep what was set in the transaction, for hooks that another execution calls."""
        try:
            self._values = self._execution.session.results.keep(values, serializer="pickle")
        except NoriaException as exc:
            self._execution.say_once(
                f"values: {self._run.task.name}",
                f"What task {self._run.task.name!r} has set in its transaction cannot be kept: "
                f"{exc} After a crash its hooks would not find it.",
            )

    def again(self, known: Known) -> None:
        """Keep what an earlier execution has kept."""
        self._values = known[2]

    def values(self) -> dict[str, Any]:
        """What an earlier execution has kept.

        Raises:
            MissingResult: It is gone, or cannot be read.
        """
        if self._values is None:
            return {}
        found: dict[str, Any] = self._execution.session.results.load(self._values)
        return found

    def place(self, mark: int) -> None:
        """Put a `TransactionMark` on record."""
        self.mark = mark
        run, execution = self._run, self._execution
        self.journal.append(
            TransactionRow(
                run.raw_id,
                run.flow_run_raw or b"",
                execution.epoch,
                mark,
                self._has_inner,
                None if mark in _OVER else self._values,
            )
        )


_OVER = (TransactionMark.COMMITTED, TransactionMark.ROLLED_BACK)


def is_undecided(known: Known) -> bool:
    """Whether a sub-flow is to be entered again: it was undone, or tasks in it are undecided."""
    mark, has_inner, _ = known
    return mark == TransactionMark.ROLLED_BACK or (has_inner and mark != TransactionMark.COMMITTED)

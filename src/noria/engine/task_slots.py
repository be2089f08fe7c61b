"""Task runs whose tags are limited: each waits for slots of all of them before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noria.core.ids import to_text
from noria.core.jsontext import to_json
from noria.core.slots import TAG_PREFIX
from noria.core.states import Name, StateType
from noria.engine.effects import Program
from noria.engine.slots import Slots, holding

if TYPE_CHECKING:
    from noria.engine.calls import TaskCall


class TaskSlots:
    """The slots of one task run; held from each attempt's beginning, not while it waits to retry.

    Parameters:
        call: The call.
        tags: Its tags that are limited.
    """

    def __init__(self, call: TaskCall, tags: frozenset[str]) -> None:
        self._call = call
        self._tags = sorted(tags)
        self._slots: Slots | None = None
        self._held = False

    def take(self) -> Program[None]:
        """Wait for the slots, unless they are held already."""
        if self._slots is not None:
            return
        run = self._call.run
        holder = {"type": "task_run", "id": to_text(run.raw_id), "name": run.name}
        self._slots = Slots(
            [TAG_PREFIX + tag for tag in self._tags],
            holder=to_json(holder),
            on_wait=self._say_that_it_waits,
        )
        yield from self._slots.acquire()
        self._held = True
        holding.set(holding.get() + 1)

    def release(self) -> None:
        """Give the slots back, if they are held."""
        slots, self._slots = self._slots, None
        if self._held:
            self._held = False
            holding.set(max(0, holding.get() - 1))
        if slots is not None:
            slots.release()

    def _say_that_it_waits(self) -> None:
        run, execution = self._call.run, self._call.execution
        run.remember()
        message = f"waits for a slot of {', '.join(map(repr, self._tags))}"
        run.enter(StateType.SCHEDULED, Name.AWAITING_CONCURRENCY_SLOT, message)
        if execution is not None:
            execution.record(run)
        run.remember()

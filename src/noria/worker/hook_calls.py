"""Hooks of runs whose process has died, called in processes of a worker."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from noria.backend.deploying import spec_of
from noria.backend.port import Backend
from noria.core.deployments import DeploymentSpec
from noria.core.jsontext import from_json
from noria.core.pools import OwedHook
from noria.core.records import FlowRunRow
from noria.worker.link import how_it_ended
from noria.worker.orders import Birth, Death, Lost, Order, Refusal, hook_key, hook_order
from noria.worker.output import Output, path_of

AT_ONCE = 4 * (os.cpu_count() or 1)
"""So many processes call hooks at once: a machine that has died may have left a thousand runs."""


@dataclass
class _Call:
    hook: OwedHook
    order: Order
    output: Output | None
    pid: int | None = None


class HookCalls:
    """What is owed to runs, and who sees to it.

    Parameters:
        backend: Where it is owed.
        worker: The id of the worker's process.
        folder: Where what hooks print is kept until it is told.
        say: Told in a sentence what happens.
        order: Has a process made.
    """

    def __init__(
        self,
        backend: Backend,
        worker: bytes,
        folder: str,
        say: Callable[[str], None],
        order: Callable[[Order], object],
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._folder = folder
        self._say = say
        self._order = order
        self._calls: dict[str, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def has_room(self) -> bool:
        """Whether more may be begun."""
        return len(self._calls) < AT_ONCE

    def begin(self, hook: OwedHook) -> None:
        """See to it that hooks are called."""
        row = self._backend.flow_run(hook.flow_run)
        spec = None if row is None else self._spec_of(row)
        if row is None or spec is None:
            self._backend.hooks_called(hook.flow_run, hook.epoch)
            return
        path = path_of(self._folder, hook.flow_run, f"-{hook.epoch}")
        order = hook_order(hook, row, spec, self._worker, path)
        output = None
        with contextlib.suppress(OSError):
            output = Output(path, row.id, row.name, self._say)
        self._calls[hook_key(hook)] = _Call(hook, order, output)
        self._order(order)

    def note(self, message: Any) -> bool:
        """Take note of what a nursery says; False when it does not speak of hooks."""
        call = self._calls.get(message.key)
        if call is None:
            return False
        if isinstance(message, Birth):
            call.pid = message.pid
        elif isinstance(message, Death) and message.pid == call.pid:
            self._end(call, how_it_ended(message.status))
        elif isinstance(message, Refusal):
            self._end(call, f"no process could be made for it: {message.why}")
        elif isinstance(message, Lost):
            self._end(call, None)
        return True

    def order_again(self) -> list[Lost]:
        """There is another nursery: what the last one has not begun is ordered from it.

        Returns:
            What was begun, and whose end nobody will tell.
        """
        for call in self._calls.values():
            if call.pid is None:
                self._order(call.order)
        return [Lost(key) for key, call in self._calls.items() if call.pid is not None]

    def tell(self) -> None:
        """Show and keep what hooks have printed."""
        for call in self._calls.values():
            if call.output is not None:
                call.output.tell(self._backend)

    def pids(self) -> Iterator[int]:
        """The process groups under way."""
        return (call.pid for call in self._calls.values() if call.pid is not None)

    def close(self) -> None:
        """Leave the rest to others: what was not called is owed still."""
        for call in self._calls.values():
            if call.output is not None:
                call.output.close()

    def _end(self, call: _Call, verdict: str | None) -> None:
        # First of all: should the store be away, it is done again.
        self._backend.hooks_called(call.hook.flow_run, call.hook.epoch)
        del self._calls[call.order.key]
        if call.output is not None:
            call.output.finish(self._backend)
        if verdict is not None:
            self._say(f"hooks of {call.hook.flow_run.hex()}: {verdict}")

    def _spec_of(self, row: FlowRunRow) -> DeploymentSpec | None:
        """Where the flow is: as its deployment says, or, when that is gone, where it was."""
        name = from_json(row.settings or "{}").get("deployment")
        found = None if name is None else self._backend.deployment(bytes.fromhex(name))
        if found is not None:
            return spec_of(found)
        if row.entrypoint is None:
            return None
        return DeploymentSpec(row.flow_name, "", row.entrypoint)

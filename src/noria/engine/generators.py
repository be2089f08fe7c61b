"""Drivers for flows and tasks that are generators: the user's items pass through to the consumer.

While the consumer has its turn, the run is not around: what it calls there is its own, and the time
it takes does not count.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from typing import Any, TypeVar

from noria.core import clock
from noria.engine import interrupts
from noria.engine.context import flow_context, task_context
from noria.engine.drivers import aperform, call_within, perform
from noria.engine.effects import Call, Closed, Program
from noria.engine.stopping import LoopStopper, Stopper

R = TypeVar("R")

Around = tuple[Any, Any]
"""The flow and the task around some code."""


def drive_generator(
    program: Program[R], stopper: Stopper | None = None
) -> Generator[Any, Any, R | None]:
    """Like `drive`, for a user function that is a generator; a flow's has a stopper."""
    outside = _around()
    was_open = interrupts.gate().shut()
    try:
        effect = program.send(None)
        while True:
            try:
                # Here, so that the program hears of what has come meanwhile.
                interrupts.gate().restore(was_open)
                if type(effect) is Call:
                    answer = yield from _items(effect, outside, stopper)
                else:
                    answer = perform(effect)
                was_open = interrupts.gate().shut()
            except GeneratorExit:
                was_open = interrupts.gate().shut()
                effect = program.throw(Closed())
            except BaseException as exc:  # noqa: BLE001 - the program decides what it means
                was_open = interrupts.gate().shut(exc)
                effect = program.throw(exc)
            else:
                effect = program.send(answer)
    except StopIteration as stop:
        result: R | None = stop.value
        return result
    except Closed:
        return None
    finally:
        interrupts.gate().restore(was_open)


def _items(effect: Call, outside: Around, stopper: Stopper | None) -> Generator[Any, Any, Any]:
    """The items of the user's generator; returns what that returns."""
    items = effect.fn(*effect.args, **effect.kwargs)
    step, argument = items.send, None
    left = effect.timeout
    while True:
        before = clock.monotonic()
        ended, item = _step(effect, step, argument, left)
        if ended:
            return item
        if left is not None:
            left = max(1e-3, left - (clock.monotonic() - before))
        inside = _leave(outside, stopper)
        try:
            argument = yield item
            step = items.send
        except GeneratorExit:
            _come_back(inside, stopper)
            items.close()
            raise
        except BaseException as exc:  # noqa: BLE001 - thrown in by the consumer, for the generator
            step, argument = items.throw, exc
        _come_back(inside, stopper)
        try:
            _check_cancelled(stopper)
        except BaseException as exc:  # noqa: BLE001 - for the generator
            step, argument = items.throw, exc


def _step(
    effect: Call, step: Callable[[Any], Any], argument: Any, seconds: float | None
) -> tuple[bool, Any]:
    """One step of a generator: whether it has ended, and the item or what it returned."""

    def take() -> tuple[bool, Any]:
        try:
            return False, step(argument)
        except StopIteration as stop:
            return True, stop.value

    if seconds is None:
        return take()
    gate = interrupts.gate()
    was_open = gate.opened
    try:
        taken: tuple[bool, Any] = call_within(
            Call(take, (), {}, effect.timeout, effect.on_timeout), seconds
        )
    finally:
        gate.opened = was_open
    return taken


def _around() -> Around:
    return flow_context.get(), task_context.get()


def _leave(outside: Around, stopper: Stopper | None) -> Around:
    """Give the consumer its turn; returns what is around the run."""
    if stopper is not None:
        stopper.give_turn()
    return _enter(outside)


def _come_back(inside: Around, stopper: Stopper | None) -> None:
    _enter(inside)
    if stopper is not None:
        stopper.take_turn()


def _check_cancelled(stopper: Stopper | None) -> None:
    """Raise what was asked for while the consumer had its turn, which is not ours to interrupt."""
    context = flow_context.get()
    if context is not None and context.execution.cancelled is not None:
        if stopper is not None:
            stopper.reached()
        raise context.execution.cancelled


def _enter(around: Around) -> Around:
    """Go from one surrounding to another; returns the one left."""
    before = _around()
    flow_context.set(around[0])
    task_context.set(around[1])
    return before


async def adrive_generator(
    program: Program[Any], stopper: LoopStopper | None = None
) -> AsyncGenerator[Any, None]:
    """Like `adrive`, for an async generator function; a flow's has a stopper."""
    outside = _around()
    was_open = interrupts.gate().shut()
    try:
        effect = program.send(None)
        while True:
            try:
                interrupts.gate().restore(was_open)
                answer = None
                if type(effect) is Call:
                    async with aclosing(_aitems(effect, outside, stopper)) as items:
                        async for item in items:
                            yield item
                else:
                    answer = await aperform(effect)
                was_open = interrupts.gate().shut()
            except GeneratorExit:
                was_open = interrupts.gate().shut()
                effect = program.throw(Closed())
            except BaseException as exc:  # noqa: BLE001 - the program decides what it means
                was_open = interrupts.gate().shut(exc)
                effect = program.throw(exc)
            else:
                effect = program.send(answer)
    except (StopIteration, Closed):
        return
    finally:
        interrupts.gate().restore(was_open)


async def _aitems(
    effect: Call, outside: Around, stopper: LoopStopper | None
) -> AsyncGenerator[Any, None]:
    """The items of the user's async generator, each of which has what is left of the time."""
    left, end = effect.timeout, object()
    async with aclosing(effect.fn(*effect.args, **effect.kwargs)) as items:
        while True:
            before = clock.monotonic()
            item = await aperform(Call(anext, (items, end), {}, left, effect.on_timeout))
            if item is end:
                return
            if left is not None:
                left = max(1e-3, left - (clock.monotonic() - before))
            inside = _leave(outside, stopper)
            try:
                yield item
            finally:
                _come_back(inside, stopper)
            _check_cancelled(stopper)

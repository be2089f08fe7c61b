"""The only fork between sync and async: two loops that perform a program's effects.

`noria.engine.generators` has a form of each for flows and tasks that are generators.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import copy_context
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, TypeVar

from noria.core import clock
from noria.core.errors import CancelRun
from noria.engine import interrupts, stepping
from noria.engine.effects import Ask, Call, Commit, Effect, Hook, Listen, Program, Sleep, Wait
from noria.engine.futures import serving, stop_waiting, waiting, waiting_async
from noria.engine.gate import Gate

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")


def drive(program: Program[R]) -> R:
    """Perform a program's effects by blocking the calling thread; returns the program's result."""
    send = program.send
    gate = interrupts.gate()
    was_open = gate.shut()
    try:
        effect = send(None)
        while True:
            try:
                gate.open()
                answer = perform(effect)
                gate.shut()
            except BaseException as exc:  # noqa: BLE001 - the program decides what it means
                gate.opened = False  # see `Gate.opened`
                gate.shut(exc)
                effect = program.throw(exc)
            else:
                effect = send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result
    finally:
        gate.restore(was_open)


def drive_to_bell(
    program: Program[Any], answer: Any = None, error: BaseException | None = None
) -> Listen | None:
    """Like `drive`, up to where the program would wait for a bell however long it takes.

    Parameters:
        program: The program.
        answer: Sent to it, when it is driven on.
        error: Thrown into it instead.

    Returns:
        What it waits for; None when it has ended.
    """
    gate = interrupts.gate()
    was_open = gate.shut()
    try:
        effect = program.send(answer) if error is None else program.throw(error)
        while True:
            if type(effect) is Listen and effect.seconds is None and not effect.ear.heard.is_set():
                return effect
            try:
                gate.open()
                answer = perform(effect)
                gate.shut()
            except BaseException as exc:  # noqa: BLE001 - the program decides what it means
                gate.opened = False  # see `Gate.opened`
                gate.shut(exc)
                effect = program.throw(exc)
            else:
                effect = program.send(answer)
    except StopIteration:
        return None
    finally:
        gate.restore(was_open)


def perform(effect: Effect) -> Any:
    """Perform one effect in the calling thread."""
    kind = type(effect)
    if kind is Call:
        if effect.timeout is not None:  # type: ignore[union-attr]
            return call_within(effect, effect.timeout)  # type: ignore[arg-type, union-attr]
        value = effect.fn(*effect.args, **effect.kwargs)  # type: ignore[union-attr]
        return value if type(value) in _PLAIN else exhaust(finish(value))
    if kind is Hook:
        return finish(effect.fn(*effect.args))  # type: ignore[union-attr]
    if kind is Ask:
        return effect.fn()  # type: ignore[union-attr]
    if kind is Sleep:
        return interrupts.sleep(effect.seconds)  # type: ignore[union-attr, arg-type]
    if kind is Commit:
        return effect.journal.commit()  # type: ignore[union-attr]
    if kind is Listen:
        return _listen(effect)  # type: ignore[arg-type]
    return _wait(effect)  # type: ignore[arg-type]


def _listen(effect: Listen) -> None:
    if effect.seconds is None or clock.is_real():
        with waiting() if effect.aside else nullcontext():
            interrupts.gate().wait(effect.ear.heard, effect.seconds)
    elif not effect.ear.heard.is_set():
        clock.sleep(effect.seconds)


def _wait(effect: Wait) -> None:
    deadline = None if effect.within is None else clock.monotonic() + effect.within
    for future in effect.futures:
        future.wait_silently(None if deadline is None else max(0.0, deadline - clock.monotonic()))


_PLAIN = frozenset({type(None), int, str, float, bool, list, dict, tuple})


def finish(value: Any) -> Any:
    """Run a coroutine to its end on this thread; anything else is given back."""
    if hasattr(value, "__await__") and hasattr(value, "send"):
        import asyncio

        try:
            if asyncio._get_running_loop() is None:
                return asyncio.run(value)
            return _Beside(lambda: asyncio.run(value)).outcome()
        except BaseException:
            _close_unawaited(value)
            raise
    return value


def call_within(effect: Call, seconds: float) -> Any:
    """Call the user's function and raise the effect's `on_timeout` in it after `seconds`."""

    def call() -> Any:
        return exhaust(finish(effect.fn(*effect.args, **effect.kwargs)))

    error = interrupts.timeout_error(effect.on_timeout, effect.timeout or seconds)
    within = _deadline()
    if within is not None:
        gate = interrupts.gate()
        gate.shut()
        with within(seconds, error):
            return _through(gate, call)
    # No signal reaches another thread: the call goes to a thread of its own, which can be left.
    return _Beside(call).outcome(seconds, error)


def _deadline() -> Callable[[float, BaseException], AbstractContextManager[None]] | None:
    """What can end a call in this thread."""
    if clock.is_stepped():
        return interrupts.stepped_deadline
    if threading.current_thread() is threading.main_thread() and clock.is_real():
        return interrupts.deadline
    return None


def _through(gate: Gate, fn: Callable[[], Any]) -> Any:
    """Call `fn` with the gate open, and leave it shut."""
    try:
        gate.open()
        value = fn()
        gate.shut()
    except BaseException as exc:
        gate.shut(exc)
        raise
    return value


class _Beside:
    """One call on one daemon thread, under a copy of the caller's context and for its pool."""

    def __init__(self, fn: Callable[[], Any]) -> None:
        self._fn = fn
        self._context = copy_context()
        self._pool = serving.pool
        self._value: Any = None
        self._raised: BaseException | None = None
        self._gate: Gate | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name="noria-call", daemon=True).start()

    def _run(self) -> None:
        self._gate = gate = interrupts.gate()
        gate.shut()
        serving.pool = self._pool
        try:
            self._value = self._context.run(_through, gate, self._fn)
        except BaseException as exc:  # noqa: BLE001 - handed to the waiting thread
            self._raised = exc
        stop_waiting()
        self._done.set()

    def outcome(self, seconds: float | None = None, on_timeout: BaseException | None = None) -> Any:
        """Wait for what the call gives; whatever ends the waiting ends the call."""
        try:
            if not interrupts.gate().wait(self._done, seconds) and on_timeout is not None:
                raise on_timeout
        except BaseException as exc:
            if self._gate is not None:
                self._gate.strike(exc)
            raise
        if self._raised is not None:
            raise self._raised
        return self._value


async def adrive(program: Program[R]) -> R:
    """Perform a program's effects on the running event loop.

    Whenever it waits the gate is open: the loop's thread works for others then.
    """
    send = program.send
    gate = interrupts.gate()
    was_open = gate.shut()
    try:
        effect = send(None)
        while True:
            try:
                gate.open()
                answer = await aperform(effect)
                gate.shut()
            except GeneratorExit:
                # Whoever closes the coroutine may be another thread.
                gate = interrupts.gate()
                was_open = gate.shut()
                _abandon(program)
                raise
            except BaseException as exc:  # noqa: BLE001 - the program decides what it means
                gate.opened = False  # see `Gate.opened`
                gate.shut(exc)
                effect = program.throw(exc)
            else:
                effect = send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result
    finally:
        gate.restore(was_open)


def _abandon(program: Program[Any]) -> None:
    """End a run whose coroutine is closed: nothing can be awaited any more, but all is recorded."""
    try:
        effect = program.throw(CancelRun("The coroutine that executed the run was closed."))
        while True:
            effect = program.send(effect.fn() if type(effect) is Ask else None)
    except (StopIteration, CancelRun):
        return


async def aperform(effect: Effect) -> Any:
    """Perform one effect on the running event loop."""
    kind = type(effect)
    if kind is Call:
        if effect.timeout is not None:  # type: ignore[union-attr]
            return await _acall_with_timeout(effect)  # type: ignore[arg-type]
        return await _acalled(effect.fn, effect.args, effect.kwargs)  # type: ignore[union-attr]
    if kind is Hook:
        return await _acalled(effect.fn, effect.args, {})  # type: ignore[union-attr]
    if kind is Ask:
        return effect.fn()  # type: ignore[union-attr]
    if kind is Sleep:
        return await _asleep(effect.seconds)  # type: ignore[union-attr, arg-type]
    if kind is Commit:
        return await _acommit(effect)  # type: ignore[arg-type]
    if kind is Listen:
        return await _alisten(effect)  # type: ignore[arg-type]
    return await _await(effect)  # type: ignore[arg-type]


async def _acalled(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    value = None
    try:
        value = fn(*args, **kwargs)
        return await value if hasattr(value, "__await__") else value
    except BaseException:
        _close_unawaited(value)
        raise


def _close_unawaited(value: Any) -> None:
    """Python warns of a coroutine that nobody has awaited, though it was an interruption."""
    if type(value) is CoroutineType and not (value.cr_running or value.cr_suspended):
        value.close()


async def _await(effect: Wait) -> None:
    deadline = None if effect.within is None else clock.monotonic() + effect.within
    for future in effect.futures:
        left = None if deadline is None else max(0.0, deadline - clock.monotonic())
        await future.wait_async(left)


async def _alisten(effect: Listen) -> None:
    import asyncio

    if effect.seconds is not None and not clock.is_real():
        return _listen(effect)
    ear, loop, heard = effect.ear, asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(heard.set)

    ear.on_ring = wake
    try:
        # It may have rung before there was anybody to tell.
        if not ear.heard.is_set():
            async with asyncio.timeout(effect.seconds):
                await (waiting_async(heard) if effect.aside else heard.wait())
    except TimeoutError:
        return None
    finally:
        ear.on_ring = None
    return None


async def _acommit(effect: Commit) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    reached = asyncio.Event()
    effect.journal.when_committed(lambda: loop.call_soon_threadsafe(reached.set))
    try:
        async with asyncio.timeout(effect.journal.flush_timeout):
            await reached.wait()
    except TimeoutError:
        effect.journal.spool_pending()


async def _asleep(seconds: float) -> None:
    import asyncio

    if clock.is_real():
        await asyncio.sleep(seconds)  # noqa: TID251 - the one place where a run sleeps on a loop
    else:
        await stepping.sleep(seconds)


async def _acall_with_timeout(effect: Call) -> Any:
    import asyncio

    stepped = clock.is_stepped()
    scope = asyncio.timeout(None if stepped else effect.timeout)
    try:
        async with scope:
            with _stepped_timeout(effect, scope) if stepped else nullcontext():
                return await _acalled(effect.fn, effect.args, effect.kwargs)
    except TimeoutError:
        if scope.expired():
            raise interrupts.timeout_error(effect.on_timeout, effect.timeout or 0) from None
        raise


@contextmanager
def _stepped_timeout(effect: Call, scope: asyncio.Timeout) -> Iterator[None]:
    """Let whoever moves the stepped clock past the timeout end the scope."""
    import asyncio

    loop = asyncio.get_running_loop()

    def expire() -> None:
        # The block may have ended in the meantime.
        with suppress(RuntimeError):
            scope.reschedule(loop.time())

    moment = clock.monotonic() + (effect.timeout or 0)
    take_back = clock.call_at(moment, lambda: loop.call_soon_threadsafe(expire))
    try:
        yield
    finally:
        take_back()


def exhaust(value: Any) -> Any:
    """A list of a generator's items; anything else as it is."""
    if type(value) is GeneratorType:
        return list(value)
    return finish(_items(value)) if type(value) is AsyncGeneratorType else value


async def _items(values: AsyncIterable[Any]) -> list[Any]:
    return [value async for value in values]

"""Where a thread may be interrupted: in the user's code and in waits, not in the engine's own.

An exception that comes from outside (Ctrl-C, SIGTERM, a cancel, a deadline) can strike between any
two steps of Python. In the midst of the engine it would leave a run without a record or a future
that never ends. So each thread has a gate: a driver opens it for the time of an effect, and what
comes while it is shut is kept until it is opened again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Gate:
    """The gate of one thread; open at first, for a thread begins in the user's code."""

    __slots__ = (
        "_alarm",
        "_ident",
        "_kept",
        "_lock",
        "_owner",
        "_raised",
        "_struck",
        "opened",
        "swallowing",
    )

    def __init__(self) -> None:
        self._ident = threading.get_ident()
        # A signal's handler may find its own thread holding the lock.
        self._lock = threading.RLock()
        self._owner: object = None
        self._kept: BaseException | None = None
        self._struck: BaseException | None = None
        self._raised: BaseException | None = None
        self._alarm: threading.Event | None = None
        self.opened = True
        """Whether interruptions are let through. Who catches an exception sets this at once, and
        then shuts the gate: in the call of `shut` itself a signal might still strike."""
        self.swallowing = False
        """Whether the thread is where whatever strikes now would be swallowed, too."""

    def open(self) -> None:
        """Let interruptions through.

        Raises:
            BaseException: What has come while the gate was shut.
        """
        # Opened first: whatever comes from here on is raised by whoever brings it.
        with self._lock:
            self.opened = True
            kept, self._kept = self._kept, None
        if kept is not None:
            raise kept

    def shut(self, raised: BaseException | None = None) -> bool:
        """Keep interruptions back.

        Parameters:
            raised: What ended the time in which the gate was open.

        Returns:
            Whether the gate was open.
        """
        with self._lock:
            was_open, self.opened = self.opened, False
            self._raised = None
            struck, self._struck = self._struck, None
            if struck is not None:
                _meet(struck)
                if type(raised) is not type(struck):
                    self._kept = struck
        return was_open

    def restore(self, opened: bool) -> None:
        """Put the gate back as it was before it was shut; raises what `open` raises."""
        if opened:
            self.open()

    def arrive(self, error: BaseException) -> None:
        """Called in the gate's own thread, by a signal's handler: raise `error`, now or later."""
        if self.opened:
            self._raised = error
            raise error
        self._kept = error

    def lost(self, error: BaseException) -> BaseException | None:
        """Called in the gate's own thread: `error` was raised where Python ignores what is raised.

        Returns:
            The interruption that it was, which is still to be brought; None if it was none.
        """
        with self._lock:
            if error is self._raised:
                return error
            struck = self._struck
            return struck if struck is not None and type(error) is type(struck) else None

    @property
    def owner(self) -> object:
        """For whom the thread works."""
        return self._owner

    def strike(
        self,
        error: BaseException,
        owner: object = None,
        in_time: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Raise `error` in the gate's thread, now or later; called from another thread.

        Parameters:
            error: The exception; while the gate is open, a new one of its type is raised.
            owner: Whom it is meant for.
            in_time: Whether it still is; what has come in time is taken back by `forget`.

        Returns:
            False when it comes too late, or the thread works for somebody else by now.
        """
        with self._lock:
            if self._owner is not owner or not in_time():
                return False
            if self.opened:
                self._struck = error
                _raise_in(self._ident, type(error))
            else:
                self._kept = error
            if self._alarm is not None:
                self._alarm.set()
        return True

    def belong_to(self, owner: object) -> None:
        """The thread works for `owner` from now on; what was meant for another is dropped."""
        with self._lock:
            self._owner = owner
            self._kept = None

    def leave(self) -> BaseException | None:
        """The thread no longer works for its owner; returns what has come for that one too late to
        be raised."""
        with self._lock:
            self._owner = None
            kept, self._kept = self._kept, None
        return kept

    def forget(self, error: BaseException | None) -> None:
        """`error` is no longer to be raised; called in the gate's own thread."""
        if error is None:
            return
        with self._lock:
            if self._kept is error:
                self._kept = None
            if self._raised is error:
                self._raised = None
            if self._struck is error:
                self._struck = None
                _meet(error)

    @contextmanager
    def holding_back(self) -> Iterator[None]:
        """Nobody strikes while the block lasts."""
        with self._lock:
            yield

    def begin_after_fork(self) -> None:
        """In a forked child: another thread of the parent may have held the lock, to strike."""
        self._lock = threading.RLock()
        self._kept = self._struck = None

    def wait(self, event: threading.Event, seconds: float | None) -> bool:
        """Wait for an event, with the gate open; an interruption ends the waiting.

        Returns:
            Whether the event has come about.
        """
        was_open = self.shut()
        raised: BaseException | None = None
        try:
            self._alarm = event
            self.open()
            return event.wait(seconds)
        except BaseException as exc:
            raised = exc
            raise
        finally:
            self._alarm = None
            self.shut(raised)
            if raised is None:
                self._raise_kept(was_open)
            else:
                self.opened = was_open

    def _raise_kept(self, was_open: bool) -> None:
        """After the waiting: nothing that was to end it may be left for later."""
        try:
            self.open()
        finally:
            self.opened = was_open


class _Gates(threading.local):
    gate: Gate | None = None


_gates = _Gates()


def gate() -> Gate:
    """The gate of the calling thread."""
    found = _gates.gate
    if found is None:
        found = _gates.gate = Gate()
    return found


def _raise_in(ident: int, error: type[BaseException]) -> None:
    """Have a thread raise `error` as soon as it runs Python again."""
    import ctypes  # noqa: PLC0415 - slow to load, and few runs are interrupted

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(error))


def _meet(error: BaseException) -> None:
    """If `error` is still to be raised in the calling thread, it is raised here, and no more.

    It is not taken back from Python instead: CPython 3.11 would go on to tell all threads that
    something awaits them, and one that a debugger traces would look for it for ever.
    """
    try:
        _step()
    except BaseException as met:
        if type(met) is not type(error):
            raise


def _step() -> None:
    """A call, with which Python raises what awaits the thread."""

"""Something that strikes the main thread at a chosen line of Noria's own code.

A trace function stops the thread there. What strikes comes from another thread, as it does in life,
and its signal is handled before the line is executed.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager

from noria.core.tracebacks import is_own


class Moments:
    """The lines of Noria that a thread executes while it is watched, each counted once.

    Parameters:
        counts: Whether lines count now.
        number: At the so-many-th line it strikes.
        strike: Called there, in another thread.
    """

    def __init__(self, counts, number, strike):
        self.seen = {}
        self._counts = counts
        self._number = number
        self._strike = strike

    @property
    def place(self):
        """Where it has struck; None when there were not so many lines."""
        return next((place for place, at in self.seen.items() if at == self._number), None)

    def _enter(self, frame, event, arg):
        return self._look if is_own(frame.f_code.co_filename) else None

    def _look(self, frame, event, arg):
        if event == "line" and self._counts():
            place = f"{frame.f_code.co_qualname}:{frame.f_lineno}"
            if place not in self.seen:
                at = self.seen[place] = len(self.seen)
                if at == self._number:
                    self._meet()
        return self._look

    def _meet(self):
        thread = threading.Thread(target=self._strike)
        thread.start()
        try:
            thread.join()
        finally:
            thread.join()

    @contextmanager
    def watched(self):
        """Watch the calling thread in this block."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)


def each_moment(body, counts, strike, every=1):
    """Call `body` again and again, and strike so many lines later each time.

    Yields:
        The place, and what `body` returned or raised.
    """
    number = 0
    while True:
        moments = Moments(counts, number, strike)
        with moments.watched():
            try:
                outcome = body()
            except BaseException as exc:  # noqa: BLE001 - it is what a test looks at
                outcome = exc
        if moments.place is None:
            return
        yield moments.place, outcome
        number += every

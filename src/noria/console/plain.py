"""Lines without colour, for files, pipes and the logs of build servers."""

from __future__ import annotations

from collections.abc import Sequence

from noria.console.events import Event, GroupProgress
from noria.console.phrases import lines_of
from noria.console.stream import Stderr

TELL_SECONDS = 5, 60
"""The shortest and the longest pause between two lines on the progress of a group."""


class PlainView:
    """Writes each event's lines, one write a batch; progress as a line now and then."""

    refresh_seconds = 1.0
    every = False

    def __init__(self, stderr: Stderr) -> None:
        self._stderr = stderr

    def show(self, events: Sequence[Event], progress: Sequence[GroupProgress] | None) -> None:
        """Write what happened."""
        if progress:
            events = [*events, *(one for one in progress if _worth_a_line(one))]
        if events:
            lines = [line for event in events for line in lines_of(event)]
            text = ["".join([piece for piece, _ in line]) for line in lines]
            self._stderr.write("\n".join(text) + "\n")

    def close(self) -> None:
        """Nothing is held back."""


def _worth_a_line(progress: GroupProgress) -> bool:
    group = progress.group
    shortest, longest = TELL_SECONDS
    # The longer it takes, the rarer the news: an hour in a hundred lines, not in a thousand.
    pause = min(longest, max(shortest, (progress.time - group.began) / 1e6 / 10))
    last = group.told or group.began
    if group.done == group.told_done or progress.time - last < pause * 1e6:
        return False
    group.told, group.told_done = progress.time, group.done
    return True

"""The tap itself: what the journal calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from noria.console.colour import ColourView
from noria.console.events import Event, GroupProgress, LogLine
from noria.console.json_lines import JsonView
from noria.console.plain import PlainView
from noria.console.stream import Stderr, is_terminal
from noria.console.tracker import Choice, Tracker
from noria.core import clock
from noria.core.records import Record
from noria.core.settings import Settings, level_number


class View(Protocol):
    """Puts events out."""

    refresh_seconds: float
    """How often it wants to know how far the large groups are."""
    every: bool
    """Whether it wants every change of state, nothing folded."""

    def show(self, events: Sequence[Event], progress: Sequence[GroupProgress] | None) -> None:
        """Put out what happened, and how far the large groups are; None when that is not due."""

    def close(self) -> None:
        """Leave the terminal as it was found."""


class Console:
    """A `noria.journal.tap.Tap` that prints to stderr; everything happens on its caller's thread.

    Parameters:
        view: How things are put out.
        level: The least severe log lines to show, as in `logging`.
    """

    def __init__(self, view: View, level: int) -> None:
        self._view = view
        self._tracker = Tracker(Choice(level, view.every))
        self._next_refresh = 0.0
        self._latest = 0
        self._broken = False

    def see(self, records: Sequence[Record]) -> None:
        """Show what is worth showing of some records."""
        if not self._broken:
            try:
                self._show(records)
            except Exception as exc:  # noqa: BLE001 - the journal must go on whatever breaks here
                self._give_up(exc)

    def idle(self) -> None:
        """Move what moves."""
        self.see(())

    def close(self) -> None:
        """Leave the terminal as it was found."""
        if not self._broken:
            try:
                self._view.close()
            except Exception as exc:  # noqa: BLE001 - as above
                self._give_up(exc)

    def _show(self, records: Sequence[Record]) -> None:
        now, moment = clock.now(), clock.monotonic()
        events = self._tracker.take(records, now, moment)
        progress = None
        if moment >= self._next_refresh:
            self._next_refresh = moment + self._view.refresh_seconds
            events += self._tracker.overdue(now, moment)
            progress = self._tracker.progress(now, moment)
        self._view.show(events if self._view.every else self._in_order(events), progress)

    def _in_order(self, events: list[Event]) -> list[Event]:
        """What is told late (a folded group, calls of an earlier execution) is told at the time of
        its neighbours, so that times go one way down the screen."""
        ordered: list[Event] = []
        for event in events:
            if isinstance(event, LogLine):
                ordered.append(event)
                continue
            self._latest = max(self._latest, event.time)
            ordered.append(event._replace(time=self._latest))
        return ordered

    def _give_up(self, exc: Exception) -> None:
        self._broken = True
        Stderr().write(
            f"noria: the display of runs has stopped ({type(exc).__name__}: {exc}). "
            "The runs go on and are recorded; see them with: noria runs ls\n"
        )


def attach(settings: Settings) -> Console | None:
    """The console that the settings ask for; None for NORIA_LOG_FORMAT=off.

    Parameters:
        settings: `log_format` chooses the form (`auto`: rich on a terminal, plain elsewhere),
            `logging_level` how much is told.

    Example:
        >>> from noria.core.settings import Settings
        >>> attach(Settings(log_format="off")) is None
        True
    """
    stderr = Stderr()
    form = settings.log_format
    if form == "auto":
        form = "rich" if is_terminal(stderr.stream()) else "plain"
    if form == "off":
        return None
    views: dict[str, type[PlainView] | type[JsonView] | type[ColourView]]
    views = {"plain": PlainView, "json": JsonView, "rich": ColourView}
    return Console(views[form](stderr), level_number(settings))

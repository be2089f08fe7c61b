"""Lines in colour for a terminal, and below them the bars of the groups under way.

rich is loaded with the first thing to show, since a run without a terminal must not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO, cast

from noria.console.events import Event, GroupProgress
from noria.console.phrases import Line, lines_of, progress_count, progress_notes
from noria.console.screen import Screen
from noria.console.stream import Stderr, is_terminal

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment
    from rich.table import Table

# The terminal's own palette, so that it fits any background; only what is amiss is loud.
STYLES = {
    "": "",
    "dim": "dim",
    "trace": "dim",
    "name": "cyan",
    "flow": "bold",
    "hint": "cyan",
    "ok": "green",
    "run": "blue",
    "cached": "cyan",
    "warn": "yellow",
    "fail": "bold red",
    "reason": "red",
    "debug": "dim",
    "warning": "yellow",
    "error": "bold red",
    "critical": "bold reverse red",
}

BARS = 8
BAR_WIDTH = 24


class ColourView:
    """Writes lines above and bars below, both in one write, so that nothing flickers."""

    refresh_seconds = 0.1
    every = False

    def __init__(self, stderr: Stderr) -> None:
        self._stderr = stderr
        self._screen = Screen(stderr)
        self._console: Console | None = None
        self._stream: object = None
        self._under_way: Sequence[GroupProgress] = ()
        self._bars = ""

    def show(self, events: Sequence[Event], progress: Sequence[GroupProgress] | None) -> None:
        """Write what happened, and draw the bars anew when that is due."""
        if progress is not None:
            self._under_way = progress
        alive = [one for one in self._under_way if not one.group.closed]
        stale = progress is not None or len(alive) < len(self._under_way)
        self._under_way = alive
        if not events and not stale:
            return
        if stale:
            self._bars = self._draw_bars(alive) if alive else ""
        lines = [line for event in events for line in lines_of(event)]
        text = self._render(lines) if lines else ""
        self._screen.update(text, self._bars)

    def close(self) -> None:
        """Take the bars away."""
        self._screen.update("", "")

    def _render(self, lines: list[Line]) -> str:
        console = self._rich()
        with console.capture() as captured:
            console.print(_Lines(lines), soft_wrap=True, end="")
        return captured.get()

    def _draw_bars(self, progress: Sequence[GroupProgress]) -> str:
        console = self._rich()
        if not console.is_terminal or console.color_system is None:
            return ""
        room = max(1, min(BARS, console.height - 4))
        with console.capture() as captured:
            console.print(bars(progress, room))
        return captured.get()

    def _rich(self) -> Console:
        """A console that knows the colours and the width of the stderr of now."""
        stream = self._stderr.stream()
        if self._console is None or stream is not self._stream:
            self._stream = stream
            self._console = make_console(stream)
        return self._console


def make_console(stream: TextIO | None) -> Console:
    """A rich console that renders for `stream` and takes no text for markup."""
    from rich.console import Console

    file = cast(TextIO, _Likeness(stream))
    console = Console(file=file, markup=False, emoji=False, highlight=False)
    if console.legacy_windows:
        # Draws by system calls, not by codes in the text.
        return Console(file=file, color_system=None, legacy_windows=False)
    return console


def bars(progress: Sequence[GroupProgress], room: int) -> Table:
    """The bars of the groups under way, in at most `room` lines."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(4):
        table.add_column(no_wrap=True, overflow="ellipsis")
    shown = progress if len(progress) <= room else progress[: room - 1]
    for one in shown:
        group = one.group
        name = Text.assemble(("◐ ", STYLES["run"]), (group.name, STYLES["name"]))
        total = group.expected
        bar = ProgressBar(
            total=total or 1,
            completed=group.done if total else 0,
            width=BAR_WIDTH,
            complete_style=STYLES["run"],
        )
        pieces = ((text, STYLES[role]) for text, role in progress_notes(one))
        notes = Text(" · ", STYLES["dim"]).join(Text(*piece) for piece in pieces)
        table.add_row(name, bar if total else "", progress_count(group), notes)
    if len(shown) < len(progress):
        table.add_row(Text(f"  and {len(progress) - len(shown)} more", STYLES["dim"]))
    return table


class _Likeness:
    """What rich may know of a stream. It only renders here: given the stream itself, it would end
    the process at a broken pipe."""

    def __init__(self, stream: TextIO | None) -> None:
        self._terminal = is_terminal(stream)
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


class _Lines:
    """Lines of words as a thing that rich can print."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment
        from rich.text import Text

        styles = {role: console.get_style(style) for role, style in STYLES.items()}
        for line in self._lines:
            for text, role in line:
                if "\x1b" in text:
                    # Colours of the user's own are kept; other codes would tear the bars.
                    yield from Text.from_ansi(text, style=styles[role], end="").render(console)
                else:
                    yield Segment(text, styles[role])
            yield Segment("\n")

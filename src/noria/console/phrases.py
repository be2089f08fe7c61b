"""Events as lines of words, each word with the role that decides its colour."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from noria.console import wording
from noria.console.events import (
    Event,
    Failure,
    FlowBegan,
    FlowChanged,
    FlowEnded,
    Group,
    GroupEnded,
    GroupProgress,
    LogLine,
    Skipped,
    TaskChanged,
    TaskEnded,
    Totals,
)
from noria.core import ids
from noria.core.records import FlowRunRow, GroupCount
from noria.core.states import Name, StateType, default_name

Line = list[tuple[str, str]]
"""Pieces of text, each with its role: a key of `colour.STYLES`, or empty."""

MARGIN = " " * 13
"""As wide as a time and the space behind it."""
MESSAGE_LINES = 12
NAMED_GROUPS = 6
FAILURES_SHOWN = 5

GLYPHS: dict[StateType, tuple[str, str]] = {
    StateType.COMPLETED: ("✓", "ok"),
    StateType.RUNNING: ("◐", "run"),
    StateType.FAILED: ("■", "fail"),
    StateType.CRASHED: ("▲", "fail"),
    StateType.CANCELLED: ("⊘", "warn"),
    StateType.CANCELLING: ("⊘", "warn"),
    StateType.PAUSED: ("‖", "warn"),
    StateType.SCHEDULED: ("↻", "warn"),
    StateType.PENDING: ("○", "warn"),
}
CACHED_GLYPH = ("≈", "cached")
FALLBACK_GLYPH = ("⤷", "warn")
_NAMED_GLYPHS = {Name.CACHED: CACHED_GLYPH, Name.FALLBACK: FALLBACK_GLYPH}

LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
_LEVEL_COLUMNS = {
    level: (f"{name:<7}", name.lower() if level != 20 else "") for level, name in LEVELS.items()
}
_SEPARATOR = (" | ", "dim")


def log_line(event: LogLine) -> list[Line]:
    """`12:01:03.123 | INFO    | clean_data-3a1 | message  user_id=42`."""
    row = event.row
    message = row.message
    more: list[Line] = []
    if "\n" in message or "\r" in message:
        message, *others = message.splitlines() or [""]
        more = [[(f"{MARGIN}{text}", "")] for text in others]
    line = [
        (wording.clock_time(row.time), "dim"),
        _SEPARATOR,
        _LEVEL_COLUMNS.get(row.level) or (f"{row.level:<7}", ""),
        _SEPARATOR,
        (event.task or event.flow_run or row.logger, "name"),
        _SEPARATOR,
        (message, ""),
    ]
    if row.extra is not None:
        fields, traceback = wording.extra_fields(row.extra)
        if fields:
            (more[-1] if more else line).append((f"  {fields}", "dim"))
        if traceback:
            more += [[(f"{MARGIN}{text}", "trace")] for text in traceback.splitlines()]
    return [line, *more]


def flow_began(event: FlowBegan) -> list[Line]:
    """`◐ flights · brave-otter`."""
    line = [*_head(event.time, event.depth, GLYPHS[StateType.RUNNING]), *_flow_name(event.row)]
    if event.row.epoch > 1:
        line.append((f"  resumed, execution {event.row.epoch}", "run"))
    return [line]


def flow_changed(event: FlowChanged) -> list[Line]:
    """`‖ flights · brave-otter  Paused: waits for approval`, and how it goes on."""
    row = event.row
    glyph = GLYPHS[row.state]
    line = [*_head(event.time, event.depth, glyph), *_flow_name(row)]
    line.append((f"  {_state_name(row.state, row.state_name)}", glyph[1]))
    if row.message:
        line.append((f": {wording.one_line(row.message)}", ""))
    if row.state is not StateType.PAUSED or event.depth:
        return [line]
    # Who looks at the console is perhaps the very person that the run waits for.
    command = f"noria runs approve {shlex.quote(row.name)}"
    return [line, [(f"{MARGIN}  go on    ", "dim"), (command, "hint")]]


def flow_ended(event: FlowEnded) -> list[Line]:
    """`✓ flights · brave-otter  Completed in 4.1 s`, the reason, and for a top run the sum."""
    row, failure = event.row, event.failure
    glyph = GLYPHS[row.state]
    line = [*_head(event.time, event.depth, glyph), *_flow_name(row)]
    line.append((f"  {_state_name(row.state, row.state_name)}", glyph[1]))
    if event.duration is not None:
        line.append((f" in {wording.duration(event.duration)}", ""))
    lines: list[Line] = [line]
    indent = MARGIN + "  " * event.depth + "  "
    if failure is not None and not (event.totals and failure.type):
        lines += _reason(failure, indent)
    elif row.message and not _says_nothing_new(row.message, failure):
        lines += _indented(row.message, indent, "reason" if failure else "dim")
    if event.totals is not None:
        lines += summary(row, event.totals, failure)
    return lines


def summary(row: FlowRunRow, totals: Totals, failure: Failure | None) -> list[Line]:
    """What a top-level run came to, and where to look."""
    lines = [[(f"{MARGIN}  ", ""), *_counts(totals)]] if totals.tasks or totals.subflows else []
    if totals.tasks > 5 and totals.slowest:
        slowest = sorted(totals.slowest, reverse=True)
        text = " · ".join(f"{name} {wording.duration(took)}" for took, name in slowest)
        lines.append([(f"{MARGIN}  slowest  ", "dim"), (text, "")])
    lines += _failures(totals, failure)
    reference = shlex.quote(row.name)
    lines.append([(f"{MARGIN}  see      ", "dim"), (f"noria runs show {reference}", "hint")])
    if row.state is not StateType.COMPLETED:
        command = f"noria runs resume {ids.to_text(row.id)}"
        lines.append([(f"{MARGIN}  go on    ", "dim"), (command, "hint")])
    return lines


def _counts(totals: Totals) -> Line:
    names = {
        GroupCount.COMPLETED: ("completed", ""),
        GroupCount.FAILED: ("failed", "fail"),
        GroupCount.CRASHED: ("crashed", "fail"),
        GroupCount.CANCELLED: ("cancelled", "warn"),
        GroupCount.NOT_READY: ("not ready", "warn"),
        GroupCount.CACHED: ("not run again" if totals.resumed else "cached", "cached"),
    }
    line: Line = [("tasks    ", "dim")] if totals.tasks else []
    for position, (name, role) in names.items():
        if count := totals.counts[position]:
            line += [(" · ", "dim")] if len(line) > 1 else []
            line.append((f"{count:,} {name}", role))
    if totals.subflows:
        line += [(" · ", "dim")] if line else []
        line.append((wording.plural(totals.subflows, "sub-flow"), ""))
    return line


def _failures(totals: Totals, fatal: Failure | None) -> list[Line]:
    # What ended the run comes first, then what happened most.
    kinds = sorted(
        totals.failures.values(),
        key=lambda kind: (fatal is None or kind.first[:2] != fatal[:2], -kind.times),
    )
    lines: list[Line] = []
    for number, (times, failure, name) in enumerate(kinds[:FAILURES_SHOWN]):
        label = "failures " if number == 0 else "         "
        text = wording.one_line(wording.failure_text(failure))
        text = f"{times:,} × {text}" if times > 1 else text
        lines.append([(f"{MARGIN}  {label}", "dim"), (text, "reason")])
        places = [failure.frame, name and (f"first in {name}" if times > 1 else f"in {name}")]
        if where := ", ".join(filter(None, places)):
            lines.append([(f"{MARGIN}           {where}", "dim")])
    hidden = sum(kind.times for kind in kinds[FAILURES_SHOWN:]) + totals.other_failures
    if hidden:
        lines.append([(f"{MARGIN}           and {hidden:,} of other kinds", "dim")])
    return lines


def task_changed(event: TaskChanged) -> list[Line]:
    """`↻ fetch-3a1  attempt 2 of 4 in 10 s: TimeoutError: no answer`."""
    row = event.row
    line = [*_head(event.time, event.depth, GLYPHS[row.state]), (event.name, "name")]
    if row.state is StateType.SCHEDULED:
        text = row.message or f"attempt {row.run_count + 1}"
        if event.failure is not None and event.failure.type not in text:
            text += f": {wording.failure_text(event.failure)}"
        line.append((f"  {wording.one_line(text)}", "warn"))
        if event.last:
            line.append(("  (further retries here are only counted)", "dim"))
    return [line]


def task_ended(event: TaskEnded) -> list[Line]:
    """`✓ clean_data-3a1  0.21 s`, or why it did not end well."""
    row = event.row
    cached = row.state_name == Name.CACHED
    glyph = _NAMED_GLYPHS.get(row.state_name or "", GLYPHS[row.state])
    line = [*_head(event.time, event.depth, glyph), (event.name, "name")]
    lines: list[Line] = [line]
    if event.duration is not None and not cached:
        line.append((f"  {wording.duration(event.duration)}", "dim"))
    if event.failure is not None:
        first, *lines[1:] = _reason(event.failure, f"{MARGIN}  {'  ' * event.depth}")
        line.append((f"  {first[0][0].strip()}", "reason"))
    elif row.state is not StateType.COMPLETED or (row.state_name is not None and not cached):
        line.append((f"  {_state_name(row.state, row.state_name)}", glyph[1]))
        if row.message:
            line.append((f": {wording.one_line(row.message)}", ""))
    elif cached and row.message:
        line.append((f"  {wording.one_line(row.message)}", "dim"))
    if event.last:
        line.append(("  (further ones like this are only counted)", "dim"))
    return lines


def group_progress(event: GroupProgress) -> list[Line]:
    """`◐ fetch  230 of 500 · 46/s · 6 s left · 3 failed`."""
    group = event.group
    line = [*_head(event.time, group.depth, GLYPHS[StateType.RUNNING]), (group.name, "name")]
    line.append((f"  {progress_count(group)}", ""))
    for text, role in progress_notes(event):
        line += [(" · ", "dim"), (text, role)]
    return [line]


def progress_count(group: Group) -> str:
    """`230 of 500`."""
    return f"{group.done:,} of {group.expected:,}" if group.expected else f"{group.done:,} done"


def progress_notes(event: GroupProgress) -> Line:
    """Rate, time left, failures and retries of a group under way."""
    notes: Line = []
    if event.rate > 0:
        notes.append((wording.rate(event.rate), "dim"))
    if event.left is not None:
        notes.append((f"{wording.about(event.left)} left", "dim"))
    return notes + _troubles(event.group)


def group_ended(event: GroupEnded) -> list[Line]:
    """`✓ fetch ×500  12.4 s · 3 failed`."""
    group = event.group
    glyph = GLYPHS[StateType.COMPLETED]
    if group.failed:
        glyph = GLYPHS[StateType.FAILED]
    elif group.cached == group.done:
        glyph = CACHED_GLYPH
    line = [*_head(event.time, group.depth, glyph), (group.name, "name"), (f" ×{group.done:,}", "")]
    if group.last_end > group.began and group.cached < group.done:
        line.append((f"  {wording.duration(group.last_end - group.began)}", "dim"))
    if group.cached:
        line += [(" · ", "dim"), (f"{group.cached:,} cached", "cached")]
    for note in _troubles(group):
        line += [(" · ", "dim"), note]
    return [line]


def skipped(event: Skipped) -> list[Line]:
    """`≈ 37 calls not run again: extract, clean ×12`."""
    names = [f"{n} ×{count:,}" if count > 1 else n for n, count in event.groups.items()]
    shown = ", ".join(names[:NAMED_GROUPS])
    if len(names) > NAMED_GROUPS:
        shown += f" and {len(names) - NAMED_GROUPS} more"
    total = wording.plural(sum(event.groups.values()), "call")
    line = [*_head(event.time, event.depth, CACHED_GLYPH), (f"{total} not run again", "cached")]
    return [[*line, (f": {shown}", "dim")]]


def lines_of(event: Event) -> list[Line]:
    """The lines that tell of an event."""
    return _PHRASES[type(event)](event)


_PHRASES: dict[type, Callable[..., list[Line]]] = {
    LogLine: log_line,
    FlowBegan: flow_began,
    FlowChanged: flow_changed,
    FlowEnded: flow_ended,
    TaskChanged: task_changed,
    TaskEnded: task_ended,
    GroupProgress: group_progress,
    GroupEnded: group_ended,
    Skipped: skipped,
}


def _head(time: int, depth: int, glyph: tuple[str, str]) -> Line:
    indent = "  " * depth
    return [(f"{wording.clock_time(time)} {indent}", "dim"), (f"{glyph[0]} ", glyph[1])]


def _flow_name(row: FlowRunRow) -> Line:
    return [(row.flow_name, "flow"), (" · ", "dim"), (row.name, "name")]


def _state_name(kind: StateType, name: str | None) -> str:
    return name or default_name(kind)


def _troubles(group: Group) -> Line:
    counts = group.counts
    kinds = (
        (group.failed, "failed", "fail"),
        (counts[GroupCount.CANCELLED], "cancelled", "warn"),
        (counts[GroupCount.NOT_READY], "not ready", "warn"),
    )
    notes = [(f"{count:,} {name}", role) for count, name, role in kinds if count]
    if group.fallbacks:
        notes.append((f"{group.fallbacks:,} by fallback", "warn"))
    if group.retries:
        times = "retry" if group.retries == 1 else "retries"
        notes.append((f"{group.retries:,} {times}", "warn"))
    return notes


def _says_nothing_new(message: str, failure: Failure | None) -> bool:
    """Whether a state's message only repeats its name, or the exception that the sum will show."""
    if failure is None:
        return message == "All states completed."
    return wording.failure_text(failure) in message


def _reason(failure: Failure, indent: str) -> list[Line]:
    lines = _indented(wording.failure_text(failure) or "no reason is known", indent, "reason")
    if failure.frame:
        lines.append([(f"{indent}{failure.frame}", "dim")])
    return lines


def _indented(text: str, indent: str, role: str) -> list[Line]:
    found = text.strip().splitlines()
    shown = found if len(found) <= MESSAGE_LINES else [*found[: MESSAGE_LINES - 1], "…"]
    return [[(f"{indent}{one}", role)] for one in shown]

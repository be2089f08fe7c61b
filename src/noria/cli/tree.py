"""A run as a tree with a timeline: from rows to lines. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from noria.cli.appearance import glyph, group_state, state_name
from noria.cli.output import dump
from noria.cli.records import deployment_of, due, parsed, run_time
from noria.cli.text import Paint, clean, fit, pad, width
from noria.cli.timefmt import ago, moment, time_of_day
from noria.cli.timeline import Scale, axis, bar
from noria.console.events import Failure
from noria.console.wording import duration, failure_of, failure_text, one_line, plural
from noria.core.records import (
    FlowRunRow,
    GroupCount,
    GroupKind,
    GroupRow,
)
from noria.core.states import TERMINAL_STATES, StateType

_LEAST_BAR = 12
_MOST_BAR = 60
_HISTORY = 8
_SHOWN_KINDS = (GroupKind.MAP, GroupKind.STREAM, GroupKind.FALLBACK)


class FailureView(NamedTuple):
    """Calls that failed alike."""

    calls: int
    failure: Failure
    name: str
    """The first of them."""
    attempts: int


class GroupView(NamedTuple):
    """A group, with what deserves a line below it."""

    group: GroupRow
    failures: Sequence[FailureView] = ()
    """The most frequent ones first."""
    other_failures: int = 0
    """How many further calls failed or crashed."""
    reasons: Sequence[str] = ()
    """Why calls were not run, or wait."""
    runs: Sequence[RunView] = ()
    """Some of the flow runs that these calls started."""


class ArtifactView(NamedTuple):
    """An artifact of a run."""

    reference: str
    """What names it on the command line."""
    kind: str
    summary: str


class WaitView(NamedTuple):
    """Something that the run, or one below it, waits for a person with."""

    name: str
    """Of the run that is to be answered."""
    question: str
    fields: Sequence[str]
    since: int
    until: int | None
    fault: str | None


class RunView(NamedTuple):
    """A run and what is shown below it."""

    run: FlowRunRow
    reference: str
    """A short id that names the run."""
    groups: Sequence[GroupView] = ()
    slowest: Sequence[tuple[str, int]] = ()
    """Names and microseconds."""
    runs: Sequence[RunView] = ()
    """Flow runs that belong to none of the groups."""
    hidden: int = 0
    """How many further flow runs it called."""
    waits: Sequence[WaitView] = ()
    artifacts: Sequence[ArtifactView] = ()
    more_artifacts: bool = False
    """Whether it made others, too."""


class _Row(NamedTuple):
    guide: str
    glyph: str
    style: str
    label: str
    aside: str
    calls: str
    took: str
    first: int | None
    last: int | None
    busy: int
    running: bool


class _Detail(NamedTuple):
    guide: str
    text: str
    style: str


def render(view: RunView, now: int, limit: int, paint: Paint, utc: bool) -> list[str]:
    """All lines of `noria runs show`.

    Parameters:
        view: What is to be shown.
        now: Where the bars of what is running end, in microseconds.
        limit: How many columns there are.
        paint: How text is coloured.
        utc: Whether times are in UTC rather than in the local zone.
    """
    parts = [
        list(_header(view, now, limit, paint, utc)),
        _timeline(view, now, limit, paint),
        list(_waits(view, now, limit, paint)),
        list(_slowest(view, limit, paint)),
        list(_artifacts(view, limit, paint)),
        list(_next_steps(view, paint)),
    ]
    lines: list[str] = []
    for part in filter(None, parts):
        lines += ["", *part] if lines else part
    return lines


def _header(view: RunView, now: int, limit: int, paint: Paint, utc: bool) -> Iterator[str]:
    run = view.run
    sign, style = glyph(run.state, run.state_name)
    took = run_time(run, now)
    name = state_name(run.state, run.state_name)
    word = "after" if run.state in TERMINAL_STATES else "for"
    after = "" if took is None else f" {word} {duration(took)}"
    yield f"{paint(sign, style)} {paint(clean(run.name), 'bold')}  {paint(name + after, style)}"
    for key, text, text_style in _facts(view, now, utc):
        for i, line in enumerate(clean(text, lines=True).splitlines()):
            key_shown = paint(f"{'' if i else key:<10}", "dim")
            yield f"  {key_shown} {paint(fit(line, limit - 13), text_style)}"


def _facts(view: RunView, now: int, utc: bool) -> Iterator[tuple[str, str, str]]:
    run = view.run
    yield "run", view.reference + (f", execution {run.epoch}" if run.epoch > 1 else ""), ""
    yield "flow", f"{run.flow_name}  ({run.entrypoint})" if run.entrypoint else run.flow_name, ""
    if deployment := deployment_of(run):
        yield "deployment", deployment, ""
        yield "due", f"{moment(due(run), utc)}, {ago(due(run), now)}", ""
    if run.start is not None:
        yield "started", f"{moment(run.start, utc)}, {ago(run.start, now)}", ""
    else:
        yield "created", f"{moment(run.created, utc)}, {ago(run.created, now)}", ""
    parameters = parsed(run.parameters, {})
    if isinstance(parameters, dict) and parameters:
        yield "parameters", ", ".join(f"{k}={_value(v)}" for k, v in parameters.items()), ""
    tags = parsed(run.tags, [])
    if tags:
        yield "tags", ", ".join(map(str, tags)), ""
    cpu = sum(item.group.cpu for item in view.groups)
    if cpu:
        yield "cost", f"{duration(cpu)} of CPU", ""
    yield from _why(run)
    yield from _history(run, utc)


def _why(run: FlowRunRow) -> Iterator[tuple[str, str, str]]:
    failed = run.state in (StateType.FAILED, StateType.CRASHED)
    if run.error is not None:
        failure = failure_of(run.error, run.message)
        yield "error", one_line(failure_text(failure)), "fail"
        if failure.frame:
            yield "at", failure.frame, ""
    elif run.message and run.state is not StateType.COMPLETED:
        yield "why", run.message, "fail" if failed else "warn"


def _history(run: FlowRunRow, utc: bool) -> Iterator[tuple[str, str, str]]:
    entries = parsed(run.history, [])
    if not isinstance(entries, list):
        return
    key = "history"
    if len(entries) > _HISTORY:
        yield key, f"({len(entries) - _HISTORY} earlier states)", "dim"
        key, entries = "", entries[-_HISTORY:]
    for name, time, message in entries:
        yield key, f"{time_of_day(time, utc)}  {name:<14} {one_line(message or '')}".rstrip(), "dim"
        key = ""


def _value(value: Any) -> str:
    # Recorded parameters are previews already.
    return one_line(value if isinstance(value, str) else dump(value), 60)


def _timeline(view: RunView, now: int, limit: int, paint: Paint) -> list[str]:
    lines = list(_run_lines(view, now, ""))
    rows = [line for line in lines if isinstance(line, _Row)]
    if not rows:
        return []
    label = max(width(_label(row)) for row in rows)
    count = max(5, *(len(row.calls) for row in rows))
    took = max(4, *(len(row.took) for row in rows))
    label = max(min(label, limit - count - took - 6 - _LEAST_BAR), 16)
    room = limit - label - count - took - 6
    start = view.run.start or view.run.created
    ends = [row.last for row in rows if row.last is not None]
    end = max([start + 1, view.run.end or now, *ends])
    scale = Scale(start, end, min(max(room, _LEAST_BAR), _MOST_BAR))
    head = f"{'':<{label}}  {'calls':>{count}}  {'took':>{took}}  {axis(scale)}"
    drawn = [paint(head.rstrip(), "dim")]
    for line in lines:
        if isinstance(line, _Row):
            drawn.append(_draw(line, scale, label, count, took, paint))
        else:
            drawn.append(_draw_detail(line, limit, paint))
    return drawn


def _label(row: _Row) -> str:
    return f"{row.guide}{row.glyph} {row.label}" + (f"  {row.aside}" if row.aside else "")


def _draw(row: _Row, scale: Scale, label: int, count: int, took: int, paint: Paint) -> str:
    room = label - width(row.guide) - 2
    name = fit(row.label, room)
    aside = fit(row.aside, max(room - width(name) - 2, 0))
    left = f"{row.guide}{row.glyph} {name}" + (f"  {aside}" if aside else "")
    padding = " " * max(label - width(left), 0)
    shown = bar(scale, row.first, row.last, row.busy, row.running).rstrip()
    painted = f"{paint(row.guide, 'dim')}{paint(row.glyph, row.style)} {name}"
    if aside:
        painted += "  " + paint(aside, "dim")
    line = f"{painted}{padding}  {row.calls:>{count}}  {pad(row.took, took, right=True)}"
    return f"{line}  {paint(shown, row.style)}".rstrip() if shown else line.rstrip()


def _draw_detail(detail: _Detail, limit: int, paint: Paint) -> str:
    room = max(limit - width(detail.guide), 20)
    return paint(detail.guide, "dim") + paint(fit(clean(detail.text), room), detail.style)


def _run_lines(view: RunView, now: int, guide: str) -> Iterator[_Row | _Detail]:
    nested: dict[int | None, list[GroupView]] = {}
    known = {item.group.number for item in view.groups}
    for item in view.groups:
        parent = item.group.parent if item.group.parent in known else None
        nested.setdefault(parent, []).append(item)
    yield from _level(nested, None, view, now, guide)


def _level(
    nested: dict[int | None, list[GroupView]],
    parent: int | None,
    view: RunView,
    now: int,
    guide: str,
    runs: Sequence[RunView] = (),
) -> Iterator[_Row | _Detail]:
    """The groups below one group, and the flow runs that it started."""
    groups = nested.get(parent, [])
    if parent is None:
        runs = view.runs
    top = parent is None and not guide
    for i, item in enumerate(groups):
        last = i == len(groups) - 1 and not runs
        branch, stem = _guides(guide, last, top)
        yield _group_row(item.group, view.run, now, branch)
        below = item.group.number in nested or bool(item.runs)
        yield from _group_details(item, stem + ("│ " if below else "  "))
        yield from _level(nested, item.group.number, view, now, stem, item.runs)
    for i, run in enumerate(runs):
        branch, stem = _guides(guide, i == len(runs) - 1, top)
        yield from _child_run(run, now, branch, stem)
    if parent is None and view.hidden:
        yield _Detail(guide, f"… and {plural(view.hidden, 'more sub-flow')}", "dim")


def _guides(guide: str, last: bool, top: bool) -> tuple[str, str]:
    if top:
        return "", ""
    return guide + ("└ " if last else "├ "), guide + ("  " if last else "│ ")


def _child_run(view: RunView, now: int, branch: str, stem: str) -> Iterator[_Row | _Detail]:
    run = view.run
    sign, style = glyph(run.state, run.state_name)
    took = run_time(run, now)
    running = run.state not in TERMINAL_STATES
    last = now if running else run.end
    yield _Row(
        guide=branch,
        glyph=sign,
        style=style,
        label=clean(run.name),
        aside=view.reference,
        calls="",
        took="" if took is None else duration(took),
        first=run.start,
        last=last if run.start is not None else None,
        busy=took or 0,
        running=running and run.start is not None,
    )
    if run.state in (StateType.FAILED, StateType.CRASHED):
        failure = failure_of(run.error, run.message)
        yield from _failure_details(FailureView(1, failure, "", run.run_count), stem + "  ")
    yield from _run_lines(view, now, stem or "  ")


def _group_row(group: GroupRow, run: FlowRunRow, now: int, branch: str) -> _Row:
    counts = group.counts
    sign, style = glyph(*group_state(counts))
    unfinished = counts[GroupCount.RUNNING] + counts[GroupCount.RETRYING]
    running = bool(unfinished) and run.state not in TERMINAL_STATES
    last = now if running else group.last_end
    started = group.first_start is not None and last is not None
    return _Row(
        guide=branch,
        glyph=sign,
        style=style,
        label=clean(group.name),
        aside=group.kind if group.kind in _SHOWN_KINDS else "",
        calls=_calls(group),
        took=duration((last or 0) - (group.first_start or 0)) if started else "",
        first=group.first_start,
        last=last,
        busy=group.busy,
        running=running,
    )


def _calls(group: GroupRow) -> str:
    waiting = (GroupCount.PENDING, GroupCount.RUNNING, GroupCount.RETRYING)
    total = max(sum(group.counts), group.expected or 0)
    done = sum(group.counts) - sum(group.counts[position] for position in waiting)
    return f"{total:,}" if done == total else f"{done:,}/{total:,}"


def _group_details(item: GroupView, guide: str) -> Iterator[_Detail]:
    counts = item.group.counts
    odd = [
        f"{count:,} {name.replace('_', ' ')}"
        for position, (name, count) in enumerate(zip(GroupCount.NAMES, counts, strict=True))
        if count and position != GroupCount.COMPLETED
    ]
    if odd and sum(counts) > 1 and counts[GroupCount.CACHED] != sum(counts):
        yield _Detail(guide, " · ".join(odd), "dim")
    for reason in item.reasons:
        yield _Detail(guide, one_line(reason), "dim")
    for kind in item.failures:
        yield from _failure_details(kind, guide)
    if item.other_failures:
        more = f"… and {item.other_failures:,} more (--tasks --state failed,crashed)"
        yield _Detail(guide, more, "dim")


def _failure_details(kind: FailureView, guide: str) -> Iterator[_Detail]:
    times = f"{kind.calls:,} × " if kind.calls > 1 else ""
    yield _Detail(guide, times + one_line(failure_text(kind.failure)), "fail")
    where = [kind.failure.frame] if kind.failure.frame else []
    if kind.name:
        where.append(f"first in {kind.name}" if kind.calls > 1 else kind.name)
    if kind.attempts > 1:
        where.append(f"{kind.attempts} attempts")
    if where:
        yield _Detail(guide + "  ", ", ".join(where), "dim")


def _slowest(view: RunView, limit: int, paint: Paint) -> Iterator[str]:
    if not view.slowest:
        return
    yield paint("slowest", "dim")
    times = [duration(took) for _, took in view.slowest]
    space = max(map(len, times))
    for (name, _), time in zip(view.slowest, times, strict=True):
        yield f"  {time:>{space}}  {fit(clean(name), limit - space - 4)}"


def _waits(view: RunView, now: int, limit: int, paint: Paint) -> Iterator[str]:
    for wait in view.waits:
        since = f"since {ago(wait.since, now)}"
        left = "" if wait.until is None else f", for another {duration(max(wait.until - now, 0))}"
        yield paint("waits for", "warn") + f"  {clean(one_line(wait.question))}"
        for field in wait.fields:
            yield "  " + fit(clean(field), limit - 2)
        if wait.fault:
            yield "  " + paint(
                fit(f"the last answer was not accepted: {clean(wait.fault)}", limit - 2), "fail"
            )
        yield "  " + paint(since + left, "dim")
        yield "  " + paint(f"noria runs approve {shlex.quote(wait.name)}", "hint")


def _artifacts(view: RunView, limit: int, paint: Paint) -> Iterator[str]:
    if not view.artifacts:
        return
    yield paint("artifacts", "dim") + "  " + paint("noria artifact show NAME", "dim")
    names = [clean(item.reference) for item in view.artifacts]
    kinds = [clean(item.kind) for item in view.artifacts]
    name_space, kind_space = max(map(width, names)), max(map(width, kinds))
    for item, name, kind in zip(view.artifacts, names, kinds, strict=True):
        left = f"  {pad(name, name_space)}  {pad(kind, kind_space)}"
        room = max(limit - width(left) - 2, 0)
        yield f"{left}  {paint(fit(clean(item.summary), room), 'dim')}".rstrip()
    if view.more_artifacts:
        yield paint(f"  … and more: noria artifact ls --run {view.reference}", "dim")


def _next_steps(view: RunView, paint: Paint) -> Iterator[str]:
    yield paint("next", "dim")
    commands = _commands(view.run, view.reference)
    space = max(len(command) for command, _ in commands)
    for command, what in commands:
        yield f"  {command:<{space}}  {paint(what, 'dim')}"


def _commands(run: FlowRunRow, reference: str) -> Sequence[tuple[str, str]]:
    state = run.state
    if state is StateType.COMPLETED:
        return [(f"noria runs logs {reference}", "the log")]
    if state in TERMINAL_STATES:
        wrong = [(f"noria runs show {reference} --traceback", "what went wrong")]
        return [
            *(wrong if run.error else ()),
            (f"noria runs logs {reference}", "the log"),
            (f"noria runs resume {reference} --plan", "what would run again"),
            (f"noria runs resume {reference}", "go on where it stopped"),
        ]
    return [
        (f"noria runs logs {reference} -f", "follow the log"),
        (f"noria runs cancel {reference}", "stop it"),
    ]

"""`noria stats`: how long a task takes, how often it fails, and whether that changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Record, emit_object
from noria.cli.store import backend_of
from noria.cli.text import clean, pad, width
from noria.cli.timefmt import asked_since, iso
from noria.console.wording import duration, plural
from noria.core import clock
from noria.core.task_stats import Half, TaskStats

_SPARKS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_BAR = 40
_NOTEWORTHY = 0.1
"""Changes of the median by less than this part are not called faster or slower."""


@click.command()
@click.argument("task")
@click.option("--flow", help="Only calls in runs of this flow.")
@click.option(
    "--since", "since_text", metavar="TIME", help="Only calls since then: 7d, 2026-11-22."
)
@output_options
@pass_app
def stats(app: App, task: str, flow: str | None, since_text: str | None) -> None:
    """Show how long a task takes and how often it fails.

    TASK is the task's name. Calls that were cached did not run and count for
    nothing but their number.
    """
    backend = backend_of(app)
    start = asked_since(since_text, clock.now(), app.utc)
    found = backend.task_stats(task, flow, start)
    if found is None:
        raise _unknown(backend, task, narrowed=flow is not None or start is not None)
    if app.for_people:
        for line in _lines(app, task, found):
            app.say(line)
    else:
        emit_object(app, record(task, flow, found))


def record(task: str, flow: str | None, found: TaskStats) -> Record:
    """The statistics for programs: seconds, and times in ISO 8601."""
    return {
        "id": task,
        "task_name": task,
        "flow_name": flow,
        "count": found.executed,
        "failed": found.failed,
        "failure_rate": _rate(found.failed, found.executed),
        "cached": found.cached,
        "first_start": iso(found.first),
        "last_start": iso(found.last),
        "mean": _seconds(found.mean),
        "min": _seconds(found.shortest),
        "p50": _seconds(found.p50),
        "p95": _seconds(found.p95),
        "p99": _seconds(found.p99),
        "max": _seconds(found.longest),
        "trend": _trend_record(found.halves),
        "histogram": [
            {"from": _seconds(one.least), "below": _seconds(one.below), "count": one.calls}
            for one in found.histogram
        ],
    }


def _trend_record(halves: Sequence[Half]) -> Record | None:
    if not halves:
        return None
    earlier, later = halves
    return {
        "p50_before": _seconds(earlier.p50),
        "p50_after": _seconds(later.p50),
        "p50_change": change(earlier.p50, later.p50),
        "failure_rate_before": _rate(earlier.failed, earlier.calls),
        "failure_rate_after": _rate(later.failed, later.calls),
    }


def _lines(app: App, task: str, found: TaskStats) -> Iterator[str]:
    paint = app.paint
    facts = {"calls": _calls(found), "failed": _failed(found.failed, found.executed)}
    if found.timed:
        facts |= {
            "p50": _span(found.p50),
            "p95": _span(found.p95),
            "p99": _span(found.p99),
            "mean": f"{_span(found.mean)}, {_span(found.shortest)} to {_span(found.longest)}",
        }
    yield paint(clean(task), "bold")
    space = max(map(len, ("trend", *facts)))
    for key, value in facts.items():
        style = "fail" if key == "failed" and found.failed else ""
        yield f"  {paint(pad(key, space), 'dim')}  {paint(value, style)}"
    if found.halves:
        text, style = trend(*found.halves)
        yield f"  {paint(pad('trend', space), 'dim')}  {paint(text, style)}"
        yield f"  {' ' * space}  {paint(sparkline(found.course), 'run')}"
    if found.histogram:
        yield ""
        yield from _histogram(app, found)


def _calls(found: TaskStats) -> str:
    text = f"{found.executed:,}"
    return f"{text}, and {found.cached:,} cached" if found.cached else text


def _failed(failed: int, count: int) -> str:
    return f"{failed:,}, {_percent(failed, count)}" if failed else "none"


def _percent(part: int, whole: int) -> str:
    rate = _rate(part, whole)
    return "–" if rate is None else f"{rate:.1%}"


def trend(earlier: Half, later: Half) -> tuple[str, str]:
    """How the later half of the calls differs from the earlier one, and the style to say it in.

    Example:
        >>> trend(Half(10, 0, 1000), Half(10, 2, 2000))
        ('slower: p50 1 ms → 2 ms (+100%); failures 0.0% → 20.0%', 'warn')
    """
    changed = change(earlier.p50, later.p50)
    word, style = "steady", ""
    if changed is not None and abs(changed) >= _NOTEWORTHY:
        word, style = ("slower", "warn") if changed > 0 else ("faster", "ok")
    text = f"{word}: p50 {duration(earlier.p50)} → {duration(later.p50)}"
    if changed is not None:
        text += f" ({changed:+.0%})"
    if earlier.failed or later.failed:
        text += f"; failures {_percent(earlier.failed, earlier.calls)}"
        text += f" → {_percent(later.failed, later.calls)}"
    return text, style


def change(before: int, after: int) -> float | None:
    """By which part something grew; None where it was nothing."""
    return round(after / before - 1, 4) if before else None


def sparkline(values: Sequence[float]) -> str:
    """A bar for each value, the highest for the greatest.

    Example:
        >>> sparkline([0, 1, 2, 4])
        '▁▃▅█'
    """
    most = max(values, default=0) or 1
    return "".join(_SPARKS[round(value / most * (len(_SPARKS) - 1))] for value in values)


def _histogram(app: App, found: TaskStats) -> Iterator[str]:
    most = max(bucket.calls for bucket in found.histogram)
    names = [f"{duration(bucket.least)} –" for bucket in found.histogram]
    space = max(map(width, names))
    room = max(min(_BAR, app.columns - space - 14), 8)
    for name, bucket in zip(names, found.histogram, strict=True):
        drawn = pad(bar(bucket.calls / most, room), room)
        yield f"  {app.paint(pad(name, space, right=True), 'dim')}  {app.paint(drawn, 'run')}  " + (
            f"{bucket.calls:,}"
        )


def bar(part: float, room: int) -> str:
    """A bar as long as a part of the room; what is not nothing shows at least a little.

    Example:
        >>> bar(0.5, 4), bar(0.0001, 4), bar(0, 4)
        ('██', '▏', '')
    """
    eighths = max(round(part * room * 8), 1 if part else 0)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def _unknown(backend: Backend, task: str, narrowed: bool) -> CliError:
    known = backend.task_names()
    if task in known:
        return CliError(
            Code.UNKNOWN_TASK,
            f"there are no finished calls of {task}" + (" among these" if narrowed else ""),
            "" if narrowed else "its runs are still under way, or none came so far",
            "leave --flow and --since out" if narrowed else "",
        )
    return CliError(
        Code.UNKNOWN_TASK,
        f"there is no task {task}",
        did_you_mean(task, known),
        f"{plural(len(known), 'task')}: {', '.join(known[:10])}" + (" …" if len(known) > 10 else "")
        if known
        else "there are no tasks at all",
    )


def _span(micros: float | None) -> str:
    return "–" if micros is None else duration(round(micros))


def _seconds(micros: float | None) -> float | None:
    return None if micros is None else round(micros) / 1_000_000


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None

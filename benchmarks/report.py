"""The report: a table on a terminal, Markdown elsewhere, JSON when asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.machine import Machine
from benchmarks.model import UNITS, Figure, Kind, Outcome, Spread

COLUMNS = ("row", "measured", "Noria", "peer", "ratio", "goal", "met")
_VERDICTS = {True: ("yes", "green"), False: ("NO", "bold red"), None: ("", "")}


def show(found: Sequence[Outcome], console: Console, machine: Machine) -> None:
    """Print a table to a terminal, and Markdown to anything else."""
    if not console.is_terminal:
        print(markdown(found, machine))
        return
    table = Table(*COLUMNS, title=str(machine), title_justify="left", box=None, pad_edge=False)
    for one in found:
        *cells, verdict = cells_of(one)
        table.add_row(*cells, Text(verdict, _VERDICTS[one.met][1]))
    console.print(table)


def markdown(found: Sequence[Outcome], machine: Machine) -> str:
    """The report as a Markdown table."""
    lines = [str(machine), "", "| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(cells_of(one)) + " |" for one in found]
    return "\n".join(lines)


def cells_of(one: Outcome) -> tuple[str, ...]:
    """A line of the report, as texts in the order of `COLUMNS`."""
    figure = one.figure
    first = figure is one.row.figures[0]
    return (
        one.row.number if first else "",
        f"{one.row.title}: {figure.label}" if first else figure.label,
        _spread(one.ours, figure.unit) if one.ours else one.remark,
        _spread(one.theirs, figure.unit) if one.theirs else one.remark if figure.theirs else "",
        _ratio(one),
        goal(figure),
        _VERDICTS[one.met][0],
    )


def as_json(found: Sequence[Outcome], machine: Machine) -> str:
    """The report as JSON; times in seconds, sizes in bytes."""
    rows = [
        {
            "row": one.row.number,
            "title": one.row.title,
            "figure": one.figure.label,
            "unit": one.figure.unit,
            "noria": _as_dict(one.ours),
            "peer": one.figure.theirs.side if one.figure.theirs else None,
            "peer_figure": _as_dict(one.theirs),
            "ratio": _as_dict(one.ratio),
            "goal": goal(one.figure) or None,
            "met": one.met,
            "remark": one.remark or None,
        }
        for one in found
    ]
    return json.dumps({"machine": machine._asdict(), "rows": rows}, ensure_ascii=False, indent=2)


def goal(figure: Figure) -> str:
    """What is to be reached, in words."""
    if figure.goal is None:
        return ""
    bound = f"{figure.goal.bound:g}"
    if figure.goal.kind is Kind.AT_MOST:
        bound += f" {figure.unit}"
    peer = figure.theirs.side if figure.theirs else ""
    return figure.goal.kind.value.format(bound=bound, peer=peer)


def _ratio(one: Outcome) -> str:
    if one.ratio is None:
        return ""
    ratio, less = one.ratio, one.figure.goal is None or one.figure.goal.kind is Kind.TIMES_LESS
    if one.figure.goal is None and ratio.median < 1:
        ratio, less = Spread(1 / ratio.median, 1 / ratio.most, 1 / ratio.least, ratio.runs), False
    text = f"{_number(ratio.median)}×" + (" less" if less else "")
    return f"{text} ({_number(ratio.least)}..{_number(ratio.most)})" if ratio.runs > 1 else text


def _spread(spread: Spread, unit: str) -> str:
    scale = UNITS[unit]
    median, least, most = (_number(value / scale) for value in spread[:3])
    if spread.runs == 1:
        return f"{median} {unit}"
    return f"{median} {unit} ({least}..{most})"


def _number(value: float) -> str:
    """Three digits, or all of a larger number."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _as_dict(spread: Spread | None) -> dict[str, Any] | None:
    return None if spread is None else spread._asdict()

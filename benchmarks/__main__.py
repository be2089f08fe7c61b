"""Measure Noria against its budgets: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from benchmarks import (
    async_tasks,
    cli,
    dispatch,
    hello,
    imports,
    logs,
    memory,
    processes,
    report,
    resume,
    runner,
    subflow,
    submit,
    tasks,
    testing,
)
from benchmarks.bench import Bench, Options
from benchmarks.machine import describe

TOPICS = (
    tasks, submit, async_tasks, subflow, imports, hello, memory, logs, resume, cli, processes,
    testing,
)  # fmt: skip
ROWS = {topic.ROW.number: topic.ROW for topic in TOPICS}
ROWS |= {row.number: row for row in (dispatch.ASKED, dispatch.DUE, dispatch.MANY)}


def options_of(arguments: Sequence[str]) -> tuple[Options, str]:
    """The options, and the form of the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="ROWS", default="", help="such as E1,E5; all if left out")
    parser.add_argument(
        "--repeat", type=int, default=5, metavar="N", help="repetitions, 5 if left out"
    )
    parser.add_argument("--small", action="store_true", help="a tenth of the size, once: a trial")
    parser.add_argument("--no-peers", action="store_true", help="without Prefect and DBOS")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache" / "noria-benchmarks",
        help="where the peers are installed",
    )
    parser.add_argument("-o", dest="form", choices=("table", "json"), default="table")
    given = parser.parse_args(arguments)
    only = tuple(name.strip().upper() for name in given.only.split(",") if name.strip())
    unknown = sorted(set(only) - set(ROWS))
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if given.repeat < 1:
        parser.error(f"--repeat must be 1 or more, not {given.repeat}")
    repeat = 1 if given.small else given.repeat
    cache = given.cache.expanduser().absolute()
    return Options(only, repeat, given.small, not given.no_peers, cache), given.form


def main(arguments: Sequence[str]) -> int:
    """Measure and report.

    Returns:
        0; 1 if something could not be measured. A goal that is not met is no failure.
    """
    options, form = options_of(arguments)
    found = []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="noria-bench-")))
        bench = Bench(options, scratch, stack)
        for number in options.only or ROWS:
            found += runner.measure(bench, ROWS[number])
    machine = describe()
    if form == "json":
        print(report.as_json(found, machine))
    else:
        report.show(found, Console(), machine)
    failures = {one.remark for one in found if one.remark and one.ours is None}
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The demo: a pipeline over real data is run, is killed half-way, and goes on.

    python examples/flights/demo.py [--months 1,2,3] [--folder .demo]

It may be repeated: its folder is made anew each time. It ends with exit code 1 if anything is
not as it says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.markup import escape

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = "examples/flights/pipeline.py"

#: The run is killed when half of the months have begun to be summed up, and one more begins.
KILL_STEP = "summarise "
#: At the kill each of the two workers has a step in hand, and the few that ended in the last
#: milliseconds are not recorded yet.
MOST_LOST = 6
#: The steps write the name of each that begins to the file or pipe that this variable names.
PROGRESS = "FLIGHTS_PROGRESS"
#: Large files between the steps, of no use once the demo has ended.
SCRATCH = ("raw", "valid", "rejects", "clean", "enriched")

console = Console(highlight=False, soft_wrap=True)

#: What a table holds: number of rows, and a checksum over all of them.
Content = dict[str, tuple[int, str]]


class BrokenPromiseError(Exception):
    """Something that the demo says did not happen; the message says what."""


def main() -> int:
    """Run the demo.

    Returns:
        0 if all went as promised, else 1.
    """
    parser = argparse.ArgumentParser(description="A run, a kill, a resume.")
    parser.add_argument("--months", default="", help="some months, such as 1,2,3; all if left out")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="made anew")
    options = parser.parse_args()
    months = [int(month) for month in options.months.split(",") if month] or list(range(1, 13))
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["NORIA_HOME"] = str(folder / "noria")
    try:
        introduce(folder, months)
        whole = run_whole(folder / "whole", months)
        begun = run_killed(folder / "killed", months)
        resume(folder / "killed", begun, completed=inspect())
        compare(folder / "whole", folder / "killed", len(whole))
    except BrokenPromiseError as error:
        console.print(f"\n[bold red]✗ Not as promised:[/] {escape(str(error))}")
        return 1
    conclude(folder)
    return 0


def introduce(folder: Path, months: Sequence[int]) -> None:
    """Say what will be shown."""
    console.rule("[bold]Noria, over the flights from New York City in 2013", align="left")
    console.print(f"months      {', '.join(map(str, months))}")
    console.print(f"NORIA_HOME  {os.environ['NORIA_HOME']}")


def run_whole(workdir: Path, months: Sequence[int]) -> list[str]:
    """Run the pipeline to its end and show the head of its report.

    Returns:
        The steps that ran.
    """
    heading(
        "1  The whole pipeline",
        "extract → validate → clean → enrich → aggregate → load → report, month by month.",
        "The weather service fails twice on purpose: watch the retries.",
    )
    steps = workdir.with_suffix(".steps")
    noria("run", PIPELINE, *parameters(workdir, months), progress=steps)
    report = (workdir / "report.md").read_text(encoding="utf-8").splitlines()
    say("The head of the report:")
    for line in report[:18]:
        console.print(f"  {line}", markup=False)
    return read_steps(steps)


def run_killed(workdir: Path, months: Sequence[int]) -> list[str]:
    """Run the pipeline again and kill its process half-way.

    Returns:
        The steps that had begun.
    """
    heading(
        "2  The same again, killed half-way",
        "A new run over its own folder, computing anew what the cache knows (refresh=true).",
        "It gets SIGKILL: no handler, no goodbye.",
    )
    receiver, sender = os.pipe()
    arguments = ["run", PIPELINE, *parameters(workdir, months), "-p", "refresh=true"]
    show_command(arguments)
    with subprocess.Popen(
        command(arguments), cwd=ROOT, env=environment(f"/dev/fd/{sender}"), pass_fds=[sender]
    ) as process:
        os.close(sender)
        begun = kill_half_way(process, receiver, enough=len(months) // 2 + 1)
    console.show_cursor()  # hidden by the progress bars that could not tidy up
    if process.returncode != -signal.SIGKILL:
        raise BrokenPromiseError(
            f"the run should have been killed half-way, but ended by itself with exit code "
            f"{process.returncode} after {len(begun)} steps"
        )
    say(f"Killed when it began “{begun[-1]}”, with {len(begun)} steps begun.")
    return begun


def kill_half_way(process: subprocess.Popen[bytes], receiver: int, enough: int) -> list[str]:
    """Read the names of the steps as they begin, and kill the process at the chosen one.

    Returns:
        All steps that began.
    """
    begun: list[str] = []
    summed = 0
    with open(receiver, encoding="utf-8") as lines:
        for line in lines:  # waits for the next line, and ends with the process
            begun.append(line.rstrip("\n"))
            summed += line.startswith(KILL_STEP)
            if summed == enough and line.startswith(KILL_STEP):
                process.kill()
    return begun


def inspect() -> set[str]:
    """Show what the kill left.

    Returns:
        Names of the tasks that Noria has on record as completed.
    """
    noria("runs", "ls", *table())
    run = json.loads(noria_output("runs", "show", "@last", "-o", "json"))
    if run["state_type"] != "CRASHED" or not run["state_message"]:
        raise BrokenPromiseError(
            f"the killed run should be CRASHED with a reason, but is {run['state_type']}, "
            f"reason: {run['state_message']}"
        )
    say(escape(f"{run['name']}: {run['state_name']}, {run['state_message']}"))
    tasks = json.loads(noria_output("runs", "show", "@last", "--tasks", "-o", "json"))
    return {task["name"] for task in tasks if task["state_type"] == "COMPLETED"}


def resume(workdir: Path, begun: Sequence[str], completed: set[str]) -> None:
    """Resume the run, and check that nothing completed ran a second time."""
    heading(
        "3  Resumed",
        "First the plan, without running anything. Then the run goes on where it was killed.",
    )
    noria("runs", "resume", "@last", "--plan", *table())
    steps = workdir.with_suffix(".steps")
    noria("runs", "resume", "@last", progress=steps)
    noria("runs", "show", "@last", *table())

    resumed = set(read_steps(steps))
    twice, lost = resumed & completed, resumed & set(begun) - completed
    if not completed or twice:
        raise BrokenPromiseError(
            f"none of the {len(completed)} tasks completed before the kill should have run again, "
            f"but {len(twice)} did, such as {', '.join(sorted(twice)[:5])}"
        )
    if len(lost) > MOST_LOST:
        raise BrokenPromiseError(
            f"at most {MOST_LOST} of the steps begun before the kill should have been lost with "
            f"it, but {len(lost)} were, such as {', '.join(sorted(lost)[:5])}"
        )
    say(
        f"{len(completed)} tasks had completed before the kill: [bold]none of them ran again[/]. "
        f"Interrupted by it, and so begun again: {', '.join(sorted(lost)) or 'none'}."
    )


def compare(whole: Path, killed: Path, steps: int) -> None:
    """Check that the resumed run left the same database and report as the uninterrupted one."""
    heading("4  The same result?", "Row by row: the uninterrupted run and the resumed one.")
    expected, found = content(whole / "flights.db"), content(killed / "flights.db")
    width = max(map(len, expected))
    for table, (rows, checksum) in expected.items():
        same = found.get(table) == (rows, checksum)
        mark = "[green]✓[/]" if same else "[red]✗[/]"
        console.print(f"  {mark} {table:<{width}} {rows:>9,} rows  sha256 {checksum[:12]}")
    if found != expected:
        raise BrokenPromiseError(f"the databases in {whole} and {killed} differ")
    reports = [(folder / "report.md").read_bytes() for folder in (whole, killed)]
    if reports[0] != reports[1]:
        raise BrokenPromiseError(f"the reports in {whole} and {killed} differ")
    say(f"Equal, and so are the reports. {steps} steps, one kill, nothing lost.")


def conclude(folder: Path) -> None:
    """Clear away what is large, and say what is left to look at."""
    for run in ("whole", "killed"):
        for name in SCRATCH:
            shutil.rmtree(folder / run / name, ignore_errors=True)
    console.rule(align="left")
    console.print(f"The report    {folder / 'whole' / 'report.md'}")
    console.print(f"The database  {folder / 'whole' / 'flights.db'}")
    console.print(
        f"Look around   NORIA_HOME={folder / 'noria'} {command(['runs', 'ls'])[0]} runs ls"
    )


def parameters(workdir: Path, months: Sequence[int]) -> list[str]:
    """Spell the parameters of the flow for the command line."""
    wanted = json.dumps(list(months), separators=(",", ":"))
    return ["-p", f"workdir={workdir}", *([] if len(months) == 12 else ["-p", f"months={wanted}"])]


def command(arguments: Sequence[str]) -> list[str]:
    """Spell a noria command so that it runs with this Python.

    Raises:
        BrokenPromiseError: Noria is not installed beside it.
    """
    place = Path(sys.executable).parent
    executable = shutil.which("noria", path=str(place))
    if executable is None:
        raise BrokenPromiseError(f"there is no command noria in {place}; start with: make demo")
    return [executable, *arguments]


def table() -> list[str]:
    """Ask for tables where the output is kept rather than read: there the default is data."""
    return [] if console.is_terminal else ["-o", "table"]


def environment(progress: str) -> dict[str, str]:
    """The environment of a child that names its steps to `progress`."""
    return os.environ | {PROGRESS: progress}


def noria(*arguments: str, progress: Path | None = None) -> None:
    """Run a noria command in the open.

    Raises:
        BrokenPromiseError: It did not end well.
    """
    show_command(arguments)
    done = subprocess.run(
        command(arguments), cwd=ROOT, env=environment(str(progress or "")), check=False
    )
    if done.returncode != 0:
        raise BrokenPromiseError(f"noria {shlex.join(arguments)} ended with code {done.returncode}")


def noria_output(*arguments: str) -> str:
    """Run a noria command in silence and return what it prints.

    Raises:
        BrokenPromiseError: It did not end well.
    """
    done = subprocess.run(
        command(arguments), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise BrokenPromiseError(f"noria {shlex.join(arguments)} ended with code {done.returncode}")
    return done.stdout


def content(database: Path) -> Content:
    """Count the rows of each table of a SQLite file, and make a checksum over them.

    Args:
        database: The file.

    Returns:
        Rows and checksum by table; equal for equal content, however it got there.
    """
    tables: Content = {}
    with closing(sqlite3.connect(database)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
        for (name,) in names.fetchall():
            rows = sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))  # noqa: S608
            digest = hashlib.sha256("\n".join(rows).encode())
            tables[name] = (len(rows), digest.hexdigest())
    return tables


def read_steps(path: Path) -> list[str]:
    """Read the names of the steps that ran."""
    return path.read_text(encoding="utf-8").splitlines()


def heading(title: str, *lines: str) -> None:
    """Begin a part of the demo."""
    console.print()
    console.rule(f"[bold]{title}", align="left")
    for line in lines:
        console.print(line, style="dim")


def say(words: str) -> None:
    """Say one thing."""
    console.print(f"\n[bold cyan]▸[/] {words}")


def show_command(arguments: Sequence[str]) -> None:
    """Show a command as a person would type it."""
    short = shlex.join(arguments).replace(f"{ROOT}/", "")
    console.print(f"\n[bold green]$[/] noria {escape(short)}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

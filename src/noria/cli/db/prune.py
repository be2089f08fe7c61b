"""`noria db prune`: delete runs whose time is over."""

from __future__ import annotations

import sys

import click

from noria.backend.port import Backend
from noria.backend.retention import run_all
from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.output import emit_object
from noria.cli.store import backend_of, results
from noria.cli.text import bytes_text
from noria.console.wording import plural
from noria.core import clock
from noria.core.errors import ConfigurationError
from noria.core.retention import NAMES, Removed, Rules, age_text, state_of
from noria.core.spans import parse_span


@click.command()
@click.option("--older-than", metavar="SPAN", help="Than this since they ended: 30d, 12h, 1d12h.")
@click.option("--state", metavar="STATES", help="Only these: completed,failed,cancelled,crashed.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def prune(app: App, older_than: str | None, state: str | None, dry_run: bool, yes: bool) -> None:
    """Delete runs that ended long ago, and all they recorded.

    How long ago is for NORIA_RETENTION to say by state, or for --older-than for all states. The
    runs that they called go with them, their logs and artifacts, and result files that nothing else
    refers to. What has not ended stays. Others can use the store meanwhile.
    """
    rules = _rules(app, older_than, state)
    backend = backend_of(app)
    now = clock.now()
    expected = _expected(app, backend, rules, now)
    if not dry_run and not yes and expected.runs:
        _confirm(expected)
    before = backend.info()
    removed = expected
    if not dry_run:
        # With the care of `noria db vacuum`: a file that was just written stays.
        removed = run_all(backend, rules, results(app), now, grace=0)
    after = backend.info()
    if app.for_people:
        _tell(app, removed, dry_run)
        if after.size < before.size:
            app.say(f"store    {bytes_text(before.size)} -> {bytes_text(after.size)}")
        return
    emit_object(
        app,
        {
            "id": after.location,
            "dry_run": dry_run,
            "retention": {name: age_text(rules.get(kind)) for name, kind in NAMES.items()},
            "runs": removed.runs,
            "task_runs": removed.task_runs,
            "log_lines": removed.log_lines,
            "result_files": removed.result_files,
            "result_bytes": removed.result_bytes,
            "size_before": before.size,
            "size": after.size,
        },
    )


def _rules(app: App, older_than: str | None, state: str | None) -> Rules:
    rules = app.settings.retention_rules
    if older_than is not None:
        age = parse_span(older_than)
        if age is None:
            raise CliError(
                Code.USAGE,
                f"--older-than {older_than} is no span of time",
                "expected how long ago runs ended, such as 30d, 12h or 1d12h",
            )
        rules = dict.fromkeys(NAMES.values(), age)
    if state is None:
        return rules
    try:
        asked = {state_of(name, "--state") for name in state.split(",")}
    except ConfigurationError as error:
        raise CliError(Code.USAGE, str(error)) from None
    return {kind: age for kind, age in rules.items() if kind in asked}


def _expected(app: App, backend: Backend, rules: Rules, now: int) -> Removed:
    keeper = results(app)
    files = [
        size
        for reference, size in backend.retainable_results(rules, now)
        if keeper.is_own(reference)
    ]
    counted = backend.retainable(rules, now)
    return counted._replace(result_files=len(files), result_bytes=sum(files))


def _what(removed: Removed) -> str:
    parts = [
        plural(removed.runs, "run"),
        plural(removed.task_runs, "task run"),
        plural(removed.log_lines, "log line"),
    ]
    return f"{', '.join(parts)} and {plural(removed.result_files, 'result file')}"


def _tell(app: App, removed: Removed, dry_run: bool) -> None:
    verb = "would go" if dry_run else "removed"
    app.say(f"{_what(removed)} ({bytes_text(removed.result_bytes)}) {verb}")


def _confirm(expected: Removed) -> None:
    if not sys.stdin.isatty():
        raise CliError(
            Code.CONFIRM,
            f"will not delete {_what(expected)} without being sure",
            "there is no terminal to ask on",
            "say so with --yes, or look first with --dry-run",
        )
    click.confirm(f"Delete {_what(expected)}?", abort=True, err=True)

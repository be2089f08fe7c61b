"""`noria deploy`: bring the store to what a file says, and show what that changes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code, Exit
from noria.cli.output import Column, Listing, Record, dump, emit
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.console.wording import plural
from noria.core import clock
from noria.core.deployments import Action, Change, DeploymentSpec, ScheduleSpec, Step
from noria.core.errors import DeploymentError
from noria.core.schedules import rules
from noria.deployments.project import FILES, read_project

_SIGNS = {Action.ADD: "+", Action.CHANGE: "~", Action.REMOVE: "-", Action.KEEP: "="}
_STYLES = {Action.ADD: "ok", Action.CHANGE: "warn", Action.REMOVE: "fail", Action.KEEP: "dim"}


@click.command()
@click.option("--file", "-f", "path", help="The file; noria.yaml by default.")
@click.option("--name", "-n", "names", multiple=True, help="Only this deployment; repeatable.")
@click.option("--all", "everything", is_flag=True, help="All of the file, as by default.")
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if something differs.")
@click.option("--prune", is_flag=True, help="Remove deployments that the file has no more.")
@output_options
@pass_app
def deploy(
    app: App,
    path: str | None,
    names: tuple[str, ...],
    everything: bool,
    check: bool,
    prune: bool,
) -> None:
    """Deploy what a file says.

    What is added, changed field by field, and removed is shown first; then all of it is done, or
    nothing.
    """
    if names and (everything or prune):
        raise CliError(
            Code.USAGE,
            "--name deploys some of the file, --all and --prune mean the whole of it",
            "",
            "leave one of them out",
        )
    try:
        wanted = [each.spec() for each in read_project(path or _file(), names)]
    except DeploymentError as error:
        raise CliError(Code.USAGE, str(error), "", "see docs/deployments.md") from None
    backend = backend_of(app)
    if check:
        steps = backend.plan_deployments(wanted, prune)
    else:
        steps = backend.apply_deployments(wanted, clock.now(), prune)
    _show(app, steps, check)
    if not names and not prune:
        _say_what_is_left(app, backend, wanted)
    if check and any(step.action is not Action.KEEP for step in steps):
        raise click.exceptions.Exit(Exit.RUN_FAILED)


def apply_file(app: App) -> None:
    """Deploy all of the file in this folder, and say what that changes."""
    try:
        wanted = [each.spec() for each in read_project(_file())]
    except DeploymentError as error:
        raise CliError(Code.USAGE, str(error), "", "see docs/deployments.md") from None
    _show(app, backend_of(app).apply_deployments(wanted, clock.now(), False), False)


def _file() -> str:
    for name in FILES:
        if os.path.exists(name):
            return name
    raise CliError(
        Code.NO_SUCH_FILE,
        f"there is no {FILES[0]} here",
        f"looked for {' and '.join(FILES)} in {os.getcwd()}",
        "name the file with --file",
    )


def _show(app: App, steps: Sequence[Step], check: bool) -> None:
    if not app.for_people:
        emit(app, Listing(steps, _record, [Column("action"), Column("id"), Column("fields")]))
        return
    for step in steps:
        sign = app.paint(f"{_SIGNS[step.action]} {step.action:<6}", _STYLES[step.action])
        app.say(f"{sign}  {clean(step.full_name)}")
        for change in step.changes:
            before, after = map(clean, _shown(change))
            app.say(f"            {change.field}: {before} → {after}")
    changed = [step for step in steps if step.action is not Action.KEEP]
    if not changed:
        app.note("Nothing differs." if check else "Nothing to do.")
    elif check:
        app.note(f"{plural(len(changed), 'deployment')} would change; noria deploy does it.")


def _say_what_is_left(app: App, backend: Backend, wanted: Sequence[DeploymentSpec]) -> None:
    """What has another name now would go on running under the old one, too."""
    for step in backend.plan_deployments(wanted, prune=True):
        if step.action is Action.REMOVE:
            name = clean(step.full_name)
            app.note(
                f"{name} is of this folder, and not in the file: noria deploy --prune removes it."
            )


def _record(step: Step) -> Record:
    return {
        "id": step.full_name,
        "action": step.action.value,
        "fields": [change.field for change in step.changes],
        "changes": [
            {"field": each.field, "before": _plain(each.before), "after": _plain(each.after)}
            for each in step.changes
        ],
    }


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each._asdict() if hasattr(each, "_asdict") else each) for each in value]
    return value


def _shown(change: Change) -> tuple[str, str]:
    """Before and after; of schedules the words, unless these are the same."""
    if change.field == "schedules":
        before, after = (_schedules(each) for each in (change.before, change.after))
        if before != after:
            return before, after
    return _text(change.before), _text(change.after)


def _schedules(specs: Sequence[ScheduleSpec]) -> str:
    found = []
    for each in specs:
        text = rules.words(rules.from_record(each.rule))
        name = "" if each.slug == text else f"{each.slug}: "
        rest = "" if each.active else " (inactive)"
        given = f" {dump(dict(each.parameters))}" if each.parameters else ""
        found.append(f"{name}{text}{rest}{given}")
    return "; ".join(found) or "none"


def _text(value: object) -> str:
    found = _plain(value)
    text = found if isinstance(found, str) else dump(found)
    return text if len(text) <= 60 else text[:59] + "…"
